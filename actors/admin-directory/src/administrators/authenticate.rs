//! Whose session a cookie is. The hot path of the Subscription Manager: one statement for a batch.

use std::collections::{HashMap, hash_map::Entry};

use contract::{
    Kind, Problem,
    administrators::{AuthenticateSession, Office, SignedIn},
};
use kernel::{Asked, ServeMany};
use store::{Row, StoreError};

use super::role;
use crate::{AdminDirectory, secrets, sql};

impl ServeMany<AuthenticateSession> for AdminDirectory {
    async fn serve_many(
        &mut self,
        batch: &[Asked<AuthenticateSession>],
    ) -> Result<Vec<Result<SignedIn, Problem>>, Problem> {
        let hashes = secrets::hashes(batch.iter().map(|asked| &asked.message.token));
        let mut db = self.db.read().await?;
        let rows = sql::AUTHENTICATE_SESSIONS
            .bind_rows(&secrets::keys(&hashes))
            .bind(self.clock.now())
            .fetch_all(&mut db)
            .await?;
        let sessions = sessions(&rows)?;
        // Without an office there is no row, and nothing to be signed in to.
        let nobodys = || Problem::new(Kind::Unauthenticated);
        Ok(hashes
            .iter()
            .map(|hash| sessions.get(hash).cloned().ok_or_else(nobodys))
            .collect())
    }
}

/// Each session with every office of its administrator; a row is one office.
fn sessions(rows: &[Row]) -> Result<HashMap<String, SignedIn>, StoreError> {
    let mut sessions = HashMap::new();
    for row in rows {
        let office = Office {
            organisation: row.get("organisation_id")?,
            name: row.get("name")?,
            role: role(row)?,
        };
        match sessions.entry(row.get("token_hash")?) {
            Entry::Occupied(mut session) => {
                let session: &mut SignedIn = session.get_mut();
                session.organisations.push(office);
            }
            Entry::Vacant(session) => {
                session.insert(SignedIn {
                    administrator: row.get("id")?,
                    email: row.get("email")?,
                    organisations: vec![office],
                });
            }
        }
    }
    Ok(sessions)
}
