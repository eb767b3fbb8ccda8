//! What administrators do with people's places, one by one and in bulk.

use contract::{
    bulk::{AddToBulk, Bulk, BulkAction, GetBulk, OpenBulk, RetagLink, StartBulk},
    ids::{AccountId, BulkId, LinkId, MembershipId, OrganisationId, PlanId},
    memberships::{
        EraseMembership, Erased, Place, ReassignMembership, RetagMembership, RevokeMembership,
    },
    seats::{Retagged, Status},
};

use super::{NOON, Sample, id, sample, tag};

pub(super) fn samples() -> Vec<Sample> {
    memberships().into_iter().chain(bulk()).collect()
}

fn memberships() -> [Sample; 4] {
    let organisation = id(OrganisationId::new);
    let membership_id = id(MembershipId::new);
    let place = |status| Place {
        membership_id,
        account_id: id(AccountId::new),
        plan_id: id(PlanId::new),
        status,
        is_new: true,
    };
    [
        sample(
            [RevokeMembership {
                organisation,
                membership_id,
            }],
            [place(Status::Revoked)],
        ),
        sample(
            [ReassignMembership {
                organisation,
                membership_id,
            }],
            [place(Status::Assigned)],
        ),
        sample(
            [EraseMembership {
                organisation,
                membership_id,
            }],
            [Erased {
                account_id: id(AccountId::new),
            }],
        ),
        sample(
            [RetagMembership {
                organisation,
                membership_id,
                add: vec![tag("law")],
                remove: vec![tag("2025")],
            }],
            [Retagged { changed: 1 }],
        ),
    ]
}

fn actions() -> [BulkAction; 3] {
    [
        BulkAction::Revoke,
        BulkAction::Reassign,
        BulkAction::Retag {
            add: vec![tag("law")],
            remove: vec![tag("2025")],
        },
    ]
}

fn job(action: BulkAction) -> Bulk {
    Bulk {
        id: id(BulkId::new),
        action,
        count: 10,
        done: 7,
        refused: 1,
        started_at: Some(NOON),
        finished_at: Some(NOON),
        given_up: Some("internal".to_owned()),
        created_at: NOON,
    }
}

fn bulk() -> [Sample; 5] {
    let organisation = id(OrganisationId::new);
    let bulk_id = id(BulkId::new);
    [
        sample(
            actions().map(|action| OpenBulk {
                organisation,
                action,
            }),
            actions().map(job),
        ),
        sample(
            [AddToBulk {
                organisation,
                bulk_id,
                membership_ids: vec![id(MembershipId::new)],
            }],
            [job(BulkAction::Revoke)],
        ),
        sample(
            [StartBulk {
                organisation,
                bulk_id,
                expected_count: 10,
            }],
            [job(BulkAction::Revoke)],
        ),
        sample(
            [GetBulk {
                organisation,
                bulk_id,
            }],
            [job(BulkAction::Revoke)],
        ),
        sample(
            [RetagLink {
                organisation,
                link_id: id(LinkId::new),
                bulk_id,
            }],
            [job(BulkAction::Revoke)],
        ),
    ]
}
