//! Serves [`SignOutPerson`].

use contract::{Problem, accounts::SignOutPerson};
use kernel::{Cx, Serve};
use store::vault::hash_token;

use crate::{People, session, sql};

impl Serve<SignOutPerson> for People {
    async fn serve(&mut self, message: SignOutPerson, cx: &Cx) -> Result<(), Problem> {
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let ended = sql::DELETE_SESSION.bind(hash_token(&message.token));
        if let Some(row) = ended.fetch_optional(&mut tx).await? {
            if message.everywhere {
                session::end_others(&mut tx, row.get("account_id")?, None).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }
}
