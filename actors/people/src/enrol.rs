//! Serves [`Enrol`].

use contract::{
    Kind, Problem, Secret, Stamp, Timestamp,
    ids::AccountId,
    people::{Enrol, Enrolled},
};
use kernel::{Cx, Serve};
use store::{StoreError, Tx, vault::hash_token};

use crate::{
    People,
    name_key::name_key,
    password,
    proof::{Owner, Purpose, issue, issue_unless_recent, lock},
    session,
    sign_in::is_still,
    sql,
};

/// An account that the address has already.
struct Existing {
    id: AccountId,
    owner: Owner,
    proved_at: Option<Timestamp>,
    password_hash: Option<String>,
}

impl Serve<Enrol> for People {
    async fn serve(&mut self, message: Enrol, cx: &Cx) -> Result<Enrolled, Problem> {
        password::check("password", &message.password, &message.email)?;
        let stamp = cx.stamp(&*self.clock);
        let existing = self.find(&message).await?;
        let is_proved = existing
            .as_ref()
            .is_some_and(|known| known.proved_at.is_some());
        if let (false, Some(invite)) = (is_proved, message.invite)
            && self.is_invited(&message.email, invite, stamp.now).await?
            && let Some(enrolled) = self.enrol_invited(&message, (&stamp, cx)).await?
        {
            return Ok(enrolled);
        }
        if let Some(existing) = existing {
            return self.recognise(existing, message, &stamp).await;
        }
        if message.known_only {
            // As slow as a wrong password, so that the time does not tell whether there is an account.
            self.passwords.verify_nothing(message.password).await?;
            return Err(Problem::new(Kind::NotFound));
        }
        let hash = self.passwords.hash(message.password.clone()).await?;
        if let Some(enrolled) = self.make(&message, &hash, &stamp).await? {
            return Ok(enrolled);
        }
        // Somebody else was faster with the same address.
        let existing = self.find(&message).await?;
        let existing = existing.ok_or_else(|| Problem::new(Kind::Conflict))?;
        self.recognise(existing, message, &stamp).await
    }
}

impl People {
    async fn find(&self, message: &Enrol) -> Result<Option<Existing>, StoreError> {
        let mut reader = self.db.read().await?;
        let find = sql::FIND_ACCOUNT.bind(message.email.key());
        let Some(row) = find.fetch_optional(&mut reader).await? else {
            return Ok(None);
        };
        let id = row.get("id")?;
        let owner = Owner {
            account: id,
            email: row.get("email")?,
            first_name: row.get("first_name")?,
        };
        let (proved_at, password_hash) = (row.get("proved_at")?, row.get("password_hash")?);
        Ok(Some(Existing {
            id,
            owner,
            proved_at,
            password_hash,
        }))
    }

    /// Makes the account; `None` when the address has one by now.
    async fn make(
        &self,
        message: &Enrol,
        hash: &str,
        stamp: &Stamp,
    ) -> Result<Option<Enrolled>, StoreError> {
        let Enrol {
            first_name,
            last_name,
            email,
            registrant,
            ..
        } = message;
        let id = AccountId::new(self.clock.ulid());
        let mut tx = self.db.write(stamp).await?;
        let made = sql::INSERT_ACCOUNT
            .bind(id)
            .bind(email)
            .bind(email.key())
            .bind(first_name)
            .bind(last_name)
            .bind(name_key(first_name.as_str(), last_name.as_str(), email))
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        if made == 0 {
            return Ok(None);
        }
        set_password(&mut tx, id, hash, registrant.as_ref()).await?;
        let owner = Owner {
            account: id,
            email: email.clone(),
            first_name: first_name.clone(),
        };
        let proof = issue(&mut tx, owner, Purpose::Address, &*self.clock).await?;
        tx.commit().await?;
        Ok(Some(Enrolled {
            account_id: id,
            is_proved: false,
            proof: Some(proof),
        }))
    }

    /// The address has an account: whoever knows its password is its owner.
    async fn recognise(
        &self,
        existing: Existing,
        message: Enrol,
        stamp: &Stamp,
    ) -> Result<Enrolled, Problem> {
        let password = message.password.clone();
        let knows_it = if let Some(hash) = &existing.password_hash {
            self.passwords.verify(password, hash.clone()).await?
        } else {
            self.passwords.verify_nothing(password).await?;
            false
        };
        if message.known_only && !knows_it {
            return Err(Problem::new(Kind::NotFound));
        }
        if existing.proved_at.is_some() {
            return if knows_it {
                Ok(Enrolled {
                    account_id: existing.id,
                    is_proved: true,
                    proof: None,
                })
            } else {
                Err(Problem::new(Kind::AccountExists))
            };
        }
        let (true, Some(hash)) = (knows_it, &existing.password_hash) else {
            return self.replace(existing, message, stamp).await;
        };
        let mut tx = self.db.write(stamp).await?;
        let is_unproved = lock(&mut tx, existing.id).await? == Some(None);
        if !is_unproved || !is_still(&mut tx, existing.id, hash).await? {
            // Proved, gone or made anew since we looked: what we were shown may have died with that.
            return Err(Problem::new(Kind::Conflict));
        }
        if let Some(registrant) = &message.registrant {
            let set = sql::SET_REGISTRANT
                .bind(existing.id)
                .bind(hash_token(registrant));
            set.execute(&mut tx).await?;
        }
        let proof =
            issue_unless_recent(&mut tx, existing.owner, Purpose::Address, &*self.clock).await?;
        tx.commit().await?;
        Ok(Enrolled {
            account_id: existing.id,
            is_proved: false,
            proof,
        })
    }

    /// Makes an account anew on which nothing hangs: what a crash between enrol and admit left, or
    /// somebody who was refused a seat.
    async fn replace(
        &self,
        existing: Existing,
        message: Enrol,
        stamp: &Stamp,
    ) -> Result<Enrolled, Problem> {
        let hash = self.passwords.hash(message.password).await?;
        let Enrol {
            first_name,
            last_name,
            email,
            registrant,
            ..
        } = message;
        let mut tx = self.db.write(stamp).await?;
        let replaced = sql::REPLACE_ACCOUNT
            .bind(existing.id)
            .bind(&email)
            .bind(&first_name)
            .bind(&last_name)
            .bind(name_key(first_name.as_str(), last_name.as_str(), &email))
            .execute(&mut tx)
            .await?;
        if replaced == 0 {
            return Err(Problem::new(Kind::AccountExists));
        }
        // Whoever had it before may be signed in, or be moving it to a mailbox of theirs.
        session::end_all(&mut tx, existing.id).await?;
        set_password(&mut tx, existing.id, &hash, registrant.as_ref()).await?;
        let owner = Owner {
            account: existing.id,
            email,
            first_name,
        };
        let proof = issue(&mut tx, owner, Purpose::Address, &*self.clock).await?;
        tx.commit().await?;
        Ok(Enrolled {
            account_id: existing.id,
            is_proved: false,
            proof: Some(proof),
        })
    }
}

/// Sets a password, with the browser in which it was chosen.
pub(crate) async fn set_password(
    tx: &mut Tx,
    account: AccountId,
    hash: &str,
    registrant: Option<&Secret>,
) -> Result<(), StoreError> {
    let now = tx.stamp().now;
    let registrant = registrant.map(hash_token);
    let set = sql::SET_PASSWORD
        .bind(account)
        .bind(hash)
        .bind(registrant)
        .bind(now);
    set.execute(tx).await.map(drop)
}
