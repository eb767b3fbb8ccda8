//! Serves [`ResolveReset`].

use contract::{
    Kind, Problem,
    accounts::{ResetFace, ResolveReset},
};
use kernel::{Cx, Serve};
use store::vault::hash_token;

use crate::{People, sql};

impl Serve<ResolveReset> for People {
    async fn serve(&mut self, message: ResolveReset, _: &Cx) -> Result<ResetFace, Problem> {
        let mut reader = self.db.read().await?;
        let find = sql::FIND_RESET.bind(hash_token(&message.token));
        let find = find.bind(self.clock.now());
        let row = find.fetch_optional(&mut reader).await?;
        let row = row.ok_or_else(|| Problem::new(Kind::ProofRefused))?;
        Ok(ResetFace {
            email: row.get("email")?,
        })
    }
}
