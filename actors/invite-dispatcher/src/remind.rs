//! What becomes due by itself: reminders, the end of invites that did not leave in time, bounces
//! that are so old that the mailbox may be there again, batches that nobody sends; and the note of what
//! is over.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use contract::{
    Clock, Problem, Service, Stamp, Timestamp,
    ids::{BatchId, InviteId, OrganisationId},
    organisations::Policies,
};
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use serde::Serialize;
use serde_json::json;
use store::{Db, StoreError};
use tokio::sync::Notify;

use crate::{
    batches,
    invites::sql as invites,
    reports::FORGET_EVENTS,
    suppressions::{lift_bounces, sql as suppressions},
};

/// How long nothing is looked at when nothing is due.
const REST: Duration = Duration::from_mins(1);
/// How many are worked on at a time.
const PIECE: u64 = 500;
/// The longest policy: reminders are looked for this long before the end.
const REMIND_DAYS_MOST: i64 = 30;
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// Between the instants from which an invite's time and its mail count, and two clocks.
const SLACK_MICROS: i64 = 60 * 60 * 1_000_000;
/// How long a bounce suppresses.
const BOUNCE_DAYS: i64 = 90;
/// How long an invite works at most, and a day: what was accepted before stands in nobody's way.
const INVITE_DAYS_MOST: i64 = 181;
/// How long an event is known that was taken.
const EVENT_DAYS: i64 = 90;

/// Reminds, and ends what is over. Any number may run: each row is taken once.
#[derive(Debug)]
pub struct Reminder {
    db: Db,
    clock: Arc<dyn Clock>,
    courier: Arc<Notify>,
    /// What was accepted before it is closed.
    used_since: Option<Timestamp>,
    /// The way through what was accepted since, while it takes several pieces.
    used_on: Option<On>,
    failed: batches::Failed,
}

/// How far a way of several pieces has come.
#[derive(Clone, Copy, Debug)]
struct On {
    began: Timestamp,
    /// Everything accepted before it was looked at.
    seen: Timestamp,
}

/// An invite that was accepted.
#[derive(Debug, Serialize)]
struct Used {
    id: InviteId,
    /// Microseconds since 1970.
    at: i64,
}

impl Reminder {
    /// A worker whose state is a cache; `courier` wakes the couriers of this process.
    pub fn new(db: Db, clock: Arc<dyn Clock>, courier: Arc<Notify>) -> Self {
        Self {
            db,
            clock,
            courier,
            used_since: None,
            used_on: None,
            failed: batches::Failed::default(),
        }
    }

    fn stamp(&self) -> Stamp {
        Cx::system(Service::InviteDispatcher, &*self.clock).stamp(&*self.clock)
    }

    /// Asks for the reminders that are due; answers whether there may be more.
    async fn remind(&self) -> Result<bool, Problem> {
        let now = self.clock.now();
        let mut db = self.db.read().await?;
        let found = invites::REMINDABLE
            .bind(now)
            .bind(now.plus_days(REMIND_DAYS_MOST));
        let rows = found.fetch_all(&mut db).await?;
        drop(db);
        let mut more = false;
        for row in &rows {
            let policies: Policies = row.json("policies")?;
            if policies.remind_days > 0 {
                let days = i64::from(policies.remind_days);
                more |= self.remind_in(row.get("id")?, days).await?;
            }
        }
        Ok(more)
    }

