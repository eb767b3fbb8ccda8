//! Deletes the answers that are not kept any more, and the letters that count for nothing any more.

use std::{sync::Arc, time::Duration};

use contract::{Clock, Problem, Service, idempotency::KEEP_HOURS};
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use store::Db;

use crate::{LETTER_DAYS, sql};

/// The most rows of one transaction.
const PIECE: i64 = 1_000;
/// How long nothing is looked at when nothing was left to delete.
const REST: Duration = Duration::from_mins(10);

/// Keeps the tables of attempts and of letters small. Any number may run.
#[derive(Debug)]
pub struct AttemptSweeper {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl AttemptSweeper {
    /// A sweeper; holds no state of its own.
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

impl Behaviour for AttemptSweeper {
    const SERVICE: Service = Service::AdminDirectory;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for AttemptSweeper {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let stamp = Cx::system(Service::AdminDirectory, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        let swept = sql::SWEEP_ATTEMPTS
            .bind(KEEP_HOURS * 3_600_000_000)
            .bind(PIECE)
            .execute(&mut tx)
            .await?;
        let letters = sql::SWEEP_LETTERS
            .bind(stamp.now.plus_days(-LETTER_DAYS))
            .bind(PIECE);
        let letters = letters.execute(&mut tx).await?;
        tx.commit().await?;
        Ok(if swept + letters == 0 {
            Pace::Rest(REST)
        } else {
            Pace::Again
        })
    }
}
