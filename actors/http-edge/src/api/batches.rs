//! Batches of e-mail invites.

use std::collections::BTreeMap;

use contract::{
    Timestamp,
    batches::{
        self, GetBatch, Limit, ListBatchRows, ListBatches, PauseReason, Source, Steer, SteerBatch,
    },
    ids::{BatchId, InviteId, LinkId},
    invites::InviteState,
    text::Name,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Answer, List,
    bearer::Within,
    body::Given,
    invites::{InviteStateName, state},
    ok,
    query::{Paging, Query, page},
    refusals::{Reading, Writing},
    schema,
    texts::Reason,
};
use crate::invites;

/// The longest reason.
const REASON_MOST: usize = 50;

/// Many invites, handed in together.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Batch {
    #[schema(value_type = schema::BatchId)]
    id: BatchId,
    /// The access link whose plan and tags the invites have.
    #[schema(value_type = schema::LinkId)]
    link_id: LinkId,
    /// What that link is called.
    #[schema(value_type = schema::Name)]
    link_name: Name,
    /// How the addresses were handed in.
    #[schema(value_type = SourceName)]
    source: Source,
    /// Who the mail says invites.
    #[schema(value_type = Option<schema::Name>, required)]
    inviter: Option<Name>,
    #[schema(value_type = schema::Instant)]
    created_at: Timestamp,
    /// When it was sent; a draft until then.
    #[schema(value_type = Option<schema::Instant>, required)]
    sent_at: Option<Timestamp>,
    /// Since when it rests.
    #[schema(value_type = Option<schema::Instant>, required)]
    paused_at: Option<Timestamp>,
    /// Why it rests.
    #[schema(value_type = Option<PauseReasonName>, required)]
    pause_reason: Option<PauseReason>,
    /// Where it rests by itself: what was said most often of its mails until then, what it rests for
    /// first; at most three.
    pause_replies: Vec<Said>,
    #[schema(value_type = Option<schema::Instant>, required)]
    cancelled_at: Option<Timestamp>,
    /// When nothing was left to be sent.
    #[schema(value_type = Option<schema::Instant>, required)]
    finished_at: Option<Timestamp>,
    /// How many rows were handed in: the sum of `states` and `refused`.
    given: u64,
    /// Rows that were taken, by where their mail stands.
    #[schema(value_type = BTreeMap<String, u64>)]
    states: BTreeMap<InviteState, u64>,
    /// How many of those that are `unknown` are tried once more: of the others nothing is left to be
    /// done.
    to_repeat: u64,
    /// Rows that were not taken, by reason.
    refused: BTreeMap<String, u64>,
    /// How many people accepted.
    accepted: u64,
    /// How many people declined and have not accepted since.
    declined: u64,
    /// How many more may still take a seat than seats are free now.
    exceeds_free_seats_by: u64,
    /// How fast it goes, while it goes; null for a draft and when it is over.
    #[schema(required)]
    pace: Option<Pace>,
}

/// How fast a batch goes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchPace)]
pub(super) struct Pace {
    /// Mails of this batch that were settled in the last minute.
    last_minute: u64,
    /// Seconds until the rest is settled, at the pace of that minute; null while nothing goes, and while
    /// the relay asks for fewer mails: how fast it goes changes by the minute then.
    #[schema(required)]
    seconds_left: Option<u64>,
    /// What holds it back at this moment; null: nothing does.
    #[schema(value_type = Option<LimitName>, required)]
    limited_by: Option<Limit>,
    /// The same as a sentence.
    #[schema(required)]
    limited_by_detail: Option<String>,
}

/// What holds a batch back.
#[derive(Debug, ToSchema)]
#[schema(as = BatchLimit, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum LimitName {
    Paused,
    RelayAway,
    RelayBusy,
    RelayDay,
    NoCourier,
    OrganisationRate,
    RecipientDomain,
    RelayRate,
    Connections,
    Retries,
}

impl From<batches::Pace> for Pace {
    fn from(pace: batches::Pace) -> Self {
        Self {
            last_minute: pace.last_minute,
            seconds_left: pace.seconds_left,
            limited_by: pace.limit,
            limited_by_detail: pace.limited_by,
        }
    }
}

/// How addresses were handed in.
#[derive(Debug, ToSchema)]
#[schema(as = BatchSource, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum SourceName {
    Paste,
    File,
}

