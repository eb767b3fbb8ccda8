//! One invite.

use contract::{
    Problem,
    invites::{GetInvite, Invite},
};
use kernel::{Cx, Serve};

use super::find;
use crate::InviteDispatcher;

impl Serve<GetInvite> for InviteDispatcher {
    async fn serve(&mut self, message: GetInvite, cx: &Cx) -> Result<Invite, Problem> {
        let mut db = self.db.read().await?;
        let of = (message.organisation, message.invite_id);
        let found = find(&mut db, of, self.clock.now()).await?;
        Ok(self.shown(found, &cx.caller))
    }
}
