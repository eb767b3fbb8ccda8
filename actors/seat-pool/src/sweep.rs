//! What becomes due by itself: seats whose address was never proved return to the pool, and whoever
//! waits gets them, and what else is free. Also keeps the gauges.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use contract::{
    Clock, Problem, Service, Timestamp,
    events::Event,
    ids::{MembershipId, OrganisationId, PlanId},
    seats::Status,
};
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use serde_json::json;
use store::{Db, Tx};

use crate::{
    books::{Books, Change},
    metrics::SeatMetrics,
    offers::FORGET_OFFERS,
    place::keys,
    queue::{self, Mover, mover},
    settle::settle_all,
    sql,
};

/// How long nothing is looked at when nothing is due.
const REST: Duration = Duration::from_secs(15);

/// How far before the last look accounts are followed again: a transaction that was under way then,
/// and clocks that differ.
const OVERLAP_SECONDS: i64 = 60;
/// How many memberships follow their accounts at a time.
const PIECE: u64 = 500;
/// How far back the first look goes.
const FIRST_SECONDS: i64 = 7 * 24 * 60 * 60;

/// How long after a seat was given somebody may be told of it, and a day.
const TOLD_DAYS: i64 = 8;

/// Returns what is due. Any number may run: each takes the lock of a history before it looks.
#[derive(Debug)]
pub struct SeatSweeper {
    db: Db,
    clock: Arc<dyn Clock>,
    metrics: SeatMetrics,
    /// Up to when accounts were followed; only spares work.
    followed: Option<Timestamp>,
}

impl SeatSweeper {
    /// A sweeper; what it has done already it may do again.
    pub fn new(db: Db, clock: Arc<dyn Clock>, metrics: SeatMetrics) -> Self {
        Self {
            db,
            clock,
            metrics,
            followed: None,
        }
    }

    /// Copies what changed about accounts since the last look to where people are found by it, a
    /// piece at a time and under the lock of each history; answers whether there may be more.
    async fn follow(&mut self) -> Result<bool, Problem> {
        let stamp = Cx::system(Service::SeatPool, &*self.clock).stamp(&*self.clock);
        let since = match self.followed {
            None => stamp.now.plus_seconds(-FIRST_SECONDS),
            Some(last) => last.plus_seconds(-OVERLAP_SECONDS),
        };
        let mut reader = self.db.read().await?;
        let stale = sql::STALE.bind(since).bind(PIECE);
        let rows = stale.fetch_all(&mut reader).await?;
        drop(reader);
        let mut pieces: BTreeMap<OrganisationId, Vec<MembershipId>> = BTreeMap::new();
        for row in &rows {
            let ids = pieces.entry(row.get("organisation_id")?).or_default();
            ids.push(row.get("id")?);
        }
        for (organisation, ids) in pieces {
            let mut tx = self.db.write(&stamp).await?;
            tx.lock_histories(&[organisation]).await?;
            sql::FOLLOW_ACCOUNTS
                .bind(organisation)
                .bind_rows(&keys(ids))
                .execute(&mut tx)
                .await?;
            tx.commit().await?;
        }
        if u64::try_from(rows.len()).unwrap_or(u64::MAX) >= PIECE {
            return Ok(true);
        }
        self.followed = Some(stamp.now);
        Ok(false)
    }

    /// Returns what is due in one organisation; answers whether there may be more.
    async fn sweep(&mut self, organisation: OrganisationId) -> Result<bool, Problem> {
        let stamp = Cx::system(Service::SeatPool, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let rows = sql::DUE
            .bind(organisation)
            .bind(stamp.now)
            .fetch_all(&mut tx)
            .await?;
        let due: Vec<Mover> = rows.iter().map(mover).collect::<Result<_, _>>()?;
        let plans: BTreeSet<_> = due.iter().map(|one| one.plan).collect();
        let mut books = Books::open(&mut tx, plans.iter().copied()).await?;
        // Proved, but the message that says so was lost with a crash: theirs all the same.
        let (proved, unproved): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|one| one.proved_at.is_some());
        settle_all(&mut tx, &mut books, &proved).await?;
        return_seats(&mut tx, &mut books, &unproved).await?;
        for plan in plans {
            queue::promote(&mut tx, &mut books, plan).await?;
        }
        books.write(&mut tx).await?;
        tx.commit().await?;
        tracing::info!(
            %organisation,
            settled = proved.len(),
            returned = unproved.len(),
            "swept what was due"
        );
        Ok(!rows.is_empty())
    }

