//! Every event, and how they are read.

use contract::{
    events::{Event, EventPage, ListEvents, Recorded},
    ids::{AccountId, BatchId, InviteId, LinkId, MembershipId, OrganisationId, PlanId},
};

use super::{NOON, Sample, id, sample};

/// One of each.
pub(crate) fn events() -> Vec<Event> {
    let (link_id, plan_id) = (id(LinkId::new), id(PlanId::new));
    let membership_id = id(MembershipId::new);
    let account_id = id(AccountId::new);
    let (batch_id, invite_id) = (id(BatchId::new), id(InviteId::new));
    vec![
        Event::OrganisationCreated,
        Event::OrganisationUpdated,
        Event::LinkCreated { link_id, plan_id },
        Event::LinkUpdated { link_id },
        Event::LinkRotated { link_id },
        Event::LinkDisabled { link_id },
        Event::LinkEnabled { link_id },
        Event::LinkArchived { link_id },
        Event::LinkRetagged { link_id },
        Event::PlanCreated { plan_id },
        Event::PlanUpdated { plan_id },
        Event::SeatAssigned {
            membership_id,
            account_id,
            plan_id,
            link_id: Some(link_id),
        },
        Event::SeatHeld {
            membership_id,
            account_id,
            plan_id,
            link_id: Some(link_id),
        },
        Event::SeatAwaited {
            membership_id,
            account_id,
            plan_id,
            link_id: Some(link_id),
        },
        Event::SeatReturned {
            membership_id,
            plan_id,
        },
        Event::SeatRevoked {
            membership_id,
            plan_id,
        },
        Event::MembershipErased {
            membership_id,
            plan_id,
        },
        Event::MembershipRetagged { membership_id },
        Event::ProofSettled {
            membership_id,
            plan_id,
        },
        Event::BatchSent { batch_id },
        Event::BatchPaused { batch_id },
        Event::BatchResumed { batch_id },
        Event::BatchCancelled { batch_id },
        Event::BatchFinished { batch_id },
        Event::InviteAccepted {
            invite_id,
            membership_id,
        },
        Event::InviteDeclined { invite_id },
        Event::InviteCancelled { invite_id },
        Event::InviteBounced { invite_id },
        Event::InviteComplained { invite_id },
    ]
}

pub(super) fn samples() -> Vec<Sample> {
    let recorded = |(seq, event)| Recorded {
        seq,
        at: NOON,
        event,
    };
    vec![sample(
        [ListEvents {
            organisation: id(OrganisationId::new),
            after: 2,
            limit: Some(20),
        }],
        [EventPage {
            items: (1..).zip(events()).map(recorded).collect(),
            next_after: 29,
        }],
    )]
}
