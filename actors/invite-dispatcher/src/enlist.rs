//! Hands the rows of sent batches to the couriers, takes those of cancelled ones back, a piece of each
//! in turn, and lets a batch rest of which too much came back. That nothing is left of one, the courier
//! finds.

use std::{sync::Arc, time::Duration};

use contract::{
    Clock, DomainName, Problem, Service, Stamp,
    ids::{BatchId, InviteId, OrganisationId},
    organisations::Policies,
};
use kernel::{Behaviour, Pace, Routes, Work};
use serde::Serialize;
use store::{Db, Row, StoreError, vault::Vault};
use tokio::sync::Notify;

use crate::{
    batches::{self, Key, classify, sql},
    options::MailOptions,
    rest::Guard,
    turns::{Turns, Waiting},
};

/// How many rows one transaction moves: short enough for whoever waits for the same lock.
const PIECE: u64 = 1_000;
/// How long nothing is looked for when nobody nudges.
const REST: Duration = Duration::from_secs(1);
/// In how many looks the results of batches are looked at once: they are many.
const LOOKS: u8 = 3;

/// Moves the rows of batches on. Any number may run: each piece is taken under the lock of its
/// history.
#[derive(Debug)]
pub struct Enlister {
    guard: Guard,
    db: Db,
    vault: Vault,
    clock: Arc<dyn Clock>,
    courier: Arc<Notify>,
    looks: u8,
    turns: Turns,
}

#[derive(Serialize)]
struct Classified {
    id: InviteId,
    reason: Option<String>,
}

impl Enlister {
    /// A worker; what it remembers is whose turn it is. `options` say where the pages are to which
    /// letters lead; `courier` wakes the couriers of this process.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        vault: Vault,
        options: &MailOptions,
        courier: Arc<Notify>,
    ) -> Self {
        let guard = Guard::new(db.clone(), Arc::clone(&clock), vault.clone(), options);
        Self {
            guard,
            db,
            vault,
            clock,
            courier,
            looks: 0,
            turns: Turns::default(),
        }
    }

    fn stamp(&self, id: BatchId) -> Stamp {
        Stamp {
            now: self.clock.now(),
            actor: "system:invite-dispatcher".to_owned(),
            request_id: format!("enlist-{id}"),
        }
    }

    /// The batches with rows to be moved on, the next one first.
    async fn waiting(&mut self) -> Result<Vec<Waiting>, Problem> {
        let mut reader = self.db.read().await?;
        let rows = sql::TO_MOVE.query().planned_anew();
        let rows = rows.fetch_all(&mut reader).await?;
        let read = |row: &Row| {
            Ok(Waiting {
                organisation: row.get("organisation_id")?,
                batch: row.get("id")?,
                is_cancelled: row.get::<i64>("is_cancelled")? == 1,
            })
        };
        let mut waiting = rows
            .iter()
            .map(read)
            .collect::<Result<Vec<_>, StoreError>>()?;
        self.turns.order(&mut waiting);
        Ok(waiting)
    }

    /// Looks at the next drafts again, and queues or skips them; whether there were any.
    async fn enlist(&self, organisation: OrganisationId, id: BatchId) -> Result<bool, Problem> {
        let stamp = self.stamp(id);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let batch = batches::find(&mut tx, organisation, id).await?;
        if batch.get::<Option<i64>>("cancelled_at")?.is_some() {
            return Ok(false);
        }
        let policies: Policies = batch.json("policies")?;
        let allowed: Vec<DomainName> = batch.json("allowed_domains")?;
        let is_gone = batch.get::<Option<i64>>("archived_at")?.is_some();
        let drafts = sql::DRAFTS.bind(id).bind(PIECE).planned_anew();
        let drafts = drafts.fetch_all(&mut tx).await?;
        let rows: Vec<(InviteId, Key)> = drafts
            .iter()
            .map(|row| {
                let (key, domain) = (row.get("email_key")?, row.get("domain")?);
                Ok((row.get("id")?, Key::new(&self.vault, key, domain)))
            })
            .collect::<Result<_, StoreError>>()?;
        let keys: Vec<_> = rows.iter().map(|(_, key)| key.clone()).collect();
        let about = (organisation, id);
        let reasons = classify(&mut tx, about, &keys, &allowed, false, stamp.now).await?;
        let classified: Vec<_> = rows
            .into_iter()
            .map(|(id, key)| Classified {
                id,
                reason: if is_gone {
                    Some("link-deleted".to_owned())
                } else {
                    reasons.get(&key.address).cloned()
                },
            })
            .collect();
        sql::ENLIST
            .bind_rows(&classified)
            .bind(stamp.now.plus_days(i64::from(policies.invite_days)))
            .planned_anew()
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.courier.notify_one();
        Ok(!classified.is_empty())
    }

    /// Takes rows of a cancelled batch back; whether one was there that nobody else had.
    async fn withdraw(&self, organisation: OrganisationId, id: BatchId) -> Result<bool, Problem> {
        let stamp = self.stamp(id);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let withdraw = sql::WITHDRAW.bind(id).bind(stamp.now).bind(PIECE);
        let moved = withdraw.execute(&mut tx).await?;
        tx.commit().await?;
        Ok(moved > 0)
    }
}

impl Behaviour for Enlister {
    const SERVICE: Service = Service::InviteDispatcher;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for Enlister {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let is_looked_at = self.looks == 0;
        // Before it is: what fails at every look does not keep rows from moving on.
        self.looks = (self.looks + 1) % LOOKS;
        if is_looked_at && self.guard.look().await? {
            self.courier.notify_one();
        }
        for one in self.waiting().await? {
            self.turns.take(one);
            let (organisation, id) = (one.organisation, one.batch);
            let is_moved = if one.is_cancelled {
                self.withdraw(organisation, id).await?
            } else {
                self.enlist(organisation, id).await?
            };
            if is_moved {
                return Ok(Pace::Again);
            }
        }
        Ok(Pace::Rest(REST))
    }
}
