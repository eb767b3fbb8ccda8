//! Serves [`NoteRefusedSignIn`].

use contract::{Problem, accounts::NoteRefusedSignIn, ids::AccountId};
use kernel::{Cx, Serve};
use serde_json::json;

use crate::{People, proof::lock, sql, trail};

/// What it is called in the audit.
const ACTION: &str = "account.refuse-sign-in";
/// How long it is not told again, in seconds: whoever goes on guessing fills no trail.
const TOLD_SECONDS: i64 = 3_600;

impl Serve<NoteRefusedSignIn> for People {
    async fn serve(&mut self, message: NoteRefusedSignIn, cx: &Cx) -> Result<(), Problem> {
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        let find = sql::FIND_ACCOUNT.bind(message.email.key());
        let Some(row) = find.fetch_optional(&mut tx).await? else {
            return Ok(());
        };
        let account: AccountId = row.get("id")?;
        // Of many edges that tell it at once, one is heard.
        lock(&mut tx, account).await?;
        let told = sql::COUNT_TOLD
            .bind(account)
            .bind(ACTION)
            .bind(stamp.now.plus_seconds(-TOLD_SECONDS));
        if told.fetch_one(&mut tx).await?.get::<i64>("told")? > 0 {
            return Ok(());
        }
        trail::note(&mut tx, &stamp, account, ACTION, &json!({})).await?;
        tx.commit().await.map_err(Problem::from)
    }
}
