//! Whose token it is. The hot path of the JSON API: one statement for a batch.

use std::collections::HashMap;

use contract::{
    Kind, Problem,
    tokens::{AuthenticateToken, TokenGrant},
};
use kernel::{Asked, ServeMany};
use store::{Row, StoreError};

use crate::{AdminDirectory, administrators::role, secrets, sql};

impl ServeMany<AuthenticateToken> for AdminDirectory {
    async fn serve_many(
        &mut self,
        batch: &[Asked<AuthenticateToken>],
    ) -> Result<Vec<Result<TokenGrant, Problem>>, Problem> {
        let hashes = secrets::hashes(batch.iter().map(|asked| &asked.message.token));
        let mut db = self.db.read().await?;
        let rows = sql::AUTHENTICATE_TOKENS
            .bind_rows(&secrets::keys(&hashes))
            .bind(self.clock.now())
            .fetch_all(&mut db)
            .await?;
        let grants = rows
            .iter()
            .map(|row| Ok((row.get("token_hash")?, grant(row)?)))
            .collect::<Result<HashMap<String, _>, StoreError>>()?;
        let nobodys = || Problem::new(Kind::Unauthenticated);
        Ok(hashes
            .iter()
            .map(|hash| grants.get(hash).cloned().ok_or_else(nobodys))
            .collect())
    }
}

fn grant(row: &Row) -> Result<TokenGrant, StoreError> {
    let organisation = row.get("organisation_id")?;
    Ok(TokenGrant {
        id: row.get("id")?,
        organisation,
        role: role(row)?,
    })
}
