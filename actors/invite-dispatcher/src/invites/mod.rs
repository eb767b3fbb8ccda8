//! Single invites: what administrators see and do, and what whoever holds one does.
//!
//! An invite is theirs to see once its batch was sent; what is a draft, or was skipped, is only a
//! row of its batch. [`contract::invites::Life`] is computed, never stored.

mod cancel;
mod decline;
mod get;
mod list;
mod readdress;
mod resend;
mod resend_pending;
mod resolve;
pub(crate) mod sql;

pub(crate) use self::{
    list::{containing, pattern},
    resolve::unknown,
};

use contract::{
    Caller, EmailAddress, Kind, Problem, Timestamp,
    caller::{Principal, Role},
    ids::{InviteId, LinkId, OrganisationId},
    invites::{Invite, InviteState, Life},
    organisations::Policies,
    text::PersonName,
};
use store::{Connection, Row, StoreError, Tx};

use crate::{InviteDispatcher, tokens::Tokens};

/// What invites are found and sorted by where people are: name, where there is one, and address, in
/// lower case.
pub(crate) fn name_key(name: Option<&PersonName>, email: &EmailAddress) -> String {
    let key = name.map_or_else(|| email.to_string(), |name| format!("{name} {email}"));
    key.to_lowercase()
}

/// How long after a mail of an invite another one may be asked for.
const COOL_DOWN_MICROS: i64 = 60 * 60 * 1_000_000;

/// An invite as it stands in a transaction.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) invite: Invite,
    pub(crate) generation: i64,
    pub(crate) email_key: String,
    /// Microseconds since its last mail was asked for or taken, by the database's clock.
    rested: Option<i64>,
    is_suppressed: bool,
    is_forgotten: bool,
    pub(crate) policies: Policies,
}

impl Found {
    /// Until when it works when it is sent now.
    fn renewed(&self, now: Timestamp) -> Timestamp {
        let fresh = now.plus_days(i64::from(self.policies.invite_days));
        self.invite.expires_at.map_or(fresh, |at| at.max(fresh))
    }

    /// Microseconds until it may be sent again; `None`: it may be.
    fn cools_for(&self) -> Option<i64> {
        let left = self.rested.map_or(0, |rested| COOL_DOWN_MICROS - rested);
        (left > 0).then_some(left)
    }

    /// Refuses to send what is over or on its way.
    fn refuse_unsendable(&self) -> Result<(), Problem> {
        let why = match self.invite.life {
            Life::Accepted => "This invite was accepted.",
            Life::Cancelled => "This invite was cancelled.",
            _ if self.is_on_its_way() => "This invite is on its way.",
            _ if self.is_forgotten => {
                "This invite was over for so long that its address is not kept."
            }
            Life::Pending | Life::Declined | Life::Expired => return Ok(()),
        };
        Err(Problem::new(Kind::Conflict).detail(why))
    }

    /// Whether a courier has it, or will have it.
    fn is_on_its_way(&self) -> bool {
        match self.invite.state {
            InviteState::Queued | InviteState::Sending | InviteState::Deferred => true,
            InviteState::Unknown => self.invite.next_try_at.is_some(),
            _ => false,
        }
    }
}

impl InviteDispatcher {
    pub(crate) fn tokens(&self) -> Tokens {
        Tokens::new(self.vault.clone())
    }

    /// The invite as this caller sees it.
    fn shown(&self, found: Found, caller: &Caller) -> Invite {
        shown(found, caller, &self.tokens(), self.clock.now())
    }
}

/// The invite as this caller sees it now.
fn shown(found: Found, caller: &Caller, tokens: &Tokens, now: Timestamp) -> Invite {
    let works = matches!(found.invite.life, Life::Pending | Life::Declined);
    let token =
        (works && may_hand_out(caller)).then(|| tokens.invite(found.invite.id, found.generation));
    // What is over is not sent again, however long it rests.
    let is_over = matches!(found.invite.life, Life::Accepted | Life::Cancelled);
    let resend_from = found
        .cools_for()
        .filter(|_| !is_over)
        .map(|left| Timestamp::from_micros(now.micros().saturating_add(left)));
    Invite {
        token,
        resend_from,
        ..found.invite
    }
}

