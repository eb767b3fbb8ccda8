//! Events and audit entries: noted during a transaction, written by its commit, or not at all.

use std::{collections::BTreeMap, fmt};

use contract::{
    Stamp, Timestamp,
    events::Event,
    ids::{AuditId, OrganisationId},
};
use serde::Serialize;
use serde_json::Value;

use crate::{connection::Tx, dialect::Dialect, error::StoreError};

crate::statements! { own
    /// Locks the heads of histories, in order.
    pub(crate) LOCK_HEADS = "
        select latest_at
        from event_heads
        where organisation_id in (select rows.value ->> 'organisation_id' from rows($1))
        order by organisation_id
        for_update";

    /// Makes heads that are missing.
    pub(crate) MAKE_HEADS = "
        insert into event_heads (organisation_id)
        select rows.value ->> 'organisation_id'
        from rows($1)
        where true
        on conflict do nothing";

    /// Moves heads on by the number of new events, and to their instant.
    pub(crate) MOVE_HEADS = "
        insert into event_heads (organisation_id, last_seq, latest_at)
        select rows.value ->> 'organisation_id', cast(rows.value ->> 'count' as bigint),
            cast($2 as bigint)
        from rows($1)
        where true
        on conflict (organisation_id) do update
        set last_seq = event_heads.last_seq + excluded.last_seq,
            latest_at = case when excluded.latest_at > event_heads.latest_at
                then excluded.latest_at else event_heads.latest_at end
        returning organisation_id, last_seq";

    /// Writes events.
    pub(crate) INSERT_EVENTS = "
        insert into events (organisation_id, seq, name, body, request_id, at)
        select rows.value ->> 'organisation_id', cast(rows.value ->> 'seq' as bigint),
            rows.value ->> 'name', rows.value ->> 'body', rows.value ->> 'request_id',
            cast($2 as bigint)
        from rows($1)";

    /// Writes audit entries.
    pub(crate) INSERT_AUDIT = "
        insert into audit (id, organisation_id, at, actor, action, target, change, request_id)
        select rows.value ->> 'id', rows.value ->> 'organisation_id', cast($2 as bigint),
            rows.value ->> 'actor', rows.value ->> 'action', rows.value ->> 'target',
            rows.value ->> 'change', rows.value ->> 'request_id'
        from rows($1)";
}

/// What a transaction will have to tell.
#[derive(Debug, Default)]
pub(crate) struct History {
    events: Vec<(OrganisationId, EventRow)>,
    audit: Vec<AuditRow>,
}

#[derive(Debug, Serialize)]
struct EventRow {
    organisation_id: OrganisationId,
    seq: i64,
    name: &'static str,
    body: String,
    request_id: String,
}

#[derive(Debug, Serialize)]
struct AuditRow {
    id: AuditId,
    organisation_id: OrganisationId,
    actor: String,
    action: &'static str,
    target: String,
    change: String,
    request_id: String,
}

#[derive(Serialize)]
struct Head {
    organisation_id: OrganisationId,
    count: i64,
}

impl Tx {
    /// Locks the histories of organisations until the transaction ends: whoever else holds or wants
    /// one of them waits. Taken first by whoever decides about seats; everybody else takes it last,
    /// by committing an event, so that no two wait for each other.
    ///
    /// The transaction bears an instant of after that: no earlier than the clock's now, though it was
    /// stamped before it waited, and later than whatever those histories have, though the clock is behind.
    pub async fn lock_histories(
        &mut self,
        organisations: &[OrganisationId],
    ) -> Result<(), StoreError> {
        let heads: Vec<_> = organisations
            .iter()
            .map(|organisation_id| Head {
                organisation_id: *organisation_id,
                count: 0,
            })
            .collect();
        let mut locked = LOCK_HEADS.bind_rows(&heads).fetch_all(self).await?;
        // SQLite has one writer, which is this transaction.
        if locked.len() < heads.len() && self.dialect == Dialect::Postgres {
            MAKE_HEADS.bind_rows(&heads).execute(self).await?;
            locked = LOCK_HEADS.bind_rows(&heads).fetch_all(self).await?;
        }
        let now = self.clock.now();
        self.not_before(now);
        for row in locked {
            let latest: Timestamp = row.get("latest_at")?;
            if latest >= now {
                self.not_before(Timestamp::from_micros(latest.micros() + 1));
            }
        }
        Ok(())
    }

