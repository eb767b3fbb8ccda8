//! Sets the password through a one-time link, the first one or a reset, and signs in.

use contract::{
    EmailAddress, Kind, Problem,
    administrators::{ResolveSetUp, SessionOpened, SetUpAdministrator, SetUpFace},
    ids::AdministratorId,
};
use kernel::{Cx, Serve};
use store::vault;

use super::{password, session};
use crate::{AdminDirectory, sql};

impl Serve<SetUpAdministrator> for AdminDirectory {
    async fn serve(
        &mut self,
        message: SetUpAdministrator,
        cx: &Cx,
    ) -> Result<SessionOpened, Problem> {
        let refused = || Problem::new(Kind::SetUpRefused);
        // Before the link is looked up, so that a try tells nothing of the link.
        password::check_length(&message.password)?;
        let hash = vault::hash_token(&message.token);
        let (id, email) = self.setup(&hash).await?.ok_or_else(refused)?;
        password::check_words(&message.password, &email)?;
        let password_hash = self.passwords.hash(message.password).await?;

        let stamp = self.stamp_of(id, cx);
        let mut tx = self.db.write(&stamp).await?;
        let used = sql::USE_SETUP
            .bind(hash)
            .bind(stamp.now)
            .bind(password_hash)
            .bind(email.key());
        // Of two who use the link at once, one finds it used. That of a stand-in opens nothing.
        let row = used.fetch_optional(&mut tx).await?.ok_or_else(refused)?;
        let id = row.get("id")?;
        // Whoever knew the old password may still be signed in somewhere.
        sql::DELETE_SESSIONS.bind(id).execute(&mut tx).await?;
        let opened = session::open(&mut tx, id, "administrator.set-up").await?;
        tx.commit().await?;
        Ok(opened)
    }
}

impl Serve<ResolveSetUp> for AdminDirectory {
    async fn serve(&mut self, message: ResolveSetUp, _: &Cx) -> Result<SetUpFace, Problem> {
        let found = self.setup(&vault::hash_token(&message.token)).await?;
        let (_, email) = found.ok_or_else(|| Problem::new(Kind::SetUpRefused))?;
        Ok(SetUpFace { email })
    }
}

impl AdminDirectory {
    async fn setup(&self, hash: &str) -> Result<Option<(AdministratorId, EmailAddress)>, Problem> {
        let mut db = self.db.read().await?;
        let found = sql::FIND_SETUP.bind(hash).bind(self.clock.now());
        let Some(row) = found.fetch_optional(&mut db).await? else {
            return Ok(None);
        };
        Ok(Some((row.get("id")?, row.get("email")?)))
    }
}
