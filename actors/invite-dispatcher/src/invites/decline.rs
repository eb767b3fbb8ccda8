//! Declines an invite.

use contract::{
    Kind, Problem,
    events::Event,
    ids::OrganisationId,
    invites::{DeclineInvite, Life},
};
use kernel::{Cx, Serve};
use serde_json::json;

use super::{lock, resolve::unknown, sql};
use crate::{InviteDispatcher, tokens::Tokens};

impl Serve<DeclineInvite> for InviteDispatcher {
    async fn serve(&mut self, message: DeclineInvite, cx: &Cx) -> Result<(), Problem> {
        let claim = Tokens::read(&message.token).ok_or_else(unknown)?;
        let stamp = cx.stamp(&*self.clock);
        let mut db = self.db.read().await?;
        let found = sql::FIND_FACE.bind(stamp.now).bind(claim.invite);
        let row = found.fetch_optional(&mut db).await?.ok_or_else(unknown)?;
        let organisation: OrganisationId = row.get("organisation_id")?;
        drop(db);
        let mut tx = self.db.write(&stamp).await?;
        let found = lock(&mut tx, (organisation, claim.invite)).await?;
        if !self.tokens().is_invite(claim, found.generation) {
            return Err(unknown());
        }
        match found.invite.life {
            Life::Accepted => return Err(Problem::new(Kind::InviteUsed)),
            Life::Cancelled => return Err(Problem::new(Kind::InviteCancelled)),
            Life::Pending | Life::Declined | Life::Expired => {}
        }
        let decline = sql::DECLINE_INVITE.bind(claim.invite).bind(stamp.now);
        if decline.execute(&mut tx).await? == 0 {
            return Ok(());
        }
        let invite_id = claim.invite;
        tx.audit(organisation, "invite.decline", invite_id, json!({}));
        tx.publish(organisation, Event::InviteDeclined { invite_id });
        tx.commit().await?;
        Ok(())
    }
}
