//! Wants no invites any more. The trail of the organisation says that they unsubscribed, not from
//! whom else.

use contract::{
    Problem,
    suppressions::{SuppressionReason, Unsubscribe, UnsubscribeFace, UnsubscribeScope},
};
use kernel::{Cx, Serve};
use serde_json::json;

use super::{Wish, mailed, sql, suppress};
use crate::{InviteDispatcher, tokens::Tokens};

impl Serve<Unsubscribe> for InviteDispatcher {
    async fn serve(&mut self, message: Unsubscribe, cx: &Cx) -> Result<UnsubscribeFace, Problem> {
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        // Whoever is forgotten at this moment is first, or forgets what is said now, too.
        if let Some(claim) = Tokens::read(&message.token) {
            let lock = sql::LOCK_MAILED.bind(claim.invite);
            lock.fetch_optional(&mut tx).await?;
        }
        let mailed = mailed(&mut tx, &self.tokens(), &message.token).await?;
        let organisation = match message.scope {
            UnsubscribeScope::Organisation => Some(mailed.organisation),
            UnsubscribeScope::Everybody => None,
        };
        let wish = Wish {
            email: mailed.email,
            organisation,
            reason: SuppressionReason::Unsubscribed,
            invite: Some(mailed.invite),
        };
        if suppress(&mut tx, &wish).await? {
            let (organisation, invite) = (mailed.organisation, mailed.invite);
            tx.audit(organisation, "invite.unsubscribe", invite, json!({}));
        }
        tx.commit().await?;
        Ok(UnsubscribeFace {
            email: wish.email,
            organisation_name: mailed.organisation_name,
        })
    }
}
