//! Questions about people in an organisation: reads only. Owner: roster.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    address::{DomainName, EmailAddress},
    audit::AuditEntry,
    call::{Call, Need, Service},
    caller::Role,
    ids::{AccountId, InviteId, LinkId, MembershipId, OrganisationId, PlanId},
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
    /// Of one of which domains the address has to be before there is a seat; told by [`GetUser`] only.
    #[serde(default)]
    pub domains_needed: Vec<DomainName>,
}

/// A link as a row of Manage Users names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkName {
    /// Which.
    pub id: LinkId,
    /// Its name today; a deleted link keeps it.
    pub name: Name,
}

/// Which people; what is said combines with AND.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFilter {
    /// Only in this state.
    #[serde(default)]
    pub status: Option<Status>,
    /// Only with every one of these tags; at most [`Tag::MOST_PER_ROW`].
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Only where first name, last name or address contains this, whatever the case; at most 100
    /// characters, `%` and `_` mean themselves.
    #[serde(default)]
    pub q: Option<String>,
    /// Only who came through this door, by the name that [`User::door`] bears.
    #[serde(default)]
    pub door: Option<String>,
    /// Only who came through this link.
    #[serde(default)]
    pub link: Option<LinkId>,
    /// Only of this plan.
    #[serde(default)]
    pub plan: Option<PlanId>,
    /// Only who had joined, and had their seat, before this instant and was not seen since; who was never seen is
    /// one of them.
    #[serde(default)]
    pub inactive_since: Option<Timestamp>,
}

/// In which order; equal ones by their ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserSort {
    /// Who joined last comes first.
    #[default]
    Newest,
    /// Who joined first comes first.
    Oldest,
    /// By first name, then last name, in lower case, bytewise.
    Name,
    /// By address, in lower case, bytewise.
    Email,
    /// Whose seat was given last comes first, who never had one last.
    Redeemed,
    /// Who was seen last comes first, who never was last.
    LastActive,
}

impl UserSort {
    /// Every order.
    pub const ALL: [Self; 6] = [
        Self::Newest,
        Self::Oldest,
        Self::Name,
        Self::Email,
        Self::Redeemed,
        Self::LastActive,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Name => "name",
            Self::Email => "email",
            Self::Redeemed => "redeemed",
            Self::LastActive => "last_active",
        }
    }

    /// Reads a name back.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.name() == name)
    }
}

/// The people of an organisation. A cursor belongs to the order it was answered in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListUsers {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which of them.
    #[serde(flatten)]
    pub filter: UserFilter,
    /// In which order.
    #[serde(default)]
    pub sort: UserSort,
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

/// The most ids of a page of [`ListUserIds`].
pub const USER_IDS_MOST: u32 = 5_000;

/// The ids of the people that a filter finds, the newest first: whom a bulk change is about. Who
/// joins meanwhile is not among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListUserIds {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which of them.
    #[serde(flatten)]
    pub filter: UserFilter,
    /// Behind which; `None` for the first page.
    #[serde(default)]
    pub after: Option<MembershipId>,
}

/// The answer to [`ListUserIds`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserIds {
    /// At most [`USER_IDS_MOST`].
    pub ids: Vec<MembershipId>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<MembershipId>,
}

impl Call for ListUserIds {
    const SUBJECT: &'static str = "usher.v1.users.ids";
    const OWNER: Service = Service::Roster;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = UserIds;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// The people who wait for a seat of a plan, in the order in which they get one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListWaiting {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Of which plan.
    pub plan_id: PlanId,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

/// Somebody in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// 1 is next.
    pub position: u64,
    /// The membership.
    pub id: MembershipId,
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// The address.
    pub email: EmailAddress,
    /// Since when.
    pub waiting_since: Timestamp,
}

impl Call for ListWaiting {
    const SUBJECT: &'static str = "usher.v1.users.waiting";
    const OWNER: Service = Service::Roster;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<Waiting>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// What happened to a person's place, as the audit trail has it, the newest first; also of somebody
/// who was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListUserStory {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Whose.
    pub membership_id: MembershipId,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

impl Call for ListUserStory {
    const SUBJECT: &'static str = "usher.v1.users.story";
    const OWNER: Service = Service::Roster;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<AuditEntry>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// The most that [`NameUsers`] asks for: whoever the entries of the longest page name, by whom and
/// on whom.
pub const USERS_NAMED_MOST: usize = 2 * PageRequest::MOST as usize;

/// Who the people and the invites are that an organisation's history names by their ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameUsers {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// These memberships; with the others at most [`USERS_NAMED_MOST`].
    #[serde(default)]
    pub memberships: BTreeSet<MembershipId>,
    /// The memberships of these accounts there.
    #[serde(default)]
    pub accounts: BTreeSet<AccountId>,
    /// These invites.
    #[serde(default)]
    pub invites: BTreeSet<InviteId>,
}

/// The answer to [`NameUsers`]. Whoever is not, or not any more, of the organisation is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserNames {
    /// Those who have a place there, each once.
    pub users: Vec<UserName>,
    /// Invites of its batches.
    pub invites: Vec<InviteName>,
}

/// A person, as a page names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserName {
    /// The membership.
    pub id: MembershipId,
    /// Whose it is.
    pub account_id: AccountId,
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// The address.
    pub email: EmailAddress,
}

/// An invite, as a page names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteName {
    /// Which.
    pub id: InviteId,
    /// Where it was sent.
    pub email: EmailAddress,
}

impl Call for NameUsers {
    const SUBJECT: &'static str = "usher.v1.users.name";
    const OWNER: Service = Service::Roster;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = UserNames;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}
