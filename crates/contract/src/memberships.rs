//! What administrators do with people's places. Owner: seat-pool.

use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Need, Service},
    caller::Role,
    ids::{AccountId, MembershipId, OrganisationId, PlanId},
    seats::{Retagged, Status},
    text::Tag,
};

/// Where a membership stands after an administrator changed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The person in this organisation.
    pub membership_id: MembershipId,
    /// Who it is.
    pub account_id: AccountId,
    /// Of which plan the seat is, was, or is waited for.
    pub plan_id: PlanId,
    /// Where it stands now.
    pub status: Status,
    /// Whether this very request changed something; false for a repetition.
    pub is_new: bool,
}

/// Withdraws a seat, or a place in the queue. The seat is free at once and goes to whoever waits;
/// the row stays, and every door is closed to the person until an administrator reassigns them.
/// Doing it twice is the same as once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeMembership {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Whose.
    pub membership_id: MembershipId,
}

impl Call for RevokeMembership {
    const SUBJECT: &'static str = "usher.v1.memberships.revoke";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Place;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Gives a seat to somebody who was revoked, or who waits; refused with `no-seats` when none is
/// free. Takes no use of a link. Whoever has a seat keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReassignMembership {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Whose.
    pub membership_id: MembershipId,
}

impl Call for ReassignMembership {
    const SUBJECT: &'static str = "usher.v1.memberships.reassign";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Place;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Takes a person out of the organisation for good: the row goes, a seat becomes free, numbers,
/// ledger and audit trail keep the id. The account goes with its last membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseMembership {
    /// From which organisation.
    pub organisation: OrganisationId,
    /// Whom.
    pub membership_id: MembershipId,
}

/// A membership is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Whose it was.
    pub account_id: AccountId,
}

impl Call for EraseMembership {
    const SUBJECT: &'static str = "usher.v1.memberships.erase";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Erased;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Gives tags to a person and takes tags away; refused when more than [`Tag::MOST_PER_ROW`] would
/// be left. Idempotent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetagMembership {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Whose.
    pub membership_id: MembershipId,
    /// Tags to add.
    #[serde(default)]
    pub add: Vec<Tag>,
    /// Tags to take away.
    #[serde(default)]
    pub remove: Vec<Tag>,
}

impl Call for RetagMembership {
    const SUBJECT: &'static str = "usher.v1.memberships.retag";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Retagged;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}