    /// The transaction bears no earlier instant than this one.
    pub fn not_before(&mut self, at: Timestamp) {
        self.stamp.now = self.stamp.now.max(at);
    }

    /// Notes an event; its number is the organisation's next at commit.
    pub fn publish(&mut self, organisation: OrganisationId, event: Event) {
        let stamp = self.stamp.clone();
        self.publish_as(&stamp, organisation, event);
    }

    /// As [`Tx::publish`], for one request of a batch.
    pub fn publish_as(&mut self, stamp: &Stamp, organisation: OrganisationId, event: Event) {
        // Ids and unit variants always serialise.
        let body = serde_json::to_string(&event).unwrap_or_default();
        let request_id = stamp.request_id.clone();
        let (organisation_id, seq, name) = (organisation, 0, event.name());
        let row = EventRow {
            organisation_id,
            seq,
            name,
            body,
            request_id,
        };
        self.history.events.push((organisation, row));
    }

    /// Notes an audit entry. `change` says what is different now, and never holds a secret.
    pub fn audit(
        &mut self,
        organisation: OrganisationId,
        action: &'static str,
        target: impl fmt::Display,
        change: Value,
    ) {
        let stamp = self.stamp.clone();
        self.audit_as(&stamp, organisation, action, target, change);
    }

    /// As [`Tx::audit`], for one request of a batch.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers build the change for this call"
    )]
    pub fn audit_as(
        &mut self,
        stamp: &Stamp,
        organisation: OrganisationId,
        action: &'static str,
        target: impl fmt::Display,
        change: Value,
    ) {
        self.history.audit.push(AuditRow {
            id: AuditId::new(self.clock.ulid()),
            organisation_id: organisation,
            actor: stamp.actor.clone(),
            action,
            target: target.to_string(),
            change: change.to_string(),
            request_id: stamp.request_id.clone(),
        });
    }

    /// Writes what was noted; answers whether there were events.
    pub(crate) async fn flush_history(&mut self) -> Result<bool, StoreError> {
        let History { mut events, audit } = std::mem::take(&mut self.history);
        let now = self.stamp.now;
        if !audit.is_empty() {
            INSERT_AUDIT
                .bind_rows(&audit)
                .bind(now)
                .execute(self)
                .await?;
        }
        if events.is_empty() {
            return Ok(false);
        }
        let mut counts: BTreeMap<OrganisationId, i64> = BTreeMap::new();
        for (organisation, _) in &events {
            *counts.entry(*organisation).or_default() += 1;
        }
        let heads: Vec<_> = counts
            .iter()
            .map(|(organisation_id, count)| Head {
                organisation_id: *organisation_id,
                count: *count,
            })
            .collect();
        let mut next = BTreeMap::new();
        for row in MOVE_HEADS
            .bind_rows(&heads)
            .bind(now)
            .fetch_all(self)
            .await?
        {
            let organisation: OrganisationId = row.get("organisation_id")?;
            let count = counts.get(&organisation).copied().unwrap_or(0);
            next.insert(organisation, row.get::<i64>("last_seq")? - count);
        }
        for (organisation, event) in &mut events {
            if let Some(seq) = next.get_mut(organisation) {
                *seq += 1;
                event.seq = *seq;
            }
        }
        let rows: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
        INSERT_EVENTS
            .bind_rows(&rows)
            .bind(now)
            .execute(self)
            .await?;
        Ok(true)
    }
}
