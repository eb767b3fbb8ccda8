//! Facts that have been committed: ids only, no personal data, numbered per organisation. Written
//! by every actor in its own transaction, read through and published by outbox-relay.

use serde::{Deserialize, Serialize};

use crate::{
    call::{Call, Need, Service},
    caller::Role,
    ids::{AccountId, BatchId, InviteId, LinkId, MembershipId, OrganisationId, PlanId},
    timestamp::Timestamp,
};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields are the ids that their names say")]
pub enum Event {
    /// An organisation was made.
    OrganisationCreated,
    /// Name, product address or policies changed.
    OrganisationUpdated,
    /// A link was made.
    LinkCreated { link_id: LinkId, plan_id: PlanId },
    /// Name, tags or bounds of a link changed.
    LinkUpdated { link_id: LinkId },
    /// A link has a new secret.
    LinkRotated { link_id: LinkId },
    /// A link was switched off.
    LinkDisabled { link_id: LinkId },
    /// A link was switched on.
    LinkEnabled { link_id: LinkId },
    /// A link was deleted.
    LinkArchived { link_id: LinkId },
    /// A plan was made.
    PlanCreated { plan_id: PlanId },
    /// Name, seats or end of a plan changed.
    PlanUpdated { plan_id: PlanId },
    /// Somebody has a seat.
    SeatAssigned {
        membership_id: MembershipId,
        account_id: AccountId,
        plan_id: PlanId,
        link_id: Option<LinkId>,
    },
    /// A seat is kept for somebody.
    SeatHeld {
        membership_id: MembershipId,
        account_id: AccountId,
        plan_id: PlanId,
        link_id: Option<LinkId>,
    },
    /// Somebody waits for a seat.
    SeatAwaited {
        membership_id: MembershipId,
        account_id: AccountId,
        plan_id: PlanId,
        link_id: Option<LinkId>,
    },
    /// A seat returned to the pool because its address was not proved in time.
    SeatReturned {
        membership_id: MembershipId,
        plan_id: PlanId,
    },
    /// A seat, or a place in the queue, was withdrawn.
    SeatRevoked {
        membership_id: MembershipId,
        plan_id: PlanId,
    },
    /// A person was taken out of the organisation for good.
    MembershipErased {
        membership_id: MembershipId,
        plan_id: PlanId,
    },
    /// A person bears other tags.
    MembershipRetagged { membership_id: MembershipId },
    /// The address behind a membership was proved.
    ProofSettled {
        membership_id: MembershipId,
        plan_id: PlanId,
    },
    /// The tags of a link were brought to whoever had joined.
    LinkRetagged { link_id: LinkId },
    /// A batch of invites is being sent.
    BatchSent { batch_id: BatchId },
    /// A batch of invites rests, for whatever reason.
    BatchPaused { batch_id: BatchId },
    /// A batch of invites goes on.
    BatchResumed { batch_id: BatchId },
    /// A batch of invites was taken back.
    BatchCancelled { batch_id: BatchId },
    /// Nothing of a batch is left to be sent.
    BatchFinished { batch_id: BatchId },
    /// An invite was accepted.
    InviteAccepted {
        invite_id: InviteId,
        membership_id: MembershipId,
    },
    /// An invite was declined.
    InviteDeclined { invite_id: InviteId },
    /// An invite was taken back.
    InviteCancelled { invite_id: InviteId },
    /// The mail of an invite came back.
    InviteBounced { invite_id: InviteId },
    /// The mail of an invite was complained about.
    InviteComplained { invite_id: InviteId },
}

impl Event {
    /// The last part of its subject and its CloudEvents type: `seat-assigned`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OrganisationCreated => "organisation-created",
            Self::OrganisationUpdated => "organisation-updated",
            Self::LinkCreated { .. } => "link-created",
            Self::LinkUpdated { .. } => "link-updated",
            Self::LinkRotated { .. } => "link-rotated",
            Self::LinkDisabled { .. } => "link-disabled",
            Self::LinkEnabled { .. } => "link-enabled",
            Self::LinkArchived { .. } => "link-archived",
            Self::PlanCreated { .. } => "plan-created",
            Self::PlanUpdated { .. } => "plan-updated",
            Self::SeatAssigned { .. } => "seat-assigned",
            Self::SeatHeld { .. } => "seat-held",
            Self::SeatAwaited { .. } => "seat-awaited",
            Self::SeatReturned { .. } => "seat-returned",
            Self::SeatRevoked { .. } => "seat-revoked",
            Self::MembershipErased { .. } => "membership-erased",
            Self::MembershipRetagged { .. } => "membership-retagged",
            Self::ProofSettled { .. } => "proof-settled",
            Self::LinkRetagged { .. } => "link-retagged",
            Self::BatchSent { .. } => "batch-sent",
            Self::BatchPaused { .. } => "batch-paused",
            Self::BatchResumed { .. } => "batch-resumed",
            Self::BatchCancelled { .. } => "batch-cancelled",
            Self::BatchFinished { .. } => "batch-finished",
            Self::InviteAccepted { .. } => "invite-accepted",
            Self::InviteDeclined { .. } => "invite-declined",
            Self::InviteCancelled { .. } => "invite-cancelled",
            Self::InviteBounced { .. } => "invite-bounced",
            Self::InviteComplained { .. } => "invite-complained",
        }
    }
}

/// An event with its place in the organisation's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// 1, 2, 3… in each organisation, in the order of commit, without a gap.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// The events of an organisation after a number, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListEvents {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// After which number; 0 from the start.
    #[serde(default)]
    pub after: u64,
    /// How many; at most 200.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A part of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    /// The events.
    pub items: Vec<Recorded>,
    /// Hand it back as `after` to go on, also when there was nothing yet.
    pub next_after: u64,
}

impl Call for ListEvents {
    const SUBJECT: &'static str = "usher.v1.events.list";
    const OWNER: Service = Service::OutboxRelay;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = EventPage;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}