    /// Gives free seats of a plan to whoever waits for them; answers whether there may be more.
    async fn promote(
        &mut self,
        organisation: OrganisationId,
        plan: PlanId,
    ) -> Result<bool, Problem> {
        let stamp = Cx::system(Service::SeatPool, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let mut books = Books::open(&mut tx, [plan]).await?;
        let promoted = queue::promote(&mut tx, &mut books, plan).await?;
        books.write(&mut tx).await?;
        tx.commit().await?;
        tracing::info!(%organisation, %plan, promoted, "gave free seats to whoever waited");
        Ok(promoted > 0)
    }

    /// Forgets who was told of a seat; answers whether there may be more.
    async fn forget_told(&self) -> Result<bool, Problem> {
        let stamp = Cx::system(Service::SeatPool, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        let forget = FORGET_OFFERS
            .bind(stamp.now.plus_days(-TOLD_DAYS))
            .bind(PIECE);
        let forgotten = forget.execute(&mut tx).await?;
        tx.commit().await?;
        Ok(forgotten >= PIECE)
    }

    async fn gauge(&mut self) -> Result<(), Problem> {
        let mut reader = self.db.read().await?;
        let rows = sql::PLAN_NUMBERS.fetch_all(&mut reader).await?;
        self.metrics.show(&rows)?;
        Ok(())
    }
}

async fn return_seats(tx: &mut Tx, books: &mut Books, due: &[Mover]) -> Result<(), Problem> {
    let stamp = tx.stamp().clone();
    for one in due {
        let change = match one.status {
            Status::Held => Change::ReturnHeld,
            Status::Assigned => Change::ReturnAssigned,
            // Neither has a seat, and neither has a due date.
            Status::Waiting | Status::Revoked => continue,
        };
        books.enter(one.plan, change, Some((one.id, one.link)), &stamp);
        let returned = Event::SeatReturned {
            membership_id: one.id,
            plan_id: one.plan,
        };
        tx.publish(one.organisation, returned);
        tx.audit(
            one.organisation,
            "seat.return",
            one.id,
            json!({ "status": one.status }),
        );
    }
    let keys = keys(due.iter().map(|one| one.id));
    if !keys.is_empty() {
        sql::DELETE_TAGS.bind_rows(&keys).execute(tx).await?;
        sql::DELETE_MEMBERSHIPS.bind_rows(&keys).execute(tx).await?;
    }
    Ok(())
}

impl Behaviour for SeatSweeper {
    const SERVICE: Service = Service::SeatPool;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for SeatSweeper {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let now = self.clock.now();
        let mut reader = self.db.read().await?;
        let rows = sql::DUE_ORGANISATIONS
            .bind(now)
            .fetch_all(&mut reader)
            .await?;
        drop(reader);
        let mut again = false;
        for row in &rows {
            again |= self.sweep(row.get("organisation_id")?).await?;
        }
        let mut reader = self.db.read().await?;
        let rows = sql::OPEN_QUEUES.bind(now).fetch_all(&mut reader).await?;
        drop(reader);
        for row in &rows {
            let (organisation, plan) = (row.get("organisation_id")?, row.get("id")?);
            again |= self.promote(organisation, plan).await?;
        }
        again |= self.follow().await?;
        again |= self.forget_told().await?;
        self.gauge().await?;
        Ok(if again { Pace::Again } else { Pace::Rest(REST) })
    }
}
