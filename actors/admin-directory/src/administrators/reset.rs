//! Issues a link with which a forgotten password is set anew.

use contract::{
    Problem,
    administrators::{ResetLink, ResetStarted, StartAdministratorReset},
    organisations::Policies,
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::vault;

use super::offices;
use crate::{AdminDirectory, RESET_MINUTES, sql};

impl Serve<StartAdministratorReset> for AdminDirectory {
    async fn serve(
        &mut self,
        message: StartAdministratorReset,
        cx: &Cx,
    ) -> Result<ResetStarted, Problem> {
        let stamp = cx.stamp(&*self.clock);
        let (token, expires_at) = (
            vault::draw_token(),
            stamp.now.plus_seconds(RESET_MINUTES * 60),
        );
        let mut tx = self.db.write(&stamp).await?;
        let started = sql::START_RESET
            .bind(message.email.key())
            .bind(vault::hash_token(&token))
            .bind(expires_at)
            .fetch_optional(&mut tx)
            .await?;
        let link = match started {
            None => None,
            Some(row) => {
                let id = row.get("id")?;
                for organisation in offices(&mut tx, id).await? {
                    tx.audit(organisation, "administrator.start-reset", id, json!({}));
                }
                let last = sql::LAST_POLICIES.bind(id);
                let last = last.fetch_optional(&mut tx).await?;
                let policies: Option<Policies> =
                    last.map(|row| row.json("policies")).transpose()?;
                Some(ResetLink {
                    email: row.get("email")?,
                    token,
                    expires_at,
                    language: policies.unwrap_or_default().language,
                })
            }
        };
        tx.commit().await?;
        Ok(ResetStarted { link })
    }
}
