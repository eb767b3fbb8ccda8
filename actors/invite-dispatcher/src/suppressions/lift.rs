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
        let pseudonym = suppressed(&self.vault, &key);
        let lift = sql::LIFT.bind(&key).bind(organisation);
        let lifted = lift.bind(&pseudonym).execute(&mut tx).await?;
        let count = sql::COUNT_SUPPRESSIONS.bind(&key).bind(organisation);
        let row = count.bind(&pseudonym).fetch_one(&mut tx).await?;
        if row.get::<i64>("n")? > 0 {
            let detail = "The owner of this address said so; only they can take it back.";
            return Err(Problem::new(Kind::Conflict).detail(detail));
        }
        if lifted > 0 {
            tx.audit(organisation, "suppression.lift", &key, json!({}));
            tx.commit().await?;
        }
        Ok(())
    }
}
