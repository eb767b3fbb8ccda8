//! Batches of invites: staged in pieces, sealed, sent, steered, watched. One verb a file.

mod add;
mod classify;
mod discard;
mod forget;
mod get;
mod held;
mod list;
mod open;
mod preview;
mod rows;
mod seal;
mod send;
pub(crate) mod sql;
mod steer;

use self::held::Held;
pub(crate) use self::{
    classify::{Key, classify},
    forget::{Failed, forget},
};

use std::collections::BTreeMap;

use contract::{
    Kind, Problem, Timestamp,
    batches::{Batch, Limit, Pace, PauseReason, Source},
    ids::{BatchId, OrganisationId},
    invites::InviteState,
    text::{InviteMessage, Language},
};
use serde::Serialize;
use store::{Connection, Row, StoreError};

/// The row of a batch of the organisation.
pub(crate) async fn find(
    on: &mut impl Connection,
    organisation: OrganisationId,
    id: BatchId,
) -> Result<Row, Problem> {
    let row = sql::FIND
        .bind(organisation)
        .bind(id)
        .fetch_optional(on)
        .await?;
    row.ok_or_else(|| Problem::new(Kind::NotFound))
}

fn conflict(why: &'static str) -> Problem {
    Problem::new(Kind::Conflict).detail(why)
}

#[derive(Serialize)]
struct BatchKey {
    id: BatchId,
}

/// What the rows of a batch are.
#[derive(Default)]
struct Counts {
    states: BTreeMap<InviteState, u64>,
    refused: BTreeMap<String, u64>,
    to_repeat: u64,
    accepted: u64,
    declined: u64,
    /// May still take a seat.
    seekers: u64,
    /// In the last minute.
    settled: u64,
    /// How long ago the first of those was, in microseconds.
    since: u64,
}

/// A batch from its row, counted at this instant.
pub(crate) async fn counted(
    on: &mut impl Connection,
    row: &Row,
    now: Timestamp,
) -> Result<Batch, Problem> {
    let mut batches = all_counted(on, std::slice::from_ref(row), now).await?;
    batches.pop().ok_or_else(|| Problem::new(Kind::Internal))
}

/// Batches from their rows. Each is counted by itself: of several at once PostgreSQL cannot guess how
/// many invites they have, and reads all there are.
async fn all_counted(
    on: &mut impl Connection,
    rows: &[Row],
    now: Timestamp,
) -> Result<Vec<Batch>, StoreError> {
    let held = Held::look(on, rows).await?;
    let mut batches = Vec::with_capacity(rows.len());
    for row in rows {
        let counts = counts(on, row.get("id")?, now).await?;
        batches.push(batch(row, counts, &held)?);
    }
    Ok(batches)
}

async fn counts(
    on: &mut impl Connection,
    id: BatchId,
    now: Timestamp,
) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    let states = sql::STATES.bind(id).bind(now).planned_anew();
    for row in states.fetch_all(on).await? {
        let state: String = row.get("state")?;
        let state = InviteState::parse(&state).ok_or_else(|| row.bad("state", "is unknown"))?;
        counts.states.insert(state, row.get("n")?);
        counts.to_repeat += row.get::<u64>("to_repeat")?;
        counts.accepted += row.get::<u64>("accepted")?;
        counts.declined += row.get::<u64>("declined")?;
        counts.seekers += row.get::<u64>("seekers")?;
        counts.settled += row.get::<u64>("settled")?;
        counts.since = counts.since.max(row.get("since")?);
    }
    let refused = sql::REFUSED.bind(id).planned_anew();
    for row in refused.fetch_all(on).await? {
        counts.refused.insert(row.get("reason")?, row.get("n")?);
    }
    Ok(counts)
}

fn batch(row: &Row, counts: Counts, held: &Held) -> Result<Batch, StoreError> {
    let message: Option<String> = row.get("message")?;
    let language: String = row.get("language")?;
    let mut batch = Batch {
        id: row.get("id")?,
        link_id: row.get("link_id")?,
        link_name: row.get("link_name")?,
        tags: row.json("tags")?,
        source: match row.get::<String>("source")?.as_str() {
            "file" => Source::File,
            _ => Source::Paste,
        },
        message: message.and_then(|text| InviteMessage::parse(&text).ok()),
        inviter: row.get("inviter")?,
        language: Language::parse(&language).unwrap_or_default(),
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        sealed_at: row.get("sealed_at")?,
        sent_at: row.get("sent_at")?,
        paused_at: row.get("paused_at")?,
        pause_reason: row
            .get::<Option<String>>("pause_reason")?
            .map(|reason| pause(&reason)),
        pause_replies: row
            .get::<Option<String>>("pause_replies")?
            .and_then(|told| serde_json::from_str(&told).ok())
            .unwrap_or_default(),
        cancelled_at: row.get("cancelled_at")?,
        finished_at: row.get("finished_at")?,
        given: row.get("given")?,
        refused: counts.refused,
        states: counts.states,
        to_repeat: counts.to_repeat,
        accepted: counts.accepted,
        declined: counts.declined,
        exceeds_free_seats_by: 0,
        pace: None,
    };
    let is_deleted = row.get::<Option<i64>>("archived_at")?.is_some();
    if batch.cancelled_at.is_none() && !is_deleted {
        let free: i64 = row.get("free")?;
        let free = u64::try_from(free).unwrap_or(0);
        batch.exceeds_free_seats_by = counts.seekers.saturating_sub(free);
    }
    let is_over = batch.finished_at.is_some() || batch.cancelled_at.is_some();
    if batch.sent_at.is_some() && !is_over {
        let held = held.back(&batch, row.get("organisation_id")?);
        let (limit, limited_by) = held.unzip();
        let pace = pace(&batch, counts.settled, counts.since);
        batch.pace = Some(Pace {
            // How fast it goes then changes by the minute.
            seconds_left: pace
                .seconds_left
                .filter(|_| limit != Some(Limit::RelayBusy)),
            limit,
            limited_by,
            ..pace
        });
    }
    Ok(batch)
}

/// The span that a pace is taken from, in microseconds: not less, so that the first mail says nothing
/// of the rest.
const SPAN: std::ops::RangeInclusive<u64> = 1_000_000..=60_000_000;

fn pace(batch: &Batch, last_minute: u64, since: u64) -> Pace {
    let span = since.clamp(*SPAN.start(), *SPAN.end()) / 1_000;
    let seconds = batch.left().saturating_mul(span).checked_div(last_minute);
    Pace {
        last_minute,
        seconds_left: seconds
            .filter(|_| batch.paused_at.is_none())
            .map(|millis| millis.div_ceil(1_000)),
        limited_by: None,
        limit: None,
    }
}

fn pause(name: &str) -> PauseReason {
    match name {
        "bounces" => PauseReason::Bounces,
        "complaints" => PauseReason::Complaints,
        "refusals" => PauseReason::Refusals,
        _ => PauseReason::Administrator,
    }
}
