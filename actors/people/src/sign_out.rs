//! Serves [`SignOutPerson`].

use contract::{Problem, accounts::SignOutPerson};
use kernel::{Cx, Serve};
use serde_json::json;
use store::vault::hash_token;

use crate::{People, session, sql, trail};

impl Serve<SignOutPerson> for People {
    async fn serve(&mut self, message: SignOutPerson, cx: &Cx) -> Result<(), Problem> {
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let ended = sql::DELETE_SESSION.bind(hash_token(&message.token));
        if let Some(row) = ended.fetch_optional(&mut tx).await? {
            if message.everywhere {
                let account = row.get("account_id")?;
                session::end_others(&mut tx, account, None).await?;
                let by = self.stamp_of(account, cx);
                let change = json!({ "everywhere": true });
                trail::note(&mut tx, &by, account, "account.sign-out", &change).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }
}
