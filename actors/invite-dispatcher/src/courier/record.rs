//! Writes down what became of invites: in groups, as many as there are, where nobody else has
//! taken them since.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use contract::{
    Timestamp,
    events::Event,
    ids::{InviteId, OrganisationId},
    invites::InviteState,
};
use serde::Serialize;
use serde_json::json;
use store::{Row, StoreError, Tx};

use super::{
    micros,
    parcel::{LeasedInvite, Taking},
    sql,
    verdict::{Attempt, Outcome},
};

/// What became of an invite.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Record {
    pub(super) id: InviteId,
    /// Which taking of it.
    lease: i64,
    attempts: i64,
    /// How many couriers had ended over it when it was taken.
    crashes: i64,
    state: &'static str,
    reason: Option<&'static str>,
    reply: Option<String>,
    due_in: Option<i64>,
    uncounted: u8,
    lost: u8,
    deferred: u8,
    /// Whether it is known that it would not be taken any more.
    ends: u8,
}

#[derive(Serialize)]
pub(super) struct Key {
    pub(super) id: InviteId,
}

impl Record {
    pub(super) fn new(mail: &LeasedInvite, outcome: Outcome, reply: Option<&str>) -> Self {
        Self::of(mail.taking(), mail.attempt, outcome, reply)
    }

    pub(super) fn of(
        Taking { id, lease }: Taking,
        attempt: Attempt,
        outcome: Outcome,
        reply: Option<&str>,
    ) -> Self {
        Self {
            id,
            lease,
            attempts: attempt.attempts,
            crashes: attempt.crashes,
            state: outcome.state.name(),
            reason: outcome.reason,
            reply: reply.map(str::to_owned),
            due_in: outcome.due_in.map(micros),
            uncounted: outcome.is_uncounted.into(),
            lost: outcome.is_lost.into(),
            deferred: outcome.is_deferred.into(),
            ends: 0,
        }
    }

    /// An invite that was not begun.
    pub(super) fn back(taking: Taking, attempt: Attempt) -> Self {
        let outcome = Outcome::put_back(attempt, Duration::ZERO);
        Self::of(taking, attempt, outcome, None)
    }

    /// An invite whose row cannot be read.
    pub(super) fn unreadable(Taking { id, lease }: Taking, attempts: i64) -> Self {
        Self {
            id,
            lease,
            attempts,
            crashes: 0,
            state: InviteState::Failed.name(),
            reason: Some("refused"),
            reply: Some("the row of the invite cannot be read".to_owned()),
            due_in: None,
            uncounted: 0,
            lost: 0,
            deferred: 0,
            ends: 0,
        }
    }

    pub(super) const fn taking(&self) -> Taking {
        Taking {
            id: self.id,
            lease: self.lease,
        }
    }

    /// Whether it is to be tried again.
    pub(super) const fn is_due(&self) -> bool {
        self.due_in.is_some()
    }

    /// Whether the relay took it, or may have.
    pub(super) fn may_have_left(&self) -> bool {
        [InviteState::Sent, InviteState::Unknown]
            .map(InviteState::name)
            .contains(&self.state)
    }
}

/// Writes them down; answers which. A courier whose lease ran out changes nothing where somebody has taken
/// the invite since.
pub(super) async fn record(
    tx: &mut Tx,
    courier: &str,
    records: &[Record],
    now: Timestamp,
) -> Result<Vec<Key>, StoreError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let write = sql::RECORD.bind_rows(records).bind(courier);
    let mut rows = write.fetch_all(tx).await?;
    if rows.len() < records.len() {
        let ending = ending(tx, records, &rows, now).await?;
        let write = sql::RECORD.bind_rows(&ending).bind(courier);
        rows.extend(write.fetch_all(tx).await?);
    }
    let (mut bounced, mut events) = (Vec::new(), Vec::new());
    let mut recorded = Vec::with_capacity(rows.len());
    for row in rows {
        let (state, id): (String, InviteId) = (row.get("state")?, row.get("id")?);
        recorded.push(Key { id });
        let reason: Option<String> = row.get("reason")?;
        if state == InviteState::Bounced.name() && reason.as_deref() == Some("user-unknown") {
            bounced.push(Key { id });
            events.push((row.get::<OrganisationId>("organisation_id")?, id));
        }
    }
    let lost = records.len().saturating_sub(recorded.len());
    if lost > 0 {
        tracing::warn!(
            count = lost,
            "verdicts of invites that others have had since"
        );
    }
    if !recorded.is_empty() {
        let forget = sql::FORGET_LEASES.bind_rows(&recorded);
        forget.execute(tx).await?;
    }
    if !bounced.is_empty() {
        let suppress = sql::SUPPRESS_BOUNCED.bind_rows(&bounced).bind(now);
        for row in suppress.fetch_all(tx).await? {
            let (organisation, key) =
                (row.get("organisation_id")?, row.get::<String>("email_key")?);
            tx.audit(
                organisation,
                "suppression.add",
                &key,
                json!({ "reason": "bounce" }),
            );
        }
        for (organisation, invite_id) in events {
            tx.publish(organisation, Event::InviteBounced { invite_id });
        }
    }
    Ok(recorded)
}

/// Those that were not written down, are to be tried again, and would not be taken any more.
async fn ending(
    tx: &mut Tx,
    records: &[Record],
    written: &[Row],
    now: Timestamp,
) -> Result<Vec<Record>, StoreError> {
    let written: HashSet<InviteId> = written
        .iter()
        .map(|row| row.get("id"))
        .collect::<Result<_, _>>()?;
    let left = records
        .iter()
        .filter(|record| record.is_due() && !written.contains(&record.id));
    let left: HashMap<_, _> = left.map(|record| (record.id, record)).collect();
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = left.keys().map(|&id| Key { id }).collect();
    let mut ending = Vec::new();
    for row in sql::FATES.bind_rows(&keys).bind(now).fetch_all(tx).await? {
        let fate: Option<String> = row.get("fate")?;
        let record = left.get(&row.get("id")?);
        if let Some(record) = record.filter(|_| fate.is_some_and(|fate| fate != "sending")) {
            ending.push(Record {
                ends: 1,
                ..(*record).clone()
            });
        }
    }
    Ok(ending)
}

/// Ends those of what was just recorded as due again that must not leave any more; answers how many of them
/// are suppressed. Their rows are locked already.
pub(super) async fn end(tx: &mut Tx, due: &[Key], now: Timestamp) -> Result<u64, StoreError> {
    let mut suppressed = 0;
    if !due.is_empty() {
        let end = sql::END.bind_rows(due).bind(now);
        for row in end.fetch_all(tx).await? {
            if row.get::<String>("state")? == InviteState::Suppressed.name() {
                suppressed += 1;
            }
        }
    }
    Ok(suppressed)
}
