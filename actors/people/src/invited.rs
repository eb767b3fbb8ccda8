//! An account of somebody who was invited: whoever holds the invite reads the mailbox that it went
//! to, so the address is proved by it.

use contract::{
    EmailAddress, Problem, Stamp, Timestamp,
    ids::{AccountId, InviteId},
    people::{Enrol, Enrolled},
};
use kernel::Cx;
use serde_json::json;
use store::StoreError;

use crate::{People, enrol::set_password, name_key::name_key, session, sql, trail};

impl People {
    /// Whether this address holds an invite that can be accepted; nothing of anybody else's.
    pub(crate) async fn is_invited(
        &self,
        email: &EmailAddress,
        invite: InviteId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut reader = self.db.read().await?;
        let find = sql::FIND_INVITE.bind(invite).bind(email.key()).bind(now);
        Ok(find.fetch_optional(&mut reader).await?.is_some())
    }

    /// Makes the account of an invited address, or takes it over as long as nobody has proved it:
    /// what a stranger set up there before (a password, its sessions, letters) falls. `None` when
    /// it is proved by now.
    pub(crate) async fn enrol_invited(
        &self,
        message: &Enrol,
        (stamp, cx): (&Stamp, &Cx),
    ) -> Result<Option<Enrolled>, Problem> {
        let hash = self.passwords.hash(message.password.clone()).await?;
        let Enrol {
            first_name,
            last_name,
            email,
            registrant,
            ..
        } = message;
        let id = AccountId::new(self.clock.ulid());
        let name_key = name_key(first_name.as_str(), last_name.as_str(), email);
        let mut tx = self.db.write(stamp).await?;
        let made = sql::INSERT_ACCOUNT
            .bind(id)
            .bind(email)
            .bind(email.key())
            .bind(first_name)
            .bind(last_name)
            .bind(name_key.as_str())
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        let account = if made == 1 {
            id
        } else {
            let find = sql::LOCK_UNPROVED.bind(email.key());
            let Some(row) = find.fetch_optional(&mut tx).await? else {
                return Ok(None);
            };
            row.get("id")?
        };
        if made == 0 {
            let rename = sql::RENAME_ACCOUNT.bind(account).bind(email);
            let rename = rename.bind(first_name).bind(last_name);
            let rename = rename.bind(name_key.as_str()).bind(stamp.now);
            rename.execute(&mut tx).await?;
            session::end_all(&mut tx, account).await?;
        }
        sql::PROVE_ACCOUNT
            .bind(account)
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        set_password(&mut tx, account, &hash, registrant.as_ref()).await?;
        // By whom they were invited is for that organisation to know, whose trail tells of the invite.
        let change = json!({ "by": "letter", "password": "set" });
        let stamp = self.stamp_of(account, cx);
        trail::note(&mut tx, &stamp, account, "account.prove", &change).await?;
        tx.commit().await?;
        Ok(Some(Enrolled {
            account_id: account,
            is_proved: true,
            proof: None,
        }))
    }
}
