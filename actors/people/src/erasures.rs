//! Forgets whoever was erased from their last organisation.

use std::{sync::Arc, time::Duration};

use contract::{Clock, Problem, Service};
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use store::Db;

use crate::sql;

/// How long nothing is looked for when nobody was to be forgotten.
const REST: Duration = Duration::from_mins(1);

/// Deletes accounts that are to be forgotten, with passwords, proofs and sessions. Any number may
/// run.
#[derive(Debug)]
pub struct ErasureSweeper {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl ErasureSweeper {
    /// A sweeper; holds no state of its own.
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

impl Behaviour for ErasureSweeper {
    const SERVICE: Service = Service::People;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for ErasureSweeper {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let stamp = Cx::system(Service::People, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        let forgotten = sql::DELETE_ERASED.query().execute(&mut tx).await?;
        tx.commit().await?;
        if forgotten == 0 {
            return Ok(Pace::Rest(REST));
        }
        tracing::info!(accounts = forgotten, "forgot whoever was erased");
        Ok(Pace::Again)
    }
}
