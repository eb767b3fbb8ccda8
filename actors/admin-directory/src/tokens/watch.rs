//! Says in the log of a node which tokens of the operator are made and revoked, by whatever process.

use std::{collections::HashMap, time::Duration};

use contract::{Problem, Service, Timestamp, ids::TokenId, text::Name};
use kernel::{Behaviour, Pace, Routes, Work};
use store::Db;

use crate::sql;

/// How long nothing is looked at.
const REST: Duration = Duration::from_mins(1);

/// Looks what has become of the operator's tokens since the last look. Every node may do it.
#[derive(Debug)]
pub struct TokenWatch {
    db: Db,
    /// Whether those of the last look were revoked; `None` before the first, which tells of none.
    known: Option<HashMap<TokenId, bool>>,
}

impl TokenWatch {
    /// Begins with whatever tokens there are.
    pub fn new(db: Db) -> Self {
        Self { db, known: None }
    }
}

impl Behaviour for TokenWatch {
    const SERVICE: Service = Service::AdminDirectory;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for TokenWatch {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let rows = sql::WATCH_TOKENS
            .fetch_all(&mut self.db.read().await?)
            .await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            let token: TokenId = row.get("id")?;
            let name: Name = row.get("name")?;
            let is_revoked = row.get::<Option<Timestamp>>("revoked_at")?.is_some();
            if let Some(known) = &self.known {
                let before = known.get(&token);
                if before.is_none() {
                    tracing::warn!(%token, %name, "an operator token was made");
                }
                if is_revoked && before != Some(&true) {
                    tracing::warn!(%token, %name, "an operator token was revoked");
                }
            }
            found.insert(token, is_revoked);
        }
        if self.known.is_none() {
            let good = found.values().filter(|is_revoked| !**is_revoked).count();
            tracing::info!(good, "operator tokens that nobody revoked");
        }
        self.known = Some(found);
        Ok(Pace::Rest(REST))
    }
}