/// Whether a caller may give away the URL of an invite.
fn may_hand_out(caller: &Caller) -> bool {
    caller.principal == Principal::Operator || caller.role >= Some(Role::Manager)
}

/// One invite of an organisation that was sent.
async fn find(
    db: &mut impl Connection,
    (organisation, id): (OrganisationId, InviteId),
    now: Timestamp,
) -> Result<Found, Problem> {
    let found = sql::GET_INVITE.bind(organisation).bind(now).bind(id);
    let row = found.fetch_optional(db).await?;
    Ok(read(&row.ok_or_else(|| Problem::new(Kind::NotFound))?)?)
}

/// The same, kept from others who would change it until the transaction ends.
async fn lock(tx: &mut Tx, of: (OrganisationId, InviteId)) -> Result<Found, Problem> {
    keep(tx, of).await?;
    let now = tx.stamp().now;
    find(tx, of, now).await
}

/// The same for whoever decides whether it can still be accepted: under the lock of admissions. That
/// comes second, as for couriers and whoever declines, who publish what they did.
async fn lock_for_good(tx: &mut Tx, of: (OrganisationId, InviteId)) -> Result<Found, Problem> {
    keep(tx, of).await?;
    tx.lock_histories(&[of.0]).await?;
    let now = tx.stamp().now;
    find(tx, of, now).await
}

async fn keep(tx: &mut Tx, (organisation, id): (OrganisationId, InviteId)) -> Result<(), Problem> {
    let lock = sql::LOCK_INVITE.bind(organisation).bind(id);
    let locked = lock.fetch_optional(tx).await?;
    locked.map(drop).ok_or_else(|| Problem::new(Kind::NotFound))
}

fn read(row: &Row) -> Result<Found, StoreError> {
    let state: String = row.get("state")?;
    let state = InviteState::parse(&state)
        .ok_or_else(|| row.bad("state", "is not a state of an invite"))?;
    let has_next = matches!(
        state,
        InviteState::Queued | InviteState::Deferred | InviteState::Unknown
    );
    let due_at: Option<Timestamp> = row.get("due_at")?;
    let attempts: u64 = row.get("attempts")?;
    let lost: u64 = row.get("lost")?;
    Ok(Found {
        invite: Invite {
            id: row.get("id")?,
            batch_id: row.get("batch_id")?,
            link_id: row.get::<LinkId>("link_id")?,
            link_name: row.get("link_name")?,
            email: row.get::<EmailAddress>("email")?,
            name: row.get("name")?,
            state,
            life: life(row)?,
            reason: row.get("reason")?,
            last_reply: row.get("last_reply")?,
            attempts,
            may_be_double: lost > 0 && attempts > 1,
            next_try_at: due_at.filter(|_| has_next),
            resend_from: None,
            sent_at: row.get("sent_at")?,
            expires_at: row.get("expires_at")?,
            accepted_at: row.get("accepted_at")?,
            declined_at: row.get("declined_at")?,
            cancelled_at: row.get("cancelled_at")?,
            created_at: row.get("created_at")?,
            token: None,
        },
        generation: row.get("generation")?,
        email_key: row.get("email_key")?,
        rested: row.get("rested")?,
        is_suppressed: row.get::<i64>("suppressions")? > 0,
        is_forgotten: row.get::<Option<i64>>("forgotten_at")?.is_some(),
        policies: row.json("policies")?,
    })
}

fn life(row: &Row) -> Result<Life, StoreError> {
    const LIVES: [Life; 5] = [
        Life::Pending,
        Life::Accepted,
        Life::Declined,
        Life::Cancelled,
        Life::Expired,
    ];
    let name: String = row.get("life")?;
    let life = LIVES.into_iter().find(|life| life.name() == name);
    life.ok_or_else(|| row.bad("life", "is not a part of an invite's life"))
}
