//! Takes an invite back. Whether it was accepted before is decided under the lock under which
//! admissions are.

use contract::{
    Kind, Problem,
    events::Event,
    invites::{CancelInvite, Invite, Life},
};
use kernel::{Cx, Serve};
use serde_json::json;

use super::{find, lock_for_good, sql};
use crate::InviteDispatcher;

impl Serve<CancelInvite> for InviteDispatcher {
    async fn serve(&mut self, message: CancelInvite, cx: &Cx) -> Result<Invite, Problem> {
        let of = (message.organisation, message.invite_id);
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        let found = lock_for_good(&mut tx, of).await?;
        match found.invite.life {
            Life::Accepted => {
                let detail = "This invite was accepted; revoke the seat instead.";
                return Err(Problem::new(Kind::Conflict).detail(detail));
            }
            Life::Cancelled => return Ok(self.shown(found, &cx.caller)),
            Life::Pending | Life::Declined | Life::Expired => {}
        }
        let cancel = sql::CANCEL_INVITE.bind(of.1).bind(stamp.now);
        cancel.execute(&mut tx).await?;
        tx.audit(of.0, "invite.cancel", of.1, json!({}));
        tx.publish(of.0, Event::InviteCancelled { invite_id: of.1 });
        let cancelled = find(&mut tx, of, stamp.now).await?;
        tx.commit().await?;
        Ok(self.shown(cancelled, &cx.caller))
    }
}
