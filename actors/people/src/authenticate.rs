//! Serves [`AuthenticatePerson`]: one statement for a batch.

use std::collections::{BTreeSet, HashMap};

use contract::{
    Kind, Problem, Timestamp,
    accounts::{AuthenticatePerson, SignedInPerson},
};
use kernel::{Asked, ServeMany};
use serde::Serialize;
use store::{Row, StoreError, vault::hash_token};

use crate::{People, sql};

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Key<'a> {
    hash: &'a str,
}

impl ServeMany<AuthenticatePerson> for People {
    async fn serve_many(
        &mut self,
        batch: &[Asked<AuthenticatePerson>],
    ) -> Result<Vec<Result<SignedInPerson, Problem>>, Problem> {
        let tokens = batch.iter().map(|asked| &asked.message.token);
        let hashes: Vec<_> = tokens.map(hash_token).collect();
        let distinct: BTreeSet<_> = hashes.iter().map(|hash| Key { hash }).collect();
        let mut reader = self.db.read().await?;
        let rows = sql::AUTHENTICATE_SESSIONS
            .bind_rows(&distinct.into_iter().collect::<Vec<_>>())
            .bind(self.clock.now())
            .fetch_all(&mut reader)
            .await?;
        let people = rows
            .iter()
            .map(|row| Ok((row.get("token_hash")?, person(row)?)))
            .collect::<Result<HashMap<String, _>, StoreError>>()?;
        let nobodys = || Problem::new(Kind::Unauthenticated);
        Ok(hashes
            .iter()
            .map(|hash| people.get(hash).cloned().ok_or_else(nobodys))
            .collect())
    }
}

fn person(row: &Row) -> Result<SignedInPerson, StoreError> {
    let proved_at: Option<Timestamp> = row.get("proved_at")?;
    Ok(SignedInPerson {
        account_id: row.get("id")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        email: row.get("email")?,
        is_proved: proved_at.is_some(),
    })
}
