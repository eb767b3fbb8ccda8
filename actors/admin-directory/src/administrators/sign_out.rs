//! Ends a session, or all of them.

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
            if message.everywhere {
                sql::DELETE_SESSIONS.bind(id).execute(&mut tx).await?;
            }
            let change = json!({ "everywhere": message.everywhere });
            for organisation in offices(&mut tx, id).await? {
                tx.audit(organisation, "administrator.sign-out", id, change.clone());
            }
            tx.commit().await?;
        }
        Ok(())
    }
}
