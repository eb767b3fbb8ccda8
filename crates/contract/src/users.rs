//! Questions about people in an organisation: reads only. Owner: roster.

use serde::{Deserialize, Serialize};

use crate::{
    address::EmailAddress,
    call::{Call, Need, Service},
    caller::Role,
    ids::{LinkId, MembershipId, OrganisationId, PlanId},
    page::{Page, PageRequest},
    seats::Status,
    text::{Name, PersonName, Tag},
    timestamp::Timestamp,
};

/// A row of Manage Users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The membership.
    pub id: MembershipId,
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// The address.
    pub email: EmailAddress,
    /// Where it stands.
    pub status: Status,
    /// When the seat was given.
    pub redeemed_at: Option<Timestamp>,
    /// When the person was last seen.
    pub last_active_at: Option<Timestamp>,
    /// Until when the address must be proved.
    pub proof_due_at: Option<Timestamp>,
    /// Tags, sorted.
    pub tags: Vec<Tag>,
    /// Through which door they came.
    pub door: String,
    /// Through which link, where it was one.
    pub link: Option<LinkName>,
    /// Of which plan the seat is, or is waited for.
    pub plan_id: PlanId,
    /// What the plan is called.
    pub plan_name: Name,
}

/// A link as a row of Manage Users names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkName {
    /// Which.
    pub id: LinkId,
    /// Its name today; a deleted link keeps it.
    pub name: Name,
}

/// The people of an organisation, the newest first; the filters combine with AND.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListUsers {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Only in this state.
    #[serde(default)]
    pub status: Option<Status>,
    /// Only with this tag.
    #[serde(default)]
    pub tag: Option<Tag>,
    /// Only where first name, last name or address contains this, whatever the case; at most 100
    /// characters, `%` and `_` mean themselves.
    #[serde(default)]
    pub q: Option<String>,
    /// Only who came through this link.
    #[serde(default)]
    pub link: Option<LinkId>,
    /// Only of this plan.
    #[serde(default)]
    pub plan: Option<PlanId>,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

impl Call for ListUsers {
    const SUBJECT: &'static str = "usher.v1.users.list";
    const OWNER: Service = Service::Roster;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<User>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// One person of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetUser {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub membership_id: MembershipId,
}

impl Call for GetUser {
    const SUBJECT: &'static str = "usher.v1.users.get";
    const OWNER: Service = Service::Roster;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = User;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}
