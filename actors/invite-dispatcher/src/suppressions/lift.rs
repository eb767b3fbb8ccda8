//! Lifts a suppression of the organisation's own.

use contract::{Kind, Problem, suppressions::LiftSuppression};
use kernel::{Cx, Serve};
use serde_json::json;

use super::sql;
use crate::{InviteDispatcher, forget::suppressed};

impl Serve<LiftSuppression> for InviteDispatcher {
    async fn serve(&mut self, message: LiftSuppression, cx: &Cx) -> Result<(), Problem> {
        let (organisation, key) = (message.organisation, message.email.key());
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let lift = sql::LIFT.bind(&key).bind(organisation);
        let lift = lift.bind(suppressed(&self.vault, &key));
        if lift.execute(&mut tx).await? > 0 {
            tx.audit(organisation, "suppression.lift", &key, json!({}));
            tx.commit().await?;
            return Ok(());
        }
        let found = sql::FIND_SUPPRESSION.bind(&key).bind(organisation);
        if found.fetch_optional(&mut tx).await?.is_some() {
            let detail = "The owner of this address said so; only they can take it back.";
            return Err(Problem::new(Kind::Conflict).detail(detail));
        }
        Ok(())
    }
}
