//! Sends an invite again.

use contract::{
    Kind, Problem,
    invites::{Invite, ResendInvite},
};
use kernel::{Cx, Serve};
use serde_json::json;

use super::{Found, find, lock, sql};
use crate::InviteDispatcher;

impl Serve<ResendInvite> for InviteDispatcher {
    async fn serve(&mut self, message: ResendInvite, cx: &Cx) -> Result<Invite, Problem> {
        let of = (message.organisation, message.invite_id);
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        let found = lock(&mut tx, of).await?;
        found.refuse_unsendable()?;
        refuse_restless(&found)?;
        if found.is_suppressed {
            let detail = "This address cannot be invited.";
            return Err(Problem::invalid("invite_id", "suppressed", detail));
        }
        sql::RESEND_INVITE
            .bind(of.1)
            .bind(found.renewed(stamp.now))
            .execute(&mut tx)
            .await?;
        let reopen = sql::REOPEN_BATCH.bind(found.invite.batch_id);
        reopen.execute(&mut tx).await?;
        tx.audit(of.0, "invite.resend", of.1, json!({}));
        let resent = find(&mut tx, of, stamp.now).await?;
        tx.commit().await?;
        self.courier.notify_one();
        Ok(self.shown(resent, &cx.caller))
    }
}

/// Nobody is written to twice within an hour.
fn refuse_restless(found: &Found) -> Result<(), Problem> {
    let Some(left) = found.cools_for() else {
        return Ok(());
    };
    let seconds = left.saturating_add(999_999) / 1_000_000;
    let detail = "This invite was sent less than an hour ago.";
    Err(Problem {
        retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX)),
        ..Problem::new(Kind::TooManyRequests).detail(detail)
    })
}
