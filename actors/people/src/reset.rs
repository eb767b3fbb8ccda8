//! Serves [`StartReset`] and [`FinishReset`].

use contract::{
    Kind, Problem,
    accounts::{FinishReset, PasswordReset, StartReset},
    ids::{AccountId, ProofId},
    people::{ProofStarted, Proved},
};
use kernel::{Cx, Serve};
use serde_json::json;

use crate::{
    People,
    enrol::set_password,
    password,
    proof::{Owner, Purpose, issue_unless_recent, lock, tell_asked},
    session, sql, trail,
};

impl Serve<StartReset> for People {
    async fn serve(&mut self, message: StartReset, cx: &Cx) -> Result<ProofStarted, Problem> {
        // A name for the proof also where there is none, so that both look alike.
        let nothing = ProofStarted {
            id: ProofId::new(self.clock.ulid()),
            proof: None,
        };
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let find = sql::FIND_ACCOUNT.bind(message.email.key());
        let Some(row) = find.fetch_optional(&mut tx).await? else {
            return Ok(nothing);
        };
        let owner = Owner {
            account: row.get("id")?,
            email: row.get("email")?,
            first_name: row.get("first_name")?,
        };
        lock(&mut tx, owner.account).await?;
        // The address may have gone to nobody, or to somebody else, while the lock was waited for.
        let again = sql::FIND_ACCOUNT.bind(message.email.key());
        let again = again.fetch_optional(&mut tx).await?;
        let again = again.map(|row| row.get::<AccountId>("id")).transpose()?;
        if again != Some(owner.account) {
            return Ok(nothing);
        }
        let account = owner.account;
        let issued = issue_unless_recent(&mut tx, owner, Purpose::Reset, &*self.clock).await?;
        let Some(proof) = issued else {
            return Ok(nothing);
        };
        tell_asked(&mut tx, account, Purpose::Reset).await?;
        tx.commit().await?;
        Ok(ProofStarted {
            id: proof.id,
            proof: Some(proof),
        })
    }
}

impl Serve<FinishReset> for People {
    async fn serve(&mut self, message: FinishReset, cx: &Cx) -> Result<PasswordReset, Problem> {
        let stamp = cx.stamp(&*self.clock);
        let refused = || Problem::new(Kind::ProofRefused);
        let (proof, account) = self.shown(message.evidence, Purpose::Reset, &stamp).await?;
        let stamp = self.stamp_of(account, cx);
        let email = self.email_of(proof).await?;
        password::check("new_password", &message.new_password, &email)?;
        let hash = self.passwords.hash(message.new_password).await?;
        let mut tx = self.db.write(&stamp).await?;
        lock(&mut tx, account).await?.ok_or_else(refused)?;
        let used = sql::USE_PROOF_ONCE.bind(proof).bind(stamp.now);
        used.fetch_optional(&mut tx).await?.ok_or_else(refused)?;
        set_password(&mut tx, account, &hash, None).await?;
        let is_first = sql::PROVE_ACCOUNT
            .bind(account)
            .bind(stamp.now)
            .execute(&mut tx)
            .await?
            == 1;
        // Nothing that was begun before goes on: neither a session nor a change of address.
        session::end_all(&mut tx, account).await?;
        let change = json!({ "proved": { "from": !is_first, "to": true } });
        trail::note(&mut tx, &stamp, account, "account.reset", &change).await?;
        let session = session::open(&mut tx, account).await?;
        tx.commit().await?;
        let proved = Proved {
            account_id: account,
            has_password: true,
        };
        Ok(PasswordReset {
            proved,
            session: Some(session),
        })
    }
}
