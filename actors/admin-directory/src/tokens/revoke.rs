//! Ends an API token.

use contract::{
    Kind, Problem,
    tokens::{RevokeToken, TokenEntry},
};
use kernel::{Cx, Serve};
use serde_json::json;

use super::list::entry;
use crate::{AdminDirectory, sql};

impl Serve<RevokeToken> for AdminDirectory {
    async fn serve(&mut self, message: RevokeToken, cx: &Cx) -> Result<TokenEntry, Problem> {
        let RevokeToken { organisation, id } = message;
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        let revoked = sql::REVOKE_TOKEN
            .bind(organisation)
            .bind(id)
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        let found = sql::FIND_TOKEN.bind(organisation).bind(id);
        let row = found.fetch_optional(&mut tx).await?;
        let entry = entry(&row.ok_or_else(|| Problem::new(Kind::NotFound))?)?;
        if revoked > 0 {
            // As with their making: the operator's own are told of by the log.
            if let Some(organisation) = organisation {
                let change = json!({ "name": entry.name });
                tx.audit(organisation, "token.revoke", id, change);
            } else {
                tracing::warn!(token = %id, name = %entry.name, "operator token revoked");
            }
            tx.commit().await?;
        }
        Ok(entry)
    }
}