/// Why a batch rests.
#[derive(Debug, ToSchema)]
#[schema(as = PauseReason, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum PauseReasonName {
    Administrator,
    Bounces,
    Complaints,
    Refusals,
}

/// The same, said of several mails.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchReply)]
pub(super) struct Said {
    /// Of how many mails.
    count: u64,
    /// Where they stand because of it: `bounced`, `complained` or `failed`.
    #[schema(value_type = InviteStateName)]
    state: InviteState,
    /// The enhanced code (RFC 3463), where there is one.
    #[schema(required)]
    code: Option<String>,
    /// What was said of one of them, at most 200 characters, without addresses; may be empty.
    text: String,
}

impl From<batches::Said> for Said {
    fn from(said: batches::Said) -> Self {
        Self {
            count: said.count,
            state: said.state,
            code: said.code,
            text: said.text,
        }
    }
}

impl From<batches::Batch> for Batch {
    fn from(batch: batches::Batch) -> Self {
        Self {
            id: batch.id,
            link_id: batch.link_id,
            link_name: batch.link_name,
            source: batch.source,
            inviter: batch.inviter,
            created_at: batch.created_at,
            sent_at: batch.sent_at,
            paused_at: batch.paused_at,
            pause_reason: batch.pause_reason,
            pause_replies: batch.pause_replies.into_iter().map(Said::from).collect(),
            cancelled_at: batch.cancelled_at,
            finished_at: batch.finished_at,
            given: batch.given,
            states: batch.states,
            to_repeat: batch.to_repeat,
            refused: batch.refused,
            accepted: batch.accepted,
            declined: batch.declined,
            exceeds_free_seats_by: batch.exceeds_free_seats_by,
            pace: batch.pace.map(Pace::from),
        }
    }
}

/// The batches of the organisation, the newest first. A page of large ones holds fewer than were asked for.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/batches", tag = "Batches",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Paging),
    responses((status = 200, description = "A page.", body = List<Batch>), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Paging>) -> Answer {
    let organisation = at.organisation;
    let page = query.page()?;
    let page = at.call(&ListBatches { organisation, page }).await?;
    Ok(ok(&List::of(page, Batch::from)))
}

/// One batch, counted at this instant.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/batches/{batch}", tag = "Batches",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("batch" = schema::BatchId, Path),
    ),
    responses((status = 200, description = "The batch.", body = Batch), Reading),
)]
pub(super) async fn show(at: Within) -> Answer {
    let get = GetBatch {
        organisation: at.organisation,
        batch_id: at.id("batch")?,
    };
    Ok(ok(&Batch::from(at.call(&get).await?)))
}

/// A row of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchRow)]
pub(super) struct Row {
    /// Its number, counted from 0.
    #[serde(rename = "row")]
    number: u64,
    /// Where it stood.
    line: u32,
    /// What was read there; the address where it was taken.
    input: String,
    /// The name that its mail says; null: none, or was not taken.
    #[schema(required)]
    name: Option<String>,
    /// Why it was not taken, was skipped, or failed.
    #[schema(required)]
    reason: Option<String>,
    /// What was meant, perhaps; or what is odd about it.
    #[schema(required)]
    suggestion: Option<String>,
    #[schema(value_type = Option<schema::InviteId>, required)]
    invite_id: Option<InviteId>,
    /// Where its mail stands; null: was not taken.
    #[schema(value_type = Option<InviteStateName>, required)]
    state: Option<InviteState>,
}

impl From<batches::BatchRow> for Row {
    fn from(row: batches::BatchRow) -> Self {
        let batches::BatchRow {
            row: number,
            line,
            input,
            name,
            reason,
            suggestion,
            invite_id,
            state,
        } = row;
        Self {
            number,
            line,
            input,
            name: name.map(|name| name.to_string()),
            reason,
            suggestion,
            invite_id,
            state,
        }
    }
}

/// Which rows, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only where the mail stands there; `refused`: only those that were not taken.
    #[serde(default)]
    #[param(value_type = Option<RowStateName>)]
    state: Given<String>,
    /// Only with this reason.
    #[serde(default)]
    #[param(value_type = Option<String>, min_length = 1, max_length = 50, pattern = "^[a-z0-9-]+$")]
    reason: Given<String>,
    /// The `next_cursor` of the page before; none for the first page.
    #[serde(default)]
    #[param(value_type = Option<schema::Cursor>)]
    cursor: Given<String>,
    /// How many rows; 50 unless said.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Given<String>,
}

