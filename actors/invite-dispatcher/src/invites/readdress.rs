//! Corrects the address of an invite and sends it there.

use contract::{
    DomainName, EmailAddress, Kind, Problem,
    ids::OrganisationId,
    invites::{Invite, ReaddressInvite},
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::Tx;

use super::{Found, find, lock_for_good, name_key, sql};
use crate::{InviteDispatcher, forget::suppressed};

impl Serve<ReaddressInvite> for InviteDispatcher {
    async fn serve(&mut self, message: ReaddressInvite, cx: &Cx) -> Result<Invite, Problem> {
        let of = (message.organisation, message.invite_id);
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        // Whoever accepts is compared with the address: one of the two is first.
        let found = lock_for_good(&mut tx, of).await?;
        found.refuse_unsendable()?;
        let email = message.email;
        if email.key() == found.email_key {
            let detail = "This is its address already; send it again instead.";
            return Err(Problem::invalid("email", "same", detail));
        }
        let suppressed = suppressed(&self.vault, &email.key());
        refuse_unfit(&mut tx, of.0, &found, &email, suppressed).await?;
        sql::KEEP_ADDRESS.bind(of.1).execute(&mut tx).await?;
        sql::READDRESS_INVITE
            .bind(of.1)
            .bind(&email)
            .bind(email.key())
            .bind(&email.domain())
            .bind(found.renewed(stamp.now))
            .bind(name_key(found.invite.name.as_ref(), &email))
            .execute(&mut tx)
            .await?;
        let reopen = sql::REOPEN_BATCH.bind(found.invite.batch_id);
        reopen.execute(&mut tx).await?;
        let change = json!({ "email": { "from": found.invite.email, "to": email } });
        tx.audit(of.0, "invite.readdress", of.1, change);
        let sent = find(&mut tx, of, stamp.now).await?;
        tx.commit().await?;
        self.courier.notify_one();
        Ok(self.shown(sent, &cx.caller))
    }
}

/// Refuses an address that an intake would not take.
async fn refuse_unfit(
    tx: &mut Tx,
    organisation: OrganisationId,
    found: &Found,
    email: &EmailAddress,
    suppressed: String,
) -> Result<(), Problem> {
    let now = tx.stamp().now;
    let row = sql::CLASSIFY
        .bind(organisation)
        .bind(email.key())
        .bind(now)
        .bind(found.invite.link_id)
        .bind(found.invite.batch_id)
        .bind(suppressed)
        .fetch_one(tx)
        .await?;
    let has = |column| row.get::<i64>(column).map(|count| count > 0);
    let taken = |detail| Err(Problem::new(Kind::Conflict).detail(detail));
    if has("revoked")? {
        return taken("The access of this address was withdrawn.");
    }
    if has("places")? {
        return taken("This address has a place already.");
    }
    if has("suppressions")? {
        let detail = "This address cannot be invited.";
        return Err(Problem::invalid("email", "suppressed", detail));
    }
    if has("invites")? {
        return taken("This address has an invite already.");
    }
    let allowed: Vec<DomainName> = row.json("allowed_domains")?;
    if !allowed.is_empty() && !allowed.contains(&email.domain()) {
        let detail = "The link of this invite does not admit this domain.";
        return Err(Problem::invalid("email", "domain-not-allowed", detail));
    }
    Ok(())
}
