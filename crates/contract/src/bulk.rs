//! One change for many people: staged, sealed by its number, worked off as a job. Owner: seat-pool.

use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Need, Service},
    caller::Role,
    ids::{BulkId, LinkId, MembershipId, OrganisationId},
    text::Tag,
    timestamp::Timestamp,
};

/// What is done to each of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum BulkAction {
    /// As [`RevokeMembership`](crate::memberships::RevokeMembership).
    Revoke,
    /// As [`ReassignMembership`](crate::memberships::ReassignMembership), for all or none: the job
    /// does not start with fewer free seats than people.
    Reassign,
    /// As [`RetagMembership`](crate::memberships::RetagMembership).
    Retag {
        /// Tags to add.
        add: Vec<Tag>,
        /// Tags to take away.
        remove: Vec<Tag>,
    },
}

impl BulkAction {
    /// The name on the wire and in the audit trail.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Reassign => "reassign",
            Self::Retag { .. } => "retag",
        }
    }
}

/// The most people that one message adds to a job.
pub const BULK_PIECE: usize = 5_000;
/// The most people of a job.
pub const BULK_MOST: u64 = 500_000;

/// Opens a job that does nothing yet. One that is not started within a day is forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenBulk {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// What is to be done.
    pub action: BulkAction,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulk {
    /// Which.
    pub id: BulkId,
    /// What it does.
    pub action: BulkAction,
    /// For how many people.
    pub count: u64,
    /// For how many it is done.
    pub done: u64,
    /// For how many it could not be done: gone meanwhile, no free seat, too many tags.
    pub refused: u64,
    /// When it was started; nobody is added afterwards.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it was given up before its end: the kind of the problem that it met again and again. What
    /// is done stays done.
    #[serde(default)]
    pub given_up: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
}

impl Call for OpenBulk {
    const SUBJECT: &'static str = "usher.v1.bulk.open";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Bulk;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Adds people to a job that is not started: the snapshot of whom it is about. Somebody who is
/// added twice counts once; who is of another organisation is not added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddToBulk {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// To which job.
    pub bulk_id: BulkId,
    /// Whom; at most [`BULK_PIECE`].
    pub membership_ids: Vec<MembershipId>,
}

impl Call for AddToBulk {
    const SUBJECT: &'static str = "usher.v1.bulk.add";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Bulk;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Starts a job; refused with `conflict` when it is about another number of people than expected,
/// and with `no-seats` when it reassigns more people than there are free seats. Started twice is
/// started once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartBulk {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which job.
    pub bulk_id: BulkId,
    /// About how many people whoever starts it believes it to be.
    pub expected_count: u64,
}

impl Call for StartBulk {
    const SUBJECT: &'static str = "usher.v1.bulk.start";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Bulk;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetBulk {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub bulk_id: BulkId,
}

impl Call for GetBulk {
    const SUBJECT: &'static str = "usher.v1.bulk.get";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Bulk;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Goes on with the job of an [`UpdateLink`](crate::links::UpdateLink) with `to_all`, one piece: it adds
/// all tags of the link and takes away those that the link lost, from everybody who had joined by then.
/// Jobs of a link come one after the other, so the piece may be an earlier one's. Whoever does not ask
/// again leaves the rest to the pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetagLink {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Through which link they joined.
    pub link_id: LinkId,
    /// The job.
    pub bulk_id: BulkId,
}

impl Call for RetagLink {
    const SUBJECT: &'static str = "usher.v1.bulk.retag-link";
    const OWNER: Service = Service::SeatPool;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Bulk;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}
