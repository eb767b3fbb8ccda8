//! Writes down what became of invites: in groups, as many as there are, where they are still this
//! courier's.

use contract::{
    Timestamp,
    events::Event,
    ids::{InviteId, OrganisationId},
    invites::InviteState,
};
use serde::Serialize;
use serde_json::json;
use store::{StoreError, Tx};

use super::{micros, parcel::LeasedInvite, sql, verdict::Outcome};

/// What became of an invite.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Record {
    pub(super) id: InviteId,
    attempts: i64,
    state: &'static str,
    reason: Option<&'static str>,
    reply: Option<String>,
    due_in: Option<i64>,
    uncounted: u8,
    lost: u8,
    deferred: u8,
}

#[derive(Serialize)]
pub(super) struct Key {
    pub(super) id: InviteId,
}

impl Record {
    pub(super) fn new(mail: &LeasedInvite, outcome: Outcome, reply: Option<&str>) -> Self {
        Self {
            id: mail.id,
            attempts: mail.attempt.attempts,
            state: outcome.state.name(),
            reason: outcome.reason,
            reply: reply.map(str::to_owned),
            due_in: outcome.due_in.map(micros),
            uncounted: outcome.is_uncounted.into(),
            lost: outcome.is_lost.into(),
            deferred: outcome.is_deferred.into(),
        }
    }

    /// An invite whose row cannot be read.
    pub(super) fn unreadable(id: InviteId, attempts: i64) -> Self {
        Self {
            id,
            attempts,
            state: InviteState::Failed.name(),
            reason: Some("refused"),
            reply: Some("the row of the invite cannot be read".to_owned()),
            due_in: None,
            uncounted: 0,
            lost: 0,
            deferred: 0,
        }
    }

    /// Whether the relay took it, or may have.
    pub(super) fn may_have_left(&self) -> bool {
        [InviteState::Sent, InviteState::Unknown]
            .map(InviteState::name)
            .contains(&self.state)
    }
}

/// Writes them down; answers which. A courier whose lease ran out changes nothing.
pub(super) async fn record(
    tx: &mut Tx,
    courier: &str,
    records: &[Record],
    now: Timestamp,
) -> Result<Vec<Key>, StoreError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sql::RECORD
        .bind_rows(records)
        .bind(courier)
        .fetch_all(tx)
        .await?;
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

/// Ends those of what was just put back that must not leave any more; answers how many of them are
/// suppressed. Their rows are locked already.
pub(super) async fn end(tx: &mut Tx, back: &[Key], now: Timestamp) -> Result<u64, StoreError> {
    let mut suppressed = 0;
    if !back.is_empty() {
        let end = sql::END.bind_rows(back).bind(now);
        for row in end.fetch_all(tx).await? {
            if row.get::<String>("state")? == InviteState::Suppressed.name() {
                suppressed += 1;
            }
        }
    }
    Ok(suppressed)
}