/// Where the mail of a row stands, or that it was not taken.
#[derive(Debug, ToSchema)]
#[schema(as = RowState, rename_all = "snake_case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum RowStateName {
    Refused,
    Draft,
    Skipped,
    Queued,
    Sending,
    Deferred,
    Unknown,
    Sent,
    Delivered,
    Bounced,
    Complained,
    Failed,
    Suppressed,
    Cancelled,
    Expired,
    Unneeded,
}

/// A state, or none: was not taken.
fn row_state(text: &str) -> Result<Option<InviteState>, Reason> {
    if text == "refused" {
        Ok(None)
    } else {
        state(text).map(Some)
    }
}

fn reason(text: &str) -> Result<String, Reason> {
    let is_slug = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=REASON_MOST).contains(&text.len()) && text.bytes().all(is_slug) {
        Ok(text.to_owned())
    } else {
        Err(Reason("unknown", "is not a reason".into()))
    }
}

/// The rows of a batch as they were handed in, each with what became of it.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/batches/{batch}/rows", tag = "Batches",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("batch" = schema::BatchId, Path),
        Which,
    ),
    responses((status = 200, description = "A page.", body = List<Row>), Reading),
)]
pub(super) async fn rows(at: Within, query: Query<Which>) -> Answer {
    let batch_id = at.id("batch")?;
    let (which, mut form) = query.open()?;
    let state = form.field("state", which.state).parse(row_state);
    let state = state.optional();
    let reason = form.field("reason", which.reason).parse(reason).optional();
    let page = page(&mut form, which.cursor, which.limit);
    let organisation = at.organisation;
    let list = form.finish(|| {
        Some(ListBatchRows {
            organisation,
            batch_id,
            state: state.flatten(),
            refused: state == Some(None),
            reason,
            page,
        })
    })?;
    Ok(ok(&List::of(at.call(&list).await?, Row::from)))
}

/// Sends a draft; what changed since it was made is skipped, with its reason. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/batches/{batch}/send", tag = "Batches",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("batch" = schema::BatchId, Path),
    ),
    responses((status = 200, description = "As it is now.", body = Batch), Writing),
)]
pub(super) async fn send(at: Within) -> Answer {
    let batch_id = at.id("batch")?;
    let batch = invites::send(at.edge(), at.cx(), at.organisation, batch_id).await?;
    Ok(ok(&Batch::from(batch)))
}

async fn steer(at: &Within, steer: Steer) -> Answer {
    let steer = SteerBatch {
        organisation: at.organisation,
        batch_id: at.id("batch")?,
        steer,
    };
    Ok(ok(&Batch::from(at.call(&steer).await?)))
}

/// Begins nothing more of a batch; 409 where it was not sent yet, or nothing of it is left to be sent.
/// For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/batches/{batch}/pause", tag = "Batches",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("batch" = schema::BatchId, Path),
    ),
    responses((status = 200, description = "As it is now.", body = Batch), Writing),
)]
pub(super) async fn pause(at: Within) -> Answer {
    steer(&at, Steer::Pause).await
}

/// Goes on where a batch rested. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/batches/{batch}/resume", tag = "Batches",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("batch" = schema::BatchId, Path),
    ),
    responses((status = 200, description = "As it is now.", body = Batch), Writing),
)]
pub(super) async fn resume(at: Within) -> Answer {
    steer(&at, Steer::Resume).await
}

/// Takes a batch back: what has not left does not leave, and what is not accepted works no more.
/// For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/batches/{batch}/cancel", tag = "Batches",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("batch" = schema::BatchId, Path),
    ),
    responses((status = 200, description = "As it is now.", body = Batch), Writing),
)]
pub(super) async fn cancel(at: Within) -> Answer {
    steer(&at, Steer::Cancel).await
}

/// How many are sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Resent {
    count: u64,
}

/// Sends every pending invite of a batch again. For managers.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/batches/{batch}/resend", tag = "Batches",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("batch" = schema::BatchId, Path),
    ),
    responses((status = 200, description = "They are queued.", body = Resent), Writing),
)]
pub(super) async fn resend(at: Within) -> Answer {
    let batch = at.id("batch")?;
    let count = invites::resend_pending(at.edge(), at.cx(), at.organisation, batch).await?;
    Ok(ok(&Resent { count }))
}
