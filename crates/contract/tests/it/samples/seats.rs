//! Plans, their ledger, and the one room.

use contract::{
    ids::{AccountId, InviteId, LinkId, MembershipId, OrganisationId, PlanId},
    ledger::{GetLedger, Ledger, LedgerEntry},
    plans::{CreatePlan, GetPlan, ListPlans, Plan, SeatCount, UpdatePlan},
    seats::{Admit, Admitted, Door, SettleProof, Settled, Status},
};

use super::{
    NOON, Sample,
    directory::{page, page_of},
    id, name, sample,
};

pub(super) fn samples() -> Vec<Sample> {
    plans().into_iter().chain(seats()).collect()
}

pub(super) const STATUSES: [Status; 4] = [
    Status::Assigned,
    Status::Held,
    Status::Waiting,
    Status::Revoked,
];

fn plan() -> Plan {
    Plan {
        id: id(PlanId::new),
        name: name("Campus"),
        seats: SeatCount::new(100, 3, 40),
        waiting: 2,
        ends_at: Some(NOON),
        created_at: NOON,
    }
}

fn update() -> UpdatePlan {
    UpdatePlan {
        organisation: id(OrganisationId::new),
        plan_id: id(PlanId::new),
        name: Some(name("Campus 2027")),
        seats: Some(120),
        ends_at: None,
    }
}

fn plans() -> [Sample; 5] {
    let organisation = id(OrganisationId::new);
    let plan_id = id(PlanId::new);
    [
        sample(
            [CreatePlan {
                organisation,
                name: name("Campus"),
                seats: 100,
                ends_at: Some(NOON),
            }],
            [plan()],
        ),
        sample(
            [ListPlans {
                organisation,
                page: page(),
            }],
            [page_of(plan())],
        ),
        sample(
            [GetPlan {
                organisation,
                plan_id,
            }],
            [plan()],
        ),
        sample(
            [
                update(),
                UpdatePlan {
                    ends_at: Some(None),
                    ..update()
                },
                UpdatePlan {
                    ends_at: Some(Some(NOON)),
                    ..update()
                },
            ],
            [plan()],
        ),
        sample(
            [GetLedger {
                organisation,
                plan_id,
                at: Some(NOON),
                page: page(),
            }],
            [Ledger {
                at: NOON,
                seats: SeatCount::new(100, 3, 40),
                waiting: 2,
                entries: page_of(LedgerEntry {
                    entry: 44,
                    at: NOON,
                    change: "assign".to_owned(),
                    membership_id: Some(id(MembershipId::new)),
                    link_id: Some(id(LinkId::new)),
                    purchased: 0,
                    held: -1,
                    assigned: 1,
                    waiting: 0,
                    actor: "public".to_owned(),
                    request_id: "req-1".to_owned(),
                }),
            }],
        ),
    ]
}

fn seats() -> [Sample; 2] {
    let organisation = id(OrganisationId::new);
    let link_id = id(LinkId::new);
    let invite_id = id(InviteId::new);
    [
        sample(
            [Door::Link { link_id }, Door::Invite { invite_id }].map(|door| Admit {
                organisation,
                account_id: id(AccountId::new),
                door,
            }),
            STATUSES.map(|status| Admitted {
                membership_id: id(MembershipId::new),
                plan_id: id(PlanId::new),
                status,
                proof_due_at: Some(NOON),
                is_new: true,
            }),
        ),
        sample(
            [SettleProof {
                account_id: id(AccountId::new),
            }],
            [vec![Settled {
                organisation,
                membership_id: id(MembershipId::new),
                status: Status::Assigned,
            }]],
        ),
    ]
}