    async fn remind_in(&self, organisation: OrganisationId, days: i64) -> Result<bool, Problem> {
        let stamp = self.stamp();
        let mut tx = self.db.write(&stamp).await?;
        let rows = invites::REMIND
            .bind(organisation)
            .bind(stamp.now)
            .bind(stamp.now.plus_days(days))
            .bind(days * 2 * DAY_MICROS - SLACK_MICROS)
            .bind(PIECE)
            .fetch_all(&mut tx)
            .await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let mut batches = BTreeSet::new();
        for row in &rows {
            batches.insert(row.get::<BatchId>("batch_id")?);
            let invite: InviteId = row.get("id")?;
            tx.audit(organisation, "invite.remind", invite, json!({}));
        }
        for batch in batches {
            invites::REOPEN_BATCH.bind(batch).execute(&mut tx).await?;
        }
        tx.commit().await?;
        tracing::info!(%organisation, reminded = rows.len(), "asked for reminders");
        self.courier.notify_one();
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX) >= PIECE)
    }

    /// Ends what did not leave before its time was over; answers whether there may be more.
    async fn expire(&self) -> Result<bool, Problem> {
        let stamp = self.stamp();
        let mut tx = self.db.write(&stamp).await?;
        let expire = invites::EXPIRE.bind(stamp.now).bind(PIECE);
        let expired = expire.execute(&mut tx).await?;
        tx.commit().await?;
        Ok(expired >= PIECE)
    }

    /// Closes invites that were accepted; answers whether there may be more.
    async fn close_used(&mut self) -> Result<bool, Problem> {
        let stamp = self.stamp();
        let long_ago = stamp.now.plus_days(-INVITE_DAYS_MOST);
        let on = self.used_on.unwrap_or(On {
            began: stamp.now,
            seen: self.used_since.unwrap_or(long_ago),
        });
        let mut db = self.db.read().await?;
        let used = invites::USED.bind(on.seen).bind(PIECE);
        let rows = used.fetch_all(&mut db).await?;
        drop(db);
        let used = rows.iter().map(|row| {
            let (id, at) = (row.get("id")?, row.get("at")?);
            Ok(Used { id, at })
        });
        let used = used.collect::<Result<Vec<_>, StoreError>>()?;
        if !used.is_empty() {
            let mut tx = self.db.write(&stamp).await?;
            invites::CLOSE_USED
                .bind_rows(&used)
                .execute(&mut tx)
                .await?;
            tx.commit().await?;
        }
        let full = u64::try_from(used.len()).unwrap_or(u64::MAX) >= PIECE;
        self.used_on = used.last().filter(|_| full).map(|last| On {
            seen: Timestamp::from_micros(last.at),
            ..on
        });
        if self.used_on.is_none() {
            // An admission that began before may still end.
            let since = on.began.micros() - SLACK_MICROS;
            self.used_since = Some(Timestamp::from_micros(since));
        }
        Ok(self.used_on.is_some())
    }

    /// Closes invites whose time is over; answers whether there may be more.
    async fn close_expired(&self) -> Result<bool, Problem> {
        let stamp = self.stamp();
        let mut tx = self.db.write(&stamp).await?;
        let close = invites::CLOSE_EXPIRED.bind(stamp.now).bind(PIECE);
        let closed = close.execute(&mut tx).await?;
        tx.commit().await?;
        Ok(closed >= PIECE)
    }

    /// Lifts old bounces and forgets old events; answers whether there may be more.
    async fn forget(&self) -> Result<bool, Problem> {
        let stamp = self.stamp();
        let mut tx = self.db.write(&stamp).await?;
        let forget = FORGET_EVENTS.bind(stamp.now.plus_days(-EVENT_DAYS));
        forget.execute(&mut tx).await?;
        let before = stamp.now.plus_days(-BOUNCE_DAYS);
        let old = suppressions::OLD_BOUNCES.bind(before).bind(PIECE);
        let old = old.fetch_all(&mut tx).await?;
        for row in &old {
            let key: String = row.get("email_key")?;
            lift_bounces(&mut tx, &key, before).await?;
        }
        tx.commit().await?;
        Ok(u64::try_from(old.len()).unwrap_or(u64::MAX) >= PIECE)
    }
}

impl Behaviour for Reminder {
    const SERVICE: Service = Service::InviteDispatcher;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for Reminder {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let more = [
            self.expire().await?,
            self.remind().await?,
            self.forget().await?,
            self.close_used().await?,
            self.close_expired().await?,
            batches::forget(&self.db, &self.stamp(), &mut self.failed).await?,
        ];
        Ok(if more.contains(&true) {
            Pace::Again
        } else {
            Pace::Rest(REST)
        })
    }
}
