//! Deletes events that have been kept long enough.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use contract::{Clock, Problem, Service, ids::OrganisationId};
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use store::Db;

use crate::sql;

/// Events that one turn deletes, at most.
const PIECE: i64 = 500;
/// How long nothing is looked at when nothing was left to delete.
const REST: Duration = Duration::from_mins(10);

/// Which events may be deleted when they are old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prunable {
    /// All of them: nothing publishes them.
    All,
    /// Those that the relay has published.
    Published,
}

/// Keeps the table of events small. Any number may run.
#[derive(Debug)]
pub struct Pruner {
    db: Db,
    clock: Arc<dyn Clock>,
    keep_days: NonZeroU32,
    prunable: Prunable,
}

impl Pruner {
    /// A pruner; holds no state of its own.
    pub fn new(db: Db, clock: Arc<dyn Clock>, keep_days: NonZeroU32, prunable: Prunable) -> Self {
        Self {
            db,
            clock,
            keep_days,
            prunable,
        }
    }
}

impl Behaviour for Pruner {
    const SERVICE: Service = Service::OutboxRelay;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for Pruner {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let stamp = Cx::system(Service::OutboxRelay, &*self.clock).stamp(&*self.clock);
        let before = stamp.now.plus_days(-i64::from(self.keep_days.get()));
        let only_published = i64::from(self.prunable == Prunable::Published);
        let found = sql::FIND_PRUNABLE
            .bind(before)
            .bind(only_published)
            .fetch_optional(&mut self.db.read().await?)
            .await?;
        let Some(row) = found else {
            return Ok(Pace::Rest(REST));
        };
        let mut tx = self.db.write(&stamp).await?;
        let pruned = sql::PRUNE
            .bind(before)
            .bind(only_published)
            .bind(row.get::<OrganisationId>("organisation_id")?)
            .bind(PIECE)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        // Clocks of nodes differ a little: an old event may lie behind one that is not yet old.
        Ok(if pruned == 0 {
            Pace::Rest(REST)
        } else {
            Pace::Again
        })
    }
}
