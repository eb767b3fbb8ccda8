//! Serves [`ChangePassword`].

use contract::{Kind, Problem, accounts::ChangePassword};
use kernel::{Cx, Serve};

use crate::{People, enrol::set_password, password, proof::lock, session};

impl Serve<ChangePassword> for People {
    async fn serve(&mut self, message: ChangePassword, cx: &Cx) -> Result<(), Problem> {
        let account = cx.caller.person()?;
        let email = self.must_know_own(account, message.password).await?;
        password::check("new_password", &message.new_password, &email)?;
        let hash = self.passwords.hash(message.new_password).await?;
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let gone = || Problem::new(Kind::NotFound);
        lock(&mut tx, account).await?.ok_or_else(gone)?;
        set_password(&mut tx, account, &hash, None).await?;
        session::end_others(&mut tx, account, Some(&message.session)).await?;
        tx.commit().await.map_err(Problem::from)
    }
}
