//! The waiting list: whoever waits is promoted in order, in the transaction that frees the seat.

use std::collections::BTreeMap;

use contract::{
    EmailAddress, Problem, Timestamp,
    events::Event,
    ids::{AccountId, LinkId, MembershipId, OrganisationId, PlanId},
    seats::{Status, domains_needed},
};
use serde::Serialize;
use serde_json::json;
use store::{Row, StoreError, Tx};

use crate::{
    admit::use_links,
    books::{Books, Change, PlanBook, must_be},
    decide,
    load::{self, PersonState},
    offers, sql,
};

/// A membership that moves on.
#[derive(Clone, Debug)]
pub(crate) struct Mover {
    pub(crate) id: MembershipId,
    pub(crate) organisation: OrganisationId,
    pub(crate) account: AccountId,
    pub(crate) plan: PlanId,
    pub(crate) link: Option<LinkId>,
    pub(crate) status: Status,
    pub(crate) proved_at: Option<Timestamp>,
    /// Whether the link they came through lets their address in: asked until they have a seat.
    pub(crate) is_let_in: bool,
}

impl Mover {
    /// Whether a seat that hangs on a proof is theirs by now. Whoever has it already keeps it with any
    /// address; one that is only held goes to no other than the link lets in.
    pub(crate) fn is_theirs(&self) -> bool {
        self.proved_at.is_some() && (self.status != Status::Held || self.is_let_in)
    }
}

/// Reads the columns that `UNSETTLED`, `DUE`, `QUEUE` and `PLACES` have in common.
pub(crate) fn mover(row: &Row) -> Result<Mover, StoreError> {
    // A membership without a link came through none that names domains.
    let allowed = match row.get::<Option<String>>("allowed_domains")? {
        Some(_) => row.json("allowed_domains")?,
        None => Vec::new(),
    };
    let email = EmailAddress::parse(&row.get::<String>("email_key")?).ok();
    let domain = email.map(|email| email.domain());
    let needed = domains_needed(allowed, row.get("let_in_domain")?, domain.as_ref());
    Ok(Mover {
        id: row.get("id")?,
        organisation: row.get("organisation_id")?,
        account: row.get("account_id")?,
        plan: row.get("plan_id")?,
        link: row.get("link_id")?,
        status: load::status(row)?,
        proved_at: row.get("proved_at")?,
        is_let_in: needed.is_empty(),
    })
}

/// Where a membership moves to.
#[derive(Serialize)]
pub(crate) struct Move {
    pub(crate) id: MembershipId,
    pub(crate) status: &'static str,
    pub(crate) redeemed_at: Option<i64>,
    pub(crate) proof_due_at: Option<i64>,
    pub(crate) revoked_at: Option<i64>,
}

/// Writes moves.
pub(crate) async fn write_moves(tx: &mut Tx, moves: &[Move]) -> Result<(), Problem> {
    if moves.is_empty() {
        return Ok(());
    }
    let changed = sql::MOVE_MEMBERSHIPS.bind_rows(moves).execute(tx).await?;
    must_be(changed, moves.len(), "memberships")?;
    sql::FOLLOW_MEMBERSHIPS.bind_rows(moves).execute(tx).await?;
    Ok(())
}

/// The most people that one transaction promotes; the sweeper goes on where this stops.
const MOST: i64 = 500;

/// Gives free seats of a plan to whoever waits for them, in order, and answers how many.
///
/// Somebody whose link has no use left, or does not let the address in that they have by now, is
/// passed over and keeps the place: a link never gives more seats than it may, nor others. An invite
/// is no use of its link. The histories must be locked.
pub(crate) async fn promote(
    tx: &mut Tx,
    books: &mut Books,
    plan_id: PlanId,
) -> Result<usize, Problem> {
    let stamp = tx.stamp().clone();
    let now = stamp.now;
    let is_open = |books: &Books| {
        books
            .plan(plan_id)
            .is_some_and(|plan| plan.free() > 0 && plan.waiting > 0 && !plan.has_ended(now))
    };
    let mut promoted = 0;
    while is_open(books) && promoted < usize::try_from(MOST).unwrap_or(0) {
        let free = books.plan(plan_id).map_or(0, PlanBook::free).min(MOST);
        let queue = sql::QUEUE.bind(plan_id).bind(free);
        let rows = queue.fetch_all(tx).await?;
        let mut waiting = Vec::with_capacity(rows.len());
        for row in &rows {
            let is_use = row.get::<String>("door")? == "link";
            waiting.push((mover(row)?, row.get::<String>("email_key")?, is_use));
        }
        let ids = waiting.iter().filter_map(|(mover, ..)| mover.link);
        let mut links = load::links(tx, ids).await?;
        let uses_before: BTreeMap<_, _> = links.iter().map(|(id, link)| (*id, link.uses)).collect();
        let mut moves = Vec::new();
        for (mover, email_key, is_use) in waiting {
            let Some((link_id, link)) = mover.link.and_then(|id| Some((id, links.get_mut(&id)?)))
            else {
                continue;
            };
            // Used up by somebody before them in this very page.
            if !mover.is_let_in || is_use && link.is_used_up() {
                continue;
            }
            link.uses += i64::from(is_use);
            let email = EmailAddress::parse(&email_key).ok();
            let person = PersonState {
                email_key,
                domain: email.map(|email| email.domain()),
                proved_at: mover.proved_at,
                membership: None,
            };
            let (status, change) = if decide::must_prove_first(link, &person) {
                (Status::Held, Change::PromoteToHeld)
            } else {
                (Status::Assigned, Change::PromoteToAssigned)
            };
            let due = decide::due(link, &person, status, now);
            let used = is_use.then_some(link_id);
            books.enter(plan_id, change, Some((mover.id, used)), &stamp);
            moves.push(Move {
                id: mover.id,
                status: status.name(),
                redeemed_at: (status == Status::Assigned).then_some(now.micros()),
                proof_due_at: due.map(Timestamp::micros),
                revoked_at: None,
            });
            let (membership_id, account_id) = (mover.id, mover.account);
            tx.publish(
                mover.organisation,
                if status == Status::Held {
                    Event::SeatHeld {
                        membership_id,
                        account_id,
                        plan_id,
                        link_id: mover.link,
                    }
                } else {
                    Event::SeatAssigned {
                        membership_id,
                        account_id,
                        plan_id,
                        link_id: mover.link,
                    }
                },
            );
            let change = json!({ "status": { "from": Status::Waiting, "to": status } });
            tx.audit(mover.organisation, "seat.promote", mover.id, change);
        }
        if moves.is_empty() {
            break;
        }
        write_moves(tx, &moves).await?;
        offers::note(tx, promoted, moves.iter().map(|one| one.id)).await?;
        promoted += moves.len();
        use_links(tx, &uses_before, &links).await?;
    }
    Ok(promoted)
}
