//! The history of a plan's numbers.

use contract::{
    Cursor, Timestamp,
    ids::{LinkId, MembershipId},
    ledger::{self, GetLedger},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer,
    bearer::Within,
    body::Given,
    ok,
    plans::Seats,
    query::{self, Query},
    refusals::Reading,
    schema, texts,
};

/// A change of a plan's numbers; summed up from the first they are the plan.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LedgerEntry {
    /// 1, 2, 3… in each plan.
    entry: u64,
    /// When.
    #[schema(value_type = schema::Instant)]
    at: Timestamp,
    /// What happened: purchase, assign, hold, wait, settle, return, promote, revoke, reassign, erase.
    change: String,
    /// To whom.
    #[schema(value_type = Option<schema::UserId>, required)]
    user_id: Option<MembershipId>,
    /// Through which link they came.
    #[schema(value_type = Option<schema::LinkId>, required)]
    link_id: Option<LinkId>,
    /// By how much the purchased seats changed.
    purchased: i64,
    /// By how much the held seats changed.
    held: i64,
    /// By how much the assigned seats changed.
    assigned: i64,
    /// By how much the queue changed.
    waiting: i64,
    /// Who did it, as the audit trail names them.
    actor: String,
    /// The request in which it happened.
    request_id: String,
}

/// The ledger of a plan, and what it adds up to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ledger {
    /// At which instant.
    #[schema(value_type = schema::Instant)]
    at: Timestamp,
    /// How the seats stood then.
    seats: Seats,
    /// How many waited then.
    waiting: u64,
    /// What had happened by then, the newest first.
    items: Vec<LedgerEntry>,
    /// The `cursor` of the next page; null on the last one.
    #[schema(value_type = Option<schema::Cursor>, required)]
    next_cursor: Option<Cursor>,
}

impl From<ledger::LedgerEntry> for LedgerEntry {
    fn from(entry: ledger::LedgerEntry) -> Self {
        Self {
            entry: entry.entry,
            at: entry.at,
            change: entry.change,
            user_id: entry.membership_id,
            link_id: entry.link_id,
            purchased: entry.purchased,
            held: entry.held,
            assigned: entry.assigned,
            waiting: entry.waiting,
            actor: entry.actor,
            request_id: entry.request_id,
        }
    }
}

/// Which instant, which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Instant {
    /// As it stood then; now, unless said.
    #[serde(default)]
    #[param(value_type = Option<schema::Instant>)]
    at: Given<String>,
    /// The `next_cursor` of the page before; none for the first page.
    #[serde(default)]
    #[param(value_type = Option<schema::Cursor>)]
    cursor: Given<String>,
    /// How many rows; 50 unless said.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Given<String>,
}

/// How the plan's seats stood at an instant, and everything that had happened to them by then.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/plans/{plan}/ledger", tag = "Ledger",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("plan" = schema::PlanId, Path),
        Instant,
    ),
    responses((status = 200, description = "The ledger.", body = Ledger), Reading),
)]
pub(super) async fn show(at: Within, query: Query<Instant>) -> Answer {
    let plan_id = at.id("plan")?;
    let (instant, mut form) = query.open()?;
    let get = GetLedger {
        organisation: at.organisation,
        plan_id,
        at: form
            .field("at", instant.at)
            .parse(texts::instant)
            .optional(),
        page: query::page(&mut form, instant.cursor, instant.limit),
    };
    let get = form.finish(|| Some(get))?;
    let ledger = at.call(&get).await?;
    Ok(ok(&Ledger {
        at: ledger.at,
        seats: Seats::from(ledger.seats),
        waiting: ledger.waiting,
        items: ledger
            .entries
            .items
            .into_iter()
            .map(LedgerEntry::from)
            .collect(),
        next_cursor: ledger.entries.next_cursor,
    }))
}
