//! Invites: what administrators do with them, and whoever holds one.

use contract::{
    DomainName,
    ids::{BatchId, InviteId, LinkId, OrganisationId, PlanId},
    invites::{
        CancelInvite, DeclineInvite, GetInvite, Invite, InviteFace, InviteFilter, InviteState,
        Life, ListInvites, ReaddressInvite, ResendInvite, ResendPending, Resent, ResolveInvite,
        Ticket,
    },
    page::{Cursor, Page, PageRequest},
    text::Language,
};

use super::{NOON, Sample, email, id, name, person, sample, secret, tag, url};

pub(super) fn samples() -> Vec<Sample> {
    seen().into_iter().chain(changed()).chain(held()).collect()
}

const LIVES: [Life; 5] = [
    Life::Pending,
    Life::Accepted,
    Life::Declined,
    Life::Cancelled,
    Life::Expired,
];

fn invite(state: InviteState, life: Life) -> Invite {
    Invite {
        id: id(InviteId::new),
        batch_id: id(BatchId::new),
        link_id: id(LinkId::new),
        link_name: name("First year"),
        email: email("Ann@x.edu"),
        name: Some(person("Ann Lee")),
        state,
        life,
        reason: Some("no-mailbox".to_owned()),
        last_reply: Some("550 5.1.1 no such user".to_owned()),
        attempts: 2,
        may_be_double: true,
        next_try_at: Some(NOON),
        resend_from: Some(NOON),
        sent_at: Some(NOON),
        expires_at: Some(NOON),
        accepted_at: Some(NOON),
        declined_at: Some(NOON),
        cancelled_at: Some(NOON),
        created_at: NOON,
        token: Some(secret()),
    }
}

/// One of which nothing is known beyond that it was taken.
fn fresh() -> Invite {
    Invite {
        name: None,
        reason: None,
        last_reply: None,
        attempts: 0,
        may_be_double: false,
        next_try_at: None,
        resend_from: None,
        sent_at: None,
        expires_at: None,
        accepted_at: None,
        declined_at: None,
        cancelled_at: None,
        token: None,
        ..invite(InviteState::Draft, Life::Pending)
    }
}

fn seen() -> [Sample; 2] {
    let organisation = id(OrganisationId::new);
    let list = |life| ListInvites {
        organisation,
        filter: InviteFilter {
            batch: Some(id(BatchId::new)),
            state: Some(InviteState::Sent),
            life: Some(life),
            q: Some("ann".to_owned()),
        },
        page: PageRequest {
            cursor: Some(Cursor("after".to_owned())),
            limit: Some(20),
        },
    };
    let of_each_life = LIVES.map(|life| invite(InviteState::Sent, life));
    let of_each_state = InviteState::ALL.map(|state| invite(state, Life::Pending));
    let page = |items: Vec<Invite>| Page {
        items,
        next_cursor: Some(Cursor("after".to_owned())),
    };
    [
        sample(
            LIVES.map(list),
            [page(of_each_life.into()), page(of_each_state.into())],
        ),
        sample(
            [GetInvite {
                organisation,
                invite_id: id(InviteId::new),
            }],
            [invite(InviteState::Sent, Life::Pending), fresh()],
        ),
    ]
}

fn changed() -> [Sample; 4] {
    let organisation = id(OrganisationId::new);
    let invite_id = id(InviteId::new);
    [
        sample(
            [ResendInvite {
                organisation,
                invite_id,
            }],
            [invite(InviteState::Queued, Life::Pending)],
        ),
        sample(
            [None, Some(2_099)].map(|behind| ResendPending {
                organisation,
                batch_id: id(BatchId::new),
                behind,
            }),
            [
                Resent {
                    count: 7,
                    behind: None,
                },
                Resent {
                    count: 2_000,
                    behind: Some(2_099),
                },
            ],
        ),
        sample(
            [CancelInvite {
                organisation,
                invite_id,
            }],
            [invite(InviteState::Cancelled, Life::Cancelled)],
        ),
        sample(
            [ReaddressInvite {
                organisation,
                invite_id,
                email: email("ann.lee@x.edu"),
            }],
            [invite(InviteState::Queued, Life::Pending)],
        ),
    ]
}

fn held() -> [Sample; 2] {
    let code = Ticket::Code {
        email: email("ann@x.edu"),
        code: secret(),
    };
    let face = |life| InviteFace {
        id: id(InviteId::new),
        organisation: id(OrganisationId::new),
        organisation_name: name("Law School"),
        product_url: url("https://read.example/"),
        link_id: id(LinkId::new),
        plan_id: id(PlanId::new),
        tags: vec![tag("law")],
        email: email("ann@x.edu"),
        name: Some(person("Ann Lee")),
        inviter: Some(name("Bob Roe")),
        language: Language::parse("de").unwrap(),
        life,
        expires_at: Some(NOON),
        is_lenient: true,
        allowed_domains: vec![DomainName::parse("x.edu").unwrap()],
        has_free_seat: true,
        token: secret(),
    };
    [
        sample(
            [Ticket::Token(secret()), code].map(|ticket| ResolveInvite { ticket }),
            LIVES.map(face),
        ),
        sample([DeclineInvite { token: secret() }], [()]),
    ]
}
