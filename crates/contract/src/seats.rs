//! Who may sit: every door ends here. Owner: seat-pool.

use serde::{Deserialize, Serialize};

use crate::{
    address::DomainName,
    call::{Call, Need, Service},
    ids::{AccountId, InviteId, LinkId, MembershipId, OrganisationId, PlanId},
    timestamp::Timestamp,
};

/// Where a membership stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Has a seat.
    Assigned,
    /// A seat is kept until the address is proved.
    Held,
    /// No seat was free; is in the plan's queue.
    Waiting,
    /// The seat was withdrawn; stays so at every door until an administrator reassigns it.
    Revoked,
}

impl Status {
    /// The name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Held => "held",
            Self::Waiting => "waiting",
            Self::Revoked => "revoked",
        }
    }

    /// Reads a name back.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Assigned, Self::Held, Self::Waiting, Self::Revoked]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// Of which domains the address of whoever is yet to get a seat has to be: those that the link they
/// came through allows now, and the one of the address that it let in. None where `now` is of them,
/// or the link takes any. Whoever has a seat is not asked again.
pub fn domains_needed(
    allowed: Vec<DomainName>,
    let_in: Option<DomainName>,
    now: Option<&DomainName>,
) -> Vec<DomainName> {
    let mut needed = allowed;
    if needed.is_empty() {
        return needed;
    }
    needed.extend(let_in);
    if now.is_some_and(|now| needed.contains(now)) {
        return Vec::new();
    }
    needed.sort();
    needed.dedup();
    needed
}

/// The evidence with which somebody asks for a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "door", rename_all = "kebab-case")]
pub enum Door {
    /// Came through an access link.
    Link {
        /// Which.
        link_id: LinkId,
    },
    /// Holds an invite: whoever shows its secret. It works whatever became of its link meanwhile,
    /// unless that is deleted, and is no use of it.
    Invite {
        /// Which.
        invite_id: InviteId,
    },
}

impl Door {
    /// The name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Link { .. } => "link",
            Self::Invite { .. } => "invite",
        }
    }
}

/// Asks for a seat. Idempotent: whoever has a membership in the organisation already gets the same
/// answer again, and nothing is consumed twice. The address and its proof are read from the account
/// itself, in the transaction that decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admit {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Who.
    pub account_id: AccountId,
    /// The evidence.
    pub door: Door,
}

/// The answer to [`Admit`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admitted {
    /// The person in this organisation.
    pub membership_id: MembershipId,
    /// The plan that was asked of.
    pub plan_id: PlanId,
    /// Assigned, held or waiting.
    pub status: Status,
    /// Until when the address must be proved, or the seat returns.
    pub proof_due_at: Option<Timestamp>,
    /// Whether this very request changed something; false for a repetition.
    pub is_new: bool,
}

impl Call for Admit {
    const SUBJECT: &'static str = "usher.v1.seats.admit";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = Admitted;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Looks again at an account whose address was proved: held seats become assigned, due dates fall.
/// Idempotent. SeatPool reads the proof from the account itself; this message only says "look".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleProof {
    /// Whose address was proved.
    pub account_id: AccountId,
}

/// A membership after its account was proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// The person there.
    pub membership_id: MembershipId,
    /// Where it stands now.
    pub status: Status,
}

impl Call for SettleProof {
    const SUBJECT: &'static str = "usher.v1.seats.settle-proof";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = Vec<Settled>;
}

/// How many memberships bear other tags than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retagged {
    /// That many.
    pub changed: u64,
}
