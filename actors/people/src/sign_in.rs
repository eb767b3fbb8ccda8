//! Serves [`SignInPerson`].

use contract::{
    Kind, Problem, Secret,
    accounts::{PersonSession, SignInPerson},
    ids::AccountId,
};
use kernel::{Cx, Serve};
use store::{StoreError, Tx};

use crate::{People, proof::lock, session, sql};

impl Serve<SignInPerson> for People {
    async fn serve(&mut self, message: SignInPerson, cx: &Cx) -> Result<PersonSession, Problem> {
        let refused = || Problem::new(Kind::SignInRefused);
        let mut reader = self.db.read().await?;
        let find = sql::FIND_ACCOUNT.bind(message.email.key());
        let row = find.fetch_optional(&mut reader).await?;
        drop(reader);
        let (id, hash) = match row {
            Some(row) => (Some(row.get("id")?), row.get("password_hash")?),
            None => (None, None),
        };
        let account = self.knows(id, hash.as_ref(), message.password).await?;
        let (account, hash) = account.zip(hash).ok_or_else(refused)?;
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        lock(&mut tx, account).await?;
        if !is_still(&mut tx, account, &hash).await? {
            return Err(refused());
        }
        let opened = session::open(&mut tx, account).await?;
        tx.commit().await?;
        Ok(opened)
    }
}

/// Whether this is still the password of an account, which must be locked: it may have died while
/// it was being looked at.
pub(crate) async fn is_still(
    tx: &mut Tx,
    account: AccountId,
    hash: &str,
) -> Result<bool, StoreError> {
    let row = sql::FIND_BY_ID.bind(account).fetch_optional(tx).await?;
    let kept: Option<Option<String>> = row.map(|row| row.get("password_hash")).transpose()?;
    Ok(kept.flatten().as_deref() == Some(hash))
}

impl People {
    /// The account, if this is its password. Each way costs one hash, so that the time does not tell
    /// whether there is an account.
    pub(crate) async fn knows(
        &self,
        account: Option<AccountId>,
        hash: Option<&String>,
        password: Secret,
    ) -> Result<Option<AccountId>, Problem> {
        let Some(hash) = hash else {
            self.passwords.verify_nothing(password).await?;
            return Ok(None);
        };
        let is_theirs = self.passwords.verify(password, hash.clone()).await?;
        Ok(account.filter(|_| is_theirs))
    }
}
