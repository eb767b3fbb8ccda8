//! Signs in with address and password.

use contract::{
    EmailAddress, Kind, Problem,
    administrators::{SessionOpened, SignInAdministrator},
    ids::AdministratorId,
};
use kernel::{Cx, Serve};
use store::{Row, StoreError};

use super::session;
use crate::{AdminDirectory, sql};

impl Serve<SignInAdministrator> for AdminDirectory {
    async fn serve(
        &mut self,
        message: SignInAdministrator,
        cx: &Cx,
    ) -> Result<SessionOpened, Problem> {
        let credential = self.credential(&message.email).await?;
        let password = message.password;
        // Each way costs one hash, so that the time does not tell whether the address is known.
        let Some((id, password_hash)) = credential else {
            self.passwords.verify_nothing(password).await?;
            return Err(Problem::new(Kind::SignInRefused));
        };
        let is_theirs = self.passwords.verify(password, password_hash.clone());
        if !is_theirs.await? {
            tracing::info!(administrator = %id, "sign-in refused");
            return Err(Problem::new(Kind::SignInRefused));
        }
        let mut tx = self.db.write(&self.stamp_of(id, cx)).await?;
        let locked = sql::LOCK_ADMINISTRATOR.bind(message.email.key());
        // The password, or the administrator, may have gone while it was being looked at.
        if read(locked.fetch_optional(&mut tx).await?)? != Some((id, password_hash)) {
            return Err(Problem::new(Kind::SignInRefused));
        }
        let opened = session::open(&mut tx, id, "administrator.sign-in").await?;
        tx.commit().await?;
        Ok(opened)
    }
}

impl AdminDirectory {
    /// Whose address it is and with which hash; nobody's as long as the password is not set.
    async fn credential(
        &self,
        email: &EmailAddress,
    ) -> Result<Option<(AdministratorId, String)>, Problem> {
        let mut db = self.db.read().await?;
        let row = sql::FIND_CREDENTIAL
            .bind(email.key())
            .fetch_optional(&mut db)
            .await?;
        Ok(read(row)?)
    }
}

fn read(row: Option<Row>) -> Result<Option<(AdministratorId, String)>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    let hash: Option<String> = row.get("password_hash")?;
    let id = row.get("id")?;
    Ok(hash.map(|hash| (id, hash)))
}
