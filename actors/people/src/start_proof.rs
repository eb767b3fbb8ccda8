//! Serves [`StartProof`].

use contract::{
    Principal, Problem,
    ids::ProofId,
    people::{ProofStarted, StartProof},
};
use kernel::{Cx, Serve};

use crate::{
    People,
    confirm::has_password,
    proof::{Owner, Purpose, issue_unless_recent, lock, tell_asked},
    sql,
};

impl Serve<StartProof> for People {
    async fn serve(&mut self, message: StartProof, cx: &Cx) -> Result<ProofStarted, Problem> {
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
        let account = owner.account;
        let proved_at = lock(&mut tx, account).await?.flatten();
        // Whose password died with the proof chooses one by a fresh letter.
        if proved_at.is_some() && has_password(&mut tx, account).await? {
            return Ok(nothing);
        }
        let Some(proof) =
            issue_unless_recent(&mut tx, owner, Purpose::Address, &*self.clock).await?
        else {
            return Ok(nothing);
        };
        // Beside a seat that one organisation gave, which is no other's business.
        if cx.caller.principal != Principal::System {
            tell_asked(&mut tx, account, Purpose::Address).await?;
        }
        tx.commit().await?;
        Ok(ProofStarted {
            id: proof.id,
            proof: Some(proof),
        })
    }
}
