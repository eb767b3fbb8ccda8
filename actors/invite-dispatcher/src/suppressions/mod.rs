//! Who gets no invites, from whom, and why.
//!
//! A bounce suppresses an address in one organisation, a complaint and a wish to hear of nobody
//! everywhere. What its owner said is not an administrator's to take back. A bounce is lifted by
//! itself after 90 days ([`crate::Reminder`]), or when a later mail to the address is delivered
//! ([`crate::reports`]).

mod add;
mod lift;
mod list;
mod resolve;
pub(crate) mod sql;
mod unsubscribe;

use contract::{
    EmailAddress, Problem, Secret, Timestamp,
    ids::{InviteId, OrganisationId},
    suppressions::{Suppression, SuppressionReason},
    text::Name,
};
use serde_json::json;
use store::{Connection, Row, StoreError, Tx};

use crate::{invites::unknown, tokens::Tokens};

/// What a suppression is to say.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) email: EmailAddress,
    /// `None`: everybody.
    pub(crate) organisation: Option<OrganisationId>,
    pub(crate) reason: SuppressionReason,
    pub(crate) invite: Option<InviteId>,
}

/// Suppresses an address at once: mail that waits for its turn does not leave. An older reason
/// stays, unless the owner of the address says now what only they can take back. Answers whether
/// something changed.
pub(crate) async fn suppress(tx: &mut Tx, wish: &Wish) -> Result<bool, StoreError> {
    let (stamp, key) = (tx.stamp().clone(), wish.email.key());
    let changed = sql::SUPPRESS
        .bind(&key)
        .bind(
            wish.organisation
                .map_or_else(String::new, |id| id.to_string()),
        )
        .bind(&wish.email)
        .bind(wish.reason.name())
        .bind(wish.invite)
        .bind(stamp.actor)
        .bind(stamp.now)
        .execute(tx)
        .await?;
    let quiet = sql::QUIET.bind(&key).bind(wish.organisation);
    quiet.execute(tx).await?;
    Ok(changed > 0)
}

fn suppression(row: &Row) -> Result<Suppression, StoreError> {
    let reason: String = row.get("reason")?;
    Ok(Suppression {
        email: row.get("email")?,
        reason: SuppressionReason::parse(&reason)
            .ok_or_else(|| row.bad("reason", "is no reason of a suppression"))?,
        since: row.get("created_at")?,
        created_by: row.get("created_by")?,
    })
}

/// Whose mail a token of `List-Unsubscribe` is of, also of an invite that has gone on to another
/// address.
struct Mailed {
    invite: InviteId,
    organisation: OrganisationId,
    organisation_name: Name,
    email: EmailAddress,
}

async fn mailed(
    db: &mut impl Connection,
    tokens: &Tokens,
    token: &Secret,
) -> Result<Mailed, Problem> {
    let claim = Tokens::read(token).ok_or_else(unknown)?;
    let found = sql::FIND_MAILED.bind(claim.invite).fetch_all(db).await?;
    for row in &found {
        if tokens.is_unsubscribe(claim, row.get("generation")?) {
            return Ok(Mailed {
                invite: claim.invite,
                organisation: row.get("organisation_id")?,
                organisation_name: row.get("organisation_name")?,
                email: row.get("email")?,
            });
        }
    }
    Err(unknown())
}

/// Lifts what bounces said of an address before an instant: the mailbox is there, or it is so long
/// ago that it may be.
pub(crate) async fn lift_bounces(
    tx: &mut Tx,
    key: &str,
    before: Timestamp,
) -> Result<(), StoreError> {
    let lift = sql::LIFT_BOUNCES.bind(key).bind(before);
    for row in &lift.fetch_all(tx).await? {
        let organisation: OrganisationId = row.get("organisation_id")?;
        let change = json!({ "reason": SuppressionReason::Bounce });
        tx.audit(organisation, "suppression.lift", key, change);
    }
    Ok(())
}
