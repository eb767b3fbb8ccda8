//! Tells the trail that a sign-in was refused; not more often than once an hour.

use contract::{Problem, administrators::NoteRefusedAdministrator};
use kernel::{Cx, Serve};
use serde_json::json;

use super::offices;
use crate::{AdminDirectory, sql};

/// What it is called in the audit.
const ACTION: &str = "administrator.refuse-sign-in";
/// How long it is not told again, in seconds: whoever goes on guessing fills no trail.
const TOLD_SECONDS: i64 = 3_600;

impl Serve<NoteRefusedAdministrator> for AdminDirectory {
    async fn serve(&mut self, message: NoteRefusedAdministrator, cx: &Cx) -> Result<(), Problem> {
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        // Of many edges that tell it at once, one is heard.
        let known = sql::LOCK_ADMINISTRATOR.bind(message.email.key());
        let Some(row) = known.fetch_optional(&mut tx).await? else {
            return Ok(());
        };
        // Without a password there is nothing to guess. Nor would a stand-in be told of.
        if row.get::<Option<String>>("password_hash")?.is_none() {
            return Ok(());
        }
        let id = row.get("id")?;
        let told = sql::RECENT_ENTRIES
            .bind(id)
            .bind(ACTION)
            .bind(stamp.now.plus_seconds(-TOLD_SECONDS));
        if told.fetch_one(&mut tx).await?.get::<i64>("entries")? > 0 {
            return Ok(());
        }
        for organisation in offices(&mut tx, id).await? {
            tx.audit(organisation, ACTION, id, json!({}));
        }
        tx.commit().await.map_err(Problem::from)
    }
}
