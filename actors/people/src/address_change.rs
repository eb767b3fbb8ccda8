//! Serves [`StartAddressChange`] and [`FinishAddressChange`].

use contract::{
    EmailAddress, Kind, Problem, Secret,
    accounts::{AddressChanged, FinishAddressChange, StartAddressChange},
    ids::{AccountId, ProofId},
    mails::address_changed_key,
    people::ProofStarted,
    text::PersonName,
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::{Row, StoreError, Tx};

use crate::{
    People,
    name_key::name_key,
    proof::{Owner, Purpose, issue_unless_recent, language, lock, tell_asked},
    session,
    sign_in::is_still,
    sql, trail,
};

/// The caller's account as a change needs it.
pub(crate) struct Own {
    pub(crate) email: EmailAddress,
    first_name: PersonName,
    last_name: PersonName,
    password_hash: Option<String>,
}

impl Own {
    fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            email: row.get("email")?,
            first_name: row.get("first_name")?,
            last_name: row.get("last_name")?,
            password_hash: row.get("password_hash")?,
        })
    }
}

impl Serve<StartAddressChange> for People {
    async fn serve(
        &mut self,
        message: StartAddressChange,
        cx: &Cx,
    ) -> Result<ProofStarted, Problem> {
        let account = cx.caller.person()?;
        let (own, hash) = self.must_know(account, message.password).await?;
        let nothing = ProofStarted {
            id: ProofId::new(self.clock.ulid()),
            proof: None,
        };
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        must_still_know(&mut tx, account, &hash).await?;
        let taken = sql::FIND_ACCOUNT.bind(message.email.key());
        if taken.fetch_optional(&mut tx).await?.is_some() {
            return Ok(nothing);
        }
        let owner = Owner {
            account,
            email: message.email,
            first_name: own.first_name,
        };
        let issued = issue_unless_recent(&mut tx, owner, Purpose::Change, &*self.clock).await?;
        let Some(proof) = issued else {
            return Ok(nothing);
        };
        tell_asked(&mut tx, account, Purpose::Change).await?;
        tx.commit().await?;
        Ok(ProofStarted {
            id: proof.id,
            proof: Some(proof),
        })
    }
}

impl Serve<FinishAddressChange> for People {
    async fn serve(
        &mut self,
        message: FinishAddressChange,
        cx: &Cx,
    ) -> Result<AddressChanged, Problem> {
        let account = cx.caller.person()?;
        let stamp = cx.stamp(&*self.clock);
        let refused = || Problem::new(Kind::ProofRefused);
        let (proof, owner) = self
            .shown(message.evidence, Purpose::Change, &stamp)
            .await?;
        if owner != account {
            return Err(refused());
        }
        let own = self.own(account).await?;
        let mut tx = self.db.write(&stamp).await?;
        lock(&mut tx, account).await?.ok_or_else(refused)?;
        let used = sql::USE_PROOF_ONCE.bind(proof).bind(stamp.now);
        let row = used.fetch_optional(&mut tx).await?.ok_or_else(refused)?;
        let to: EmailAddress = row.get("email")?;
        let name_key = name_key(own.first_name.as_str(), own.last_name.as_str(), &to);
        let changed = sql::CHANGE_ADDRESS
            .bind(account)
            .bind(&to)
            .bind(to.key())
            .bind(name_key)
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        // They read the mailbox, so they may know that it has an account by now.
        if changed == 0 {
            return Err(Problem::new(Kind::AccountExists));
        }
        session::end_others(&mut tx, account, Some(&message.session)).await?;
        sql::SUPERSEDE_PROOFS
            .bind(account)
            .bind(stamp.now)
            .bind(None::<&str>)
            .execute(&mut tx)
            .await?;
        let language = language(&mut tx, account).await?;
        sql::NOTE_CHANGE
            .bind(address_changed_key(proof))
            .bind(account)
            .bind(&own.email)
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        let change = json!({ "email": { "from": own.email, "to": to } });
        trail::note(&mut tx, &stamp, account, "account.change-address", &change).await?;
        tx.commit().await?;
        Ok(AddressChanged {
            from: own.email,
            to,
            first_name: own.first_name,
            language,
            is_noted: true,
        })
    }
}

impl People {
    async fn own(&self, account: AccountId) -> Result<Own, Problem> {
        let mut reader = self.db.read().await?;
        let row = sql::FIND_BY_ID.bind(account);
        let row = row.fetch_optional(&mut reader).await?;
        Ok(Own::of(&row.ok_or_else(|| Problem::new(Kind::NotFound))?)?)
    }

    /// The caller's account and the hash of its password, which this is.
    pub(crate) async fn must_know(
        &self,
        account: AccountId,
        password: Secret,
    ) -> Result<(Own, String), Problem> {
        let mut own = self.own(account).await?;
        let hash = own.password_hash.take();
        let knows_it = self.knows(Some(account), hash.as_ref(), password).await?;
        let (_, hash) = knows_it.zip(hash).ok_or_else(wrong_password)?;
        Ok((own, hash))
    }
}

/// Locks an account; refused when its password is another one by now.
pub(crate) async fn must_still_know(
    tx: &mut Tx,
    account: AccountId,
    hash: &str,
) -> Result<(), Problem> {
    lock(tx, account).await?;
    if is_still(tx, account, hash).await? {
        return Ok(());
    }
    Err(wrong_password())
}

fn wrong_password() -> Problem {
    Problem::invalid("password", "wrong", "This is not your password.")
}
