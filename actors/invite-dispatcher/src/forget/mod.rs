//! Forgets addresses and names: of whoever was erased from an organisation, and of invites that nobody
//! answered in time. Rows stay, under a pseudonym, so that whatever was counted still adds up.

mod erased;
mod over;
mod spelled;
pub(crate) mod sql;

use std::{sync::Arc, time::Duration};

use contract::{
    Clock, Problem, Service, Timestamp,
    ids::{InviteId, OrganisationId},
};
use data_encoding::BASE32_NOPAD;
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use serde::Serialize;
use store::{Db, Redaction, StoreError, Tx, vault::Vault};

/// How long nothing is looked for when nothing was to be forgotten.
const REST: Duration = Duration::from_mins(1);
/// Everybody, as a suppression names them.
const EVERYBODY: &str = "";
/// How many rows one transaction changes.
const PIECE: u64 = 500;

/// Forgets what is to be forgotten. Any number may run: each row is forgotten once.
#[derive(Debug)]
pub struct Forgetter {
    db: Db,
    clock: Arc<dyn Clock>,
    vault: Vault,
    /// For how many days after its end an invite is kept that nobody accepted.
    keep_days: u32,
}

impl Forgetter {
    /// A worker; holds no state of its own. The vault is the one that invites are made with: what it
    /// makes of an address is all that a suppression keeps of whoever was erased.
    pub fn new(db: Db, clock: Arc<dyn Clock>, vault: Vault, keep_days: u32) -> Self {
        Self {
            db,
            clock,
            vault,
            keep_days,
        }
    }
}

impl Behaviour for Forgetter {
    const SERVICE: Service = Service::InviteDispatcher;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for Forgetter {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let stamp = Cx::system(Service::InviteDispatcher, &*self.clock).stamp(&*self.clock);
        let more = [
            erased::forget(&self.db, &self.vault, &stamp).await?,
            over::forget(&self.db, &self.vault, &stamp, self.keep_days).await?,
        ];
        Ok(if more.contains(&true) {
            Pace::Again
        } else {
            Pace::Rest(REST)
        })
    }
}

/// What a suppression keeps of an address whose owner was erased: nothing that tells the address, and
/// still the same for the same one.
pub(crate) fn suppressed(vault: &Vault, key: &str) -> String {
    let made = vault.make("suppressed", key.as_bytes());
    let made = BASE32_NOPAD.encode(&made).to_ascii_lowercase();
    format!("{made}@suppressed.invalid")
}

/// What was said of an address until an instant, in an organisation or, `''`, to everybody, goes on without
/// it.
async fn keep_suppressed(
    tx: &mut Tx,
    (key, organisation): (&str, &str),
    pseudonym: &str,
    until: Timestamp,
) -> Result<(), StoreError> {
    let keep = sql::KEEP_SUPPRESSED.bind(key).bind(organisation);
    keep.bind(pseudonym).bind(until).execute(tx).await?;
    let drop = sql::DROP_SUPPRESSION.bind(key).bind(organisation);
    drop.bind(until).execute(tx).await?;
    Ok(())
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Row {
    id: InviteId,
}

#[derive(Debug, Serialize)]
struct Key {
    key: String,
}

/// What was forgotten of invites.
#[derive(Debug, Default)]
struct Forgotten {
    invites: Vec<Row>,
    /// Where they went before they were corrected.
    earlier: Vec<Key>,
}

/// Whose invites are forgotten.
#[derive(Clone, Copy, Debug)]
enum Whose {
    /// Somebody's who was erased: none can be accepted any more.
    Erased,
    /// Nobody's who accepted, and over before this.
    OverBefore(Timestamp),
}

/// Takes address and name out of invites that nobody else has at this moment, and out of the trail.
/// Answers which.
async fn forget_invites(
    tx: &mut Tx,
    organisation: OrganisationId,
    invites: &[Row],
    whose: Whose,
) -> Result<Forgotten, StoreError> {
    if invites.is_empty() {
        return Ok(Forgotten::default());
    }
    let now = tx.stamp().now;
    let forget = sql::FORGET_INVITES.bind_rows(invites).bind(now);
    let (is_withdrawn, before) = match whose {
        Whose::Erased => (1_i64, None),
        Whose::OverBefore(at) => (0, Some(at)),
    };
    let forget = forget.bind(is_withdrawn).bind(before);
    let rows = forget.fetch_all(tx).await?;
    let forgotten = rows.iter().map(|row| Ok(Row { id: row.get("id")? }));
    let forgotten = forgotten.collect::<Result<Vec<_>, StoreError>>()?;
    let earlier = sql::FORGET_EARLIER.bind_rows(&forgotten);
    let earlier = keys(&earlier.fetch_all(tx).await?)?;
    redact(tx, organisation, &forgotten).await?;
    Ok(Forgotten {
        invites: forgotten,
        earlier,
    })
}

/// The addresses of rows.
fn keys(rows: &[store::Row]) -> Result<Vec<Key>, StoreError> {
    let key = |row: &store::Row| {
        let key = row.get("email_key")?;
        Ok(Key { key })
    };
    rows.iter().map(key).collect()
}

/// Who wants to hear of nobody is heeded without their address, once no organisation has an invite to it.
async fn keep_wishes(tx: &mut Tx, vault: &Vault, keys: &[Key]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let now = tx.stamp().now;
    for row in sql::UNKNOWN_WISHES.bind_rows(keys).fetch_all(tx).await? {
        let key: String = row.get("email_key")?;
        let pseudonym = suppressed(vault, &key);
        keep_suppressed(tx, (&key, EVERYBODY), &pseudonym, now).await?;
    }
    Ok(())
}

/// Takes the addresses of invites out of the trail.
async fn redact(
    tx: &mut Tx,
    organisation: OrganisationId,
    invites: &[Row],
) -> Result<(), StoreError> {
    let of: Vec<_> = invites.iter().map(|row| Redaction::of(row.id)).collect();
    tx.redact(organisation, &of).await
}
