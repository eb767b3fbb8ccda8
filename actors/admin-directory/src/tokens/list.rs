//! The API tokens of an organisation, or the operator's.

use contract::{
    Cursor, Page, Problem,
    ids::TokenId,
    tokens::{ListTokens, TokenEntry},
};
use kernel::{Cx, Serve};
use store::{Row, StoreError};

use crate::{AdminDirectory, administrators::role, sql};

/// A token from its row.
pub(super) fn entry(row: &Row) -> Result<TokenEntry, StoreError> {
    Ok(TokenEntry {
        id: row.get("id")?,
        name: row.get("name")?,
        role: role(row)?,
        expires_at: row.get("expires_at")?,
        revoked_at: row.get("revoked_at")?,
        created_at: row.get("created_at")?,
    })
}

impl Serve<ListTokens> for AdminDirectory {
    async fn serve(&mut self, message: ListTokens, _: &Cx) -> Result<Page<TokenEntry>, Problem> {
        let wanted = message.page.rows();
        let mut db = self.db.read().await?;
        let tokens = match message.organisation {
            Some(organisation) => sql::LIST_TOKENS.bind(organisation),
            None => sql::LIST_OPERATOR_TOKENS.query(),
        };
        let rows = tokens
            .bind(message.page.after::<TokenId>()?)
            .bind(wanted as u64 + 1)
            .fetch_all(&mut db)
            .await?;
        let entries = rows.iter().map(entry).collect::<Result<_, _>>()?;
        Ok(Page::cut(entries, wanted, |token: &TokenEntry| {
            Cursor(token.id.to_string())
        }))
    }
}
