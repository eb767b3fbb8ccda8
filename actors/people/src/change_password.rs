//! Serves [`ChangePassword`].

use contract::{Problem, accounts::ChangePassword};
use kernel::{Cx, Serve};
use serde_json::json;

use crate::{
    People, address_change::must_still_know, enrol::set_password, password, session, trail,
};

impl Serve<ChangePassword> for People {
    async fn serve(&mut self, message: ChangePassword, cx: &Cx) -> Result<(), Problem> {
        let account = cx.caller.person()?;
        let (own, known) = self.must_know(account, message.password).await?;
        password::check("new_password", &message.new_password, &own.email)?;
        let hash = self.passwords.hash(message.new_password).await?;
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        must_still_know(&mut tx, account, &known).await?;
        set_password(&mut tx, account, &hash, None).await?;
        session::end_others(&mut tx, account, Some(&message.session)).await?;
        trail::note(
            &mut tx,
            &stamp,
            account,
            "account.change-password",
            &json!({}),
        )
        .await?;
        tx.commit().await.map_err(Problem::from)
    }
}
