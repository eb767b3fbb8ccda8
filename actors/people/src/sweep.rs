//! Deletes proofs that ended long ago, mailboxes that have been told that they are no account's any more, and
//! accounts that nobody proved and on which nothing hangs.

use std::{sync::Arc, time::Duration};

use contract::{Clock, Problem, Service, ids::AccountId};
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use serde::Serialize;
use store::{Db, StoreError, Tx};

use crate::sql;

/// How long an ended proof is kept, in days.
const KEEP_DAYS: i64 = 30;
/// How long nothing is looked at when nothing was left to delete.
const REST: Duration = Duration::from_hours(1);

#[derive(Serialize)]
struct Abandoned {
    id: AccountId,
}

/// Keeps the table of proofs small, and the addresses of people who never were there in none. Any
/// number may run.
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

/// Deletes accounts that nobody proved, once the last letter to them is forgotten, with passwords and
/// sessions that are over: whoever was refused a seat, or lost it, and never came back.
///
/// They are looked at again once nobody else can get hold of them, as somebody may have meanwhile.
async fn forget(tx: &mut Tx) -> Result<u64, StoreError> {
    let now = tx.stamp().now;
    let rows = sql::LOCK_ABANDONED.bind(now).fetch_all(tx).await?;
    let abandoned = rows.iter().map(|row| Ok(Abandoned { id: row.get("id")? }));
    let abandoned = abandoned.collect::<Result<Vec<_>, StoreError>>()?;
    if abandoned.is_empty() {
        return Ok(0);
    }
    let delete = sql::DELETE_ABANDONED.bind_rows(&abandoned).bind(now);
    delete.execute(tx).await
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
        let told = sql::FORGET_TOLD.query().execute(&mut tx).await?;
        let forgotten = forget(&mut tx).await?;
        tx.commit().await?;
        if forgotten > 0 {
            tracing::info!(accounts = forgotten, "forgot accounts that nobody proved");
        }
        Ok(if swept + told + forgotten == 0 {
            Pace::Rest(REST)
        } else {
            Pace::Again
        })
    }
}
