//! Whose mail a token of `List-Unsubscribe` is of. Changes nothing.

use contract::{
    Problem,
    suppressions::{ResolveUnsubscribe, UnsubscribeFace},
};
use kernel::{Cx, Serve};

use super::mailed;
use crate::InviteDispatcher;

impl Serve<ResolveUnsubscribe> for InviteDispatcher {
    async fn serve(
        &mut self,
        message: ResolveUnsubscribe,
        _: &Cx,
    ) -> Result<UnsubscribeFace, Problem> {
        let mut db = self.db.read().await?;
        let mailed = mailed(&mut db, &self.tokens(), &message.token).await?;
        Ok(UnsubscribeFace {
            email: mailed.email,
            organisation_name: mailed.organisation_name,
        })
    }
}
