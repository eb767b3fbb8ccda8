//! Questions about people who are invited, beside those about people who are there: reads only.
//! Owner: roster.

use serde::{Deserialize, Serialize};

use crate::{
    address::EmailAddress,
    audit::AuditEntry,
    call::{Call, Need, Service},
    caller::Role,
    ids::{InviteId, OrganisationId, PlanId},
    page::{Page, PageRequest},
    text::{Name, PersonName, Tag},
    timestamp::Timestamp,
    users::{LinkName, UserFilter, UserSort},
};

/// A row of Manage Users of somebody whose invite is pending: it was sent, can be accepted, and was
/// neither accepted nor declined. It takes no seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The invite.
    pub id: InviteId,
    /// How they are called, as the list said it that they were on.
    pub name: Option<PersonName>,
    /// Where it was sent.
    pub email: EmailAddress,
    /// The tags that they will have, sorted: those of the link.
    pub tags: Vec<Tag>,
    /// The link whose plan and tags the invite has.
    pub link: LinkName,
    /// Of which plan the seat will be.
    pub plan_id: PlanId,
    /// What the plan is called.
    pub plan_name: Name,
    /// When the address was handed in.
    pub invited_at: Timestamp,
    /// Until when the invite can be accepted.
    pub expires_at: Option<Timestamp>,
}

/// Who is invited and has not answered.
///
/// The filter means what it means among the people who are there: nobody pending has a status of a
/// seat, came through another door than `invite`, or was seen. In the orders by what they do not
/// have, who was invited last comes first; who has no name is ordered by address. A cursor belongs
/// to the order it was answered in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPending {
    /// By which organisation.
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

impl Call for ListPending {
    const SUBJECT: &'static str = "usher.v1.users.pending";
    const OWNER: Service = Service::Roster;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<Pending>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// The most that [`CountPending`] counts.
pub const PENDING_COUNTED: u32 = 10_000;

/// How many are invited by an organisation and have not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountPending {
    /// By which organisation.
    pub organisation: OrganisationId,
}

/// The answer to [`CountPending`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingCount {
    /// At most [`PENDING_COUNTED`].
    pub count: u32,
    /// Whether there may be more.
    pub is_more: bool,
}

impl Call for CountPending {
    const SUBJECT: &'static str = "usher.v1.users.count-pending";
    const OWNER: Service = Service::Roster;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = PendingCount;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// What happened to an invite after it was sent, as the audit trail has it, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListInviteStory {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub invite_id: InviteId,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

impl Call for ListInviteStory {
    const SUBJECT: &'static str = "usher.v1.users.invite-story";
    const OWNER: Service = Service::Roster;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<AuditEntry>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}
