//! Suppresses an address for the organisation.

use contract::{
    Problem,
    suppressions::{AddSuppression, Suppression, SuppressionReason},
};
use kernel::{Cx, Serve};
use serde_json::json;

use super::{Wish, sql, suppress, suppression};
use crate::InviteDispatcher;

impl Serve<AddSuppression> for InviteDispatcher {
    async fn serve(&mut self, message: AddSuppression, cx: &Cx) -> Result<Suppression, Problem> {
        let organisation = message.organisation;
        if message.reason == SuppressionReason::Complaint {
            let detail = "Complaints are told by who carries mail.";
            return Err(Problem::invalid("reason", "unexpected", detail));
        }
        let key = message.email.key();
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let wish = Wish {
            email: message.email,
            organisation: Some(organisation),
            reason: message.reason,
            invite: None,
        };
        if suppress(&mut tx, &wish).await? {
            tx.audit(
                organisation,
                "suppression.add",
                &key,
                json!({ "reason": message.reason }),
            );
        }
        let found = sql::FIND_SUPPRESSION.bind(&key).bind(organisation);
        let added = suppression(&found.fetch_one(&mut tx).await?)?;
        tx.commit().await?;
        Ok(added)
    }
}
