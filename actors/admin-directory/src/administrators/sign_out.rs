//! Ends a session.

use contract::{Problem, administrators::SignOutAdministrator};
use kernel::{Cx, Serve};
use serde_json::json;
use store::vault;

use super::offices;
use crate::{AdminDirectory, sql};

impl Serve<SignOutAdministrator> for AdminDirectory {
    async fn serve(&mut self, message: SignOutAdministrator, cx: &Cx) -> Result<(), Problem> {
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let ended = sql::DELETE_SESSION.bind(vault::hash_token(&message.token));
        if let Some(row) = ended.fetch_optional(&mut tx).await? {
            let id = row.get("administrator_id")?;
            for organisation in offices(&mut tx, id).await? {
                tx.audit(organisation, "administrator.sign-out", id, json!({}));
            }
            tx.commit().await?;
        }
        Ok(())
    }
}
