//! Deletes proofs that ended long ago.

use std::{sync::Arc, time::Duration};

use contract::{Clock, Problem, Service};
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use store::Db;

use crate::sql;

/// How long an ended proof is kept, in days.
const KEEP_DAYS: i64 = 30;
/// How long nothing is looked at when nothing was left to delete.
const REST: Duration = Duration::from_hours(1);

/// Keeps the table of proofs small. Any number may run.
#[derive(Debug)]
pub struct ProofSweeper {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl ProofSweeper {
    /// A sweeper; holds no state of its own.
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

impl Behaviour for ProofSweeper {
    const SERVICE: Service = Service::People;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for ProofSweeper {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let stamp = Cx::system(Service::People, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        let ended = stamp.now.plus_days(-KEEP_DAYS);
        let swept = sql::SWEEP_PROOFS.bind(ended).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(if swept == 0 {
            Pace::Rest(REST)
        } else {
            Pace::Again
        })
    }
}
