//! Makes an API token, which is shown this once.

use contract::{
    Problem,
    ids::TokenId,
    tokens::{CreateToken, TokenCreated},
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::vault;

use crate::{AdminDirectory, sql};

impl Serve<CreateToken> for AdminDirectory {
    async fn serve(&mut self, message: CreateToken, cx: &Cx) -> Result<TokenCreated, Problem> {
        let CreateToken {
            organisation,
            name,
            role,
            expires_at,
        } = message;
        let stamp = cx.stamp(&*self.clock);
        if expires_at.is_some_and(|at| at <= stamp.now) {
            let detail = "The end must be in the future.";
            return Err(Problem::invalid("expires_at", "past", detail));
        }
        let made = TokenCreated {
            id: TokenId::new(self.clock.ulid()),
            token: vault::draw_token(),
        };
        let mut tx = self.db.write(&stamp).await?;
        if let Some(organisation) = organisation {
            let found = sql::FIND_ORGANISATION
                .bind(organisation)
                .fetch_optional(&mut tx)
                .await?;
            if found.is_none() {
                let detail = "There is no such organisation.";
                return Err(Problem::invalid("organisation", "unknown", detail));
            }
        }
        sql::INSERT_TOKEN
            .bind(made.id)
            .bind(organisation)
            .bind(&name)
            .bind(role.name())
            .bind(vault::hash_token(&made.token))
            .bind(expires_at)
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        // The trail is an organisation's; the operator's own tokens are told of by the log, at a level
        // that the command line shows.
        if let Some(organisation) = organisation {
            let change = json!({ "name": name, "role": role, "expires_at": expires_at });
            tx.audit(organisation, "token.create", made.id, change);
        } else {
            tracing::warn!(token = %made.id, %name, "operator token made");
        }
        tx.commit().await?;
        Ok(made)
    }
}
