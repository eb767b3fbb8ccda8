//! What becomes due by itself: seats that nobody proved a right to return to the pool, and whoever
//! waits gets them, and what else is free. Also keeps the gauges.

mod ahead;
mod follow;
mod lost;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use contract::{
    Clock, Problem, Service, Timestamp,
    events::Event,
    ids::{OrganisationId, PlanId},
    seats::Status,
};
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use serde::Serialize;
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

/// How many rows are looked at, or changed, at a time.
const PIECE: u64 = 500;

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
    /// Where they are followed at this moment.
    following: Option<follow::Round>,
    /// When everybody was last looked at whose proof may be lost; only spares work.
    looked: Option<Timestamp>,
    /// Whose work failed: it is left alone until everything else is done.
    failed: BTreeSet<OrganisationId>,
    /// Whether it was said that a clock is, or was, ahead.
    told_ahead: bool,
}

#[derive(Serialize)]
struct Failed {
    id: OrganisationId,
}

/// How a look at all organisations went: whether there may be more. Whatever becomes of one, the others
/// are taken.
fn looked(what: &'static str, look: Result<bool, Problem>) -> bool {
    look.unwrap_or_else(|problem| {
        tracing::warn!(what, %problem, "a look of the sweeper failed");
        false
    })
}

impl SeatSweeper {
    /// A sweeper; what it has done already it may do again.
    pub fn new(db: Db, clock: Arc<dyn Clock>, metrics: SeatMetrics) -> Self {
        Self {
            db,
            clock,
            metrics,
            followed: None,
            following: None,
            looked: None,
            failed: BTreeSet::new(),
            told_ahead: false,
        }
    }

    /// How a piece of an organisation's work went: whether there may be more. What fails is told to
    /// the log and holds up nobody else.
    fn went(&mut self, organisation: OrganisationId, piece: Result<bool, Problem>) -> bool {
        piece.unwrap_or_else(|problem| {
            tracing::warn!(%organisation, %problem, "an organisation was not swept");
            self.failed.insert(organisation);
            false
        })
    }

    fn failed(&self) -> Vec<Failed> {
        self.failed.iter().map(|id| Failed { id: *id }).collect()
    }

    /// Returns what is due; answers whether there may be more.
    async fn return_due(&mut self, now: Timestamp) -> Result<bool, Problem> {
        let mut reader = self.db.read().await?;
        let due = sql::DUE_ORGANISATIONS.bind(now).bind_rows(&self.failed());
        let rows = due.fetch_all(&mut reader).await?;
        drop(reader);
        let mut again = false;
        for row in &rows {
            let organisation = row.get("organisation_id")?;
            let swept = self.sweep(organisation).await;
            again |= self.went(organisation, swept);
        }
        Ok(again)
    }

    /// Gives what is free to whoever waits; answers whether there may be more.
    async fn open_queues(&mut self, now: Timestamp) -> Result<bool, Problem> {
        let mut reader = self.db.read().await?;
        let open = sql::OPEN_QUEUES.bind(now).bind_rows(&self.failed());
        let rows = open.fetch_all(&mut reader).await?;
        drop(reader);
        let mut again = false;
        for row in &rows {
            let (organisation, plan) = (row.get("organisation_id")?, row.get("id")?);
            if !self.failed.contains(&organisation) {
                let promoted = self.promote(organisation, plan).await;
                again |= self.went(organisation, promoted);
            }
        }
        Ok(again)
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
        let (theirs, others): (Vec<_>, Vec<_>) = due.into_iter().partition(Mover::is_theirs);
        settle_all(&mut tx, &mut books, &theirs).await?;
        return_seats(&mut tx, &mut books, &others).await?;
        for plan in plans {
            queue::promote(&mut tx, &mut books, plan).await?;
        }
        books.write(&mut tx).await?;
        tx.commit().await?;
        tracing::info!(
            %organisation,
            settled = theirs.len(),
            returned = others.len(),
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

    async fn gauge(&mut self) -> Result<bool, Problem> {
        let mut reader = self.db.read().await?;
        let rows = sql::PLAN_NUMBERS.fetch_all(&mut reader).await?;
        self.metrics.show(&rows)?;
        Ok(false)
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
        let failed = self.failed.len();
        // Where the database is away nothing else is tried.
        let mut again = self.return_due(now).await?;
        again |= looked("queues", self.open_queues(now).await);
        again |= looked("lost proofs", self.settle_lost().await);
        again |= looked("changed accounts", self.follow().await);
        again |= looked("told seats", self.forget_told().await);
        looked("gauges", self.gauge().await);
        looked("clocks", self.look_ahead().await);
        // Each look is at so many organisations: there may be others behind those that failed.
        if again || self.failed.len() > failed {
            return Ok(Pace::Again);
        }
        self.failed.clear();
        Ok(Pace::Rest(REST))
    }
}
