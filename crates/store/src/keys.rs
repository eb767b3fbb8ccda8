//! The installation's own secrets: made once, kept in the database, unless they are configured.

use contract::Secret;

use crate::{
    connection::Tx,
    database::{Database, Db},
    error::StoreError,
    vault::draw_token,
};

crate::statements! { own
    /// Makes a key that is missing.
    pub(crate) MAKE_KEY = "
        insert into installation_keys (name, secret, created_at)
        values ($1, $2, now_micros())
        on conflict do nothing";

    /// Reads a key.
    pub(crate) READ_KEY = "
        select secret
        from installation_keys
        where name = $1";
}

/// The names of the keys: what signs callers on the bus, and what seals secrets at rest.
const NAMES: [&str; 2] = ["bus", "sealing"];

impl Database {
    /// Makes the keys that are missing.
    pub async fn ensure_keys(&self) -> Result<(), StoreError> {
        let db = self.open("keys").await?;
        let mut tx = db.begin().await?;
        for name in NAMES {
            MAKE_KEY
                .bind(name)
                .bind(draw_token().expose())
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await
    }

    /// A key that `ensure_keys` made: `bus` or `sealing`.
    pub async fn key(&self, name: &str) -> Result<Secret, StoreError> {
        let db = self.open("keys").await?;
        let row = READ_KEY.bind(name).fetch_one(&mut db.read().await?).await?;
        row.get::<String>("secret").map(Secret::new)
    }
}

impl Db {
    /// A transaction of the store's own housekeeping, which leaves no trace in any history.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        let stamp = contract::Stamp {
            now: contract::Timestamp::from_micros(0),
            actor: "system:store".to_owned(),
            request_id: String::new(),
        };
        self.write(&stamp).await
    }
}
