//! Forgets whoever was erased from their last organisation.

use std::{sync::Arc, time::Duration};

use contract::{
    Clock, Problem, Service,
    ids::{AccountId, OrganisationId},
};
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use serde::Serialize;
use serde_json::json;
use store::{Db, Row, StoreError, Tx};

use crate::sql;

/// How long nothing is looked for when nobody was to be forgotten.
const REST: Duration = Duration::from_mins(1);

#[derive(Serialize)]
struct Forgotten {
    id: AccountId,
}

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

fn accounts(rows: &[Row]) -> Result<Vec<Forgotten>, StoreError> {
    rows.iter()
        .map(|row| Ok(Forgotten { id: row.get("id")? }))
        .collect()
}

/// Tells it where they were erased last, by which the account went.
async fn tell(tx: &mut Tx, forgotten: &[Forgotten]) -> Result<(), StoreError> {
    let last = sql::LAST_ERASURES
        .bind_rows(forgotten)
        .fetch_all(tx)
        .await?;
    for row in last {
        let account: AccountId = row.get("account_id")?;
        let organisation: OrganisationId = row.get("organisation_id")?;
        tx.audit(organisation, "account.delete", account, json!({}));
    }
    Ok(())
}

impl Behaviour for ErasureSweeper {
    const SERVICE: Service = Service::People;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for ErasureSweeper {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let stamp = Cx::system(Service::People, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        // Looked at again once nobody else can get hold of them, as somebody may have meanwhile.
        let erased = accounts(&sql::LOCK_ERASED.fetch_all(&mut tx).await?)?;
        let delete = sql::DELETE_ERASED.bind_rows(&erased);
        let forgotten = accounts(&delete.fetch_all(&mut tx).await?)?;
        if forgotten.is_empty() {
            return Ok(Pace::Rest(REST));
        }
        tell(&mut tx, &forgotten).await?;
        tx.commit().await?;
        tracing::info!(accounts = forgotten.len(), "forgot whoever was erased");
        Ok(Pace::Again)
    }
}
