//! Serves [`ConfirmProof`].

use contract::{
    Kind, Problem, Secret, Stamp,
    ids::{AccountId, ProofId},
    people::{ConfirmProof, Evidence, Proved},
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::{
    StoreError, Tx,
    vault::{hash_code, hash_token},
};

use crate::{
    People,
    enrol::set_password,
    password,
    proof::{CODE_ATTEMPTS, GUESSES_A_DAY, Purpose, lock},
    session, sql, trail,
};

impl Serve<ConfirmProof> for People {
    async fn serve(&mut self, message: ConfirmProof, cx: &Cx) -> Result<Proved, Problem> {
        let stamp = cx.stamp(&*self.clock);
        let ConfirmProof {
            evidence,
            registrant,
            new_password,
        } = message;
        let (proof, account) = self.shown(evidence, Purpose::Address, &stamp).await?;
        let stamp = self.stamp_of(account, cx);
        let new_hash = match new_password {
            None => None,
            Some(chosen) => {
                let email = self.email_of(proof).await?;
                password::check("new_password", &chosen, &email)?;
                Some(self.passwords.hash(chosen).await?)
            }
        };
        let mut tx = self.db.write(&stamp).await?;
        if lock(&mut tx, account).await?.is_none() {
            return Err(Problem::new(Kind::ProofRefused));
        }
        sql::USE_PROOF
            .bind(proof)
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        let is_first = sql::PROVE_ACCOUNT
            .bind(account)
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        let mut fate = "kept";
        if is_first == 1 {
            // Whoever set it need not be whoever reads the mailbox.
            let mine = registrant.as_ref().map_or_else(String::new, hash_token);
            let dropped = sql::DROP_FOREIGN_PASSWORD
                .bind(account)
                .bind(mine)
                .execute(&mut tx)
                .await?;
            if dropped > 0 {
                fate = "dropped";
                session::end_all(&mut tx, account).await?;
            }
        }
        let mut has_password = has_password(&mut tx, account).await?;
        if let (false, Some(hash)) = (has_password, new_hash) {
            set_password(&mut tx, account, &hash, registrant.as_ref()).await?;
            has_password = true;
            fate = "set";
        }
        let told = match (is_first, fate) {
            (1, _) => Some("account.prove"),
            (_, "set") => Some("account.set-password"),
            _ => None,
        };
        if let Some(action) = told {
            let change = json!({ "by": "letter", "password": fate });
            trail::note(&mut tx, &stamp, account, action, &change).await?;
        }
        tx.commit().await?;
        Ok(Proved {
            account_id: account,
            has_password,
        })
    }
}

/// Whether an account has a password.
pub(crate) async fn has_password(tx: &mut Tx, account: AccountId) -> Result<bool, StoreError> {
    let row = sql::HAS_PASSWORD.bind(account).fetch_one(tx).await?;
    Ok(row.get::<i64>("passwords")? > 0)
}

impl People {
    /// The proof that this is evidence for, and whose; every refusal looks alike.
    pub(crate) async fn shown(
        &self,
        evidence: Evidence,
        purpose: Purpose,
        stamp: &Stamp,
    ) -> Result<(ProofId, AccountId), Problem> {
        let shown = match evidence {
            Evidence::Token(token) => self.by_token(&token, purpose, stamp).await?,
            Evidence::Code { proof, code } => self.by_code(proof, &code, purpose, stamp).await?,
        };
        shown.ok_or_else(|| Problem::new(Kind::ProofRefused))
    }

    async fn by_token(
        &self,
        token: &Secret,
        purpose: Purpose,
        stamp: &Stamp,
    ) -> Result<Option<(ProofId, AccountId)>, StoreError> {
        let mut reader = self.db.read().await?;
        let find = sql::FIND_PROOF
            .bind(hash_token(token))
            .bind(stamp.now)
            .bind(purpose.name());
        let Some(row) = find.fetch_optional(&mut reader).await? else {
            return Ok(None);
        };
        Ok(Some((row.get("id")?, row.get("account_id")?)))
    }

    /// Counts the attempt for good before it looks at the code: guesses at once are counted too.
    async fn by_code(
        &self,
        proof: ProofId,
        code: &Secret,
        purpose: Purpose,
        stamp: &Stamp,
    ) -> Result<Option<(ProofId, AccountId)>, StoreError> {
        let mut tx = self.db.write(stamp).await?;
        let attempt = sql::ATTEMPT_CODE
            .bind(proof)
            .bind(CODE_ATTEMPTS)
            .bind(stamp.now)
            .bind(purpose.name())
            .bind(stamp.now.plus_days(-1))
            .bind(GUESSES_A_DAY);
        let Some(row) = attempt.fetch_optional(&mut tx).await? else {
            return Ok(None);
        };
        let kept: String = row.get("code_hash")?;
        let account = row.get("account_id")?;
        // Hashes of what was typed: their comparison tells nothing about the code.
        let is_right = hash_code(proof, code) == kept;
        let attempts: i64 = row.get("code_attempts")?;
        if !is_right && attempts >= CODE_ATTEMPTS {
            let change = json!({ "purpose": purpose.name(), "attempts": attempts });
            trail::note(&mut tx, stamp, account, "account.refuse-code", &change).await?;
        }
        tx.commit().await?;
        Ok(is_right.then_some((proof, account)))
    }

    pub(crate) async fn email_of(
        &self,
        proof: ProofId,
    ) -> Result<contract::EmailAddress, StoreError> {
        let mut reader = self.db.read().await?;
        sql::EMAIL_OF_PROOF
            .bind(proof)
            .fetch_one(&mut reader)
            .await?
            .get("email")
    }
}
