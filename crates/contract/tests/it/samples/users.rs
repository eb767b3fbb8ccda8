//! How people are listed.

use contract::{
    DomainName,
    ids::{AccountId, InviteId, LinkId, MembershipId, OrganisationId, PlanId},
    invited::{CountPending, ListInviteStory, ListPending, Pending, PendingCount},
    seats::Status,
    users::{
        GetUser, InviteName, LinkName, ListUserIds, ListUserStory, ListUsers, ListWaiting,
        NameUsers, User, UserFilter, UserIds, UserName, UserNames, UserSort, Waiting,
    },
};

use super::{
    NOON, Sample,
    directory::{entry, page, page_of},
    email, id, name, person, sample,
    seats::STATUSES,
    tag,
};

fn user(status: Status) -> User {
    User {
        id: id(MembershipId::new),
        first_name: person("Ann"),
        last_name: person("Alpha"),
        email: email("ann@x.example"),
        status,
        redeemed_at: Some(NOON),
        last_active_at: Some(NOON),
        proof_due_at: Some(NOON),
        tags: vec![tag("law")],
        door: "link".to_owned(),
        link: Some(LinkName {
            id: id(LinkId::new),
            name: name("Law 2026"),
        }),
        plan_id: id(PlanId::new),
        plan_name: name("Campus"),
        domains_needed: vec![DomainName::parse("uni.edu").unwrap()],
    }
}

fn filter() -> UserFilter {
    UserFilter {
        status: Some(Status::Assigned),
        tags: vec![tag("law")],
        q: Some("ann".to_owned()),
        door: Some("link".to_owned()),
        link: Some(id(LinkId::new)),
        plan: Some(id(PlanId::new)),
        inactive_since: Some(NOON),
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let (organisation, membership_id) = (id(OrganisationId::new), id(MembershipId::new));
    vec![
        sample(
            UserSort::ALL.map(|sort| ListUsers {
                organisation,
                filter: filter(),
                sort,
                page: page(),
            }),
            [page_of(user(Status::Assigned))],
        ),
        sample(
            [GetUser {
                organisation,
                membership_id,
            }],
            STATUSES.map(user),
        ),
        sample(
            [ListUserIds {
                organisation,
                filter: filter(),
                after: Some(membership_id),
            }],
            [UserIds {
                ids: vec![membership_id],
                next: Some(membership_id),
            }],
        ),
        sample(
            [ListWaiting {
                organisation,
                plan_id: id(PlanId::new),
                page: page(),
            }],
            [page_of(Waiting {
                position: 1,
                id: membership_id,
                first_name: person("Ann"),
                last_name: person("Alpha"),
                email: email("ann@x.example"),
                waiting_since: NOON,
            })],
        ),
        sample(
            [ListUserStory {
                organisation,
                membership_id,
                page: page(),
            }],
            [page_of(entry())],
        ),
        named(),
    ]
    .into_iter()
    .chain(invited())
    .collect()
}

fn named() -> Sample {
    let (membership, account, invite) =
        (id(MembershipId::new), id(AccountId::new), id(InviteId::new));
    sample(
        [NameUsers {
            organisation: id(OrganisationId::new),
            memberships: [membership].into(),
            accounts: [account].into(),
            invites: [invite].into(),
        }],
        [UserNames {
            users: vec![UserName {
                id: membership,
                account_id: account,
                first_name: person("Ann"),
                last_name: person("Alpha"),
                email: email("ann@x.example"),
            }],
            invites: vec![InviteName {
                id: invite,
                email: email("bob@x.example"),
            }],
        }],
    )
}

fn pending() -> Pending {
    Pending {
        id: id(InviteId::new),
        name: Some(person("Ann Alpha")),
        email: email("ann@x.example"),
        tags: vec![tag("law")],
        link: LinkName {
            id: id(LinkId::new),
            name: name("Law 2026"),
        },
        plan_id: id(PlanId::new),
        plan_name: name("Campus"),
        invited_at: NOON,
        expires_at: Some(NOON),
    }
}

fn invited() -> [Sample; 3] {
    let (organisation, invite_id) = (id(OrganisationId::new), id(InviteId::new));
    let nameless = Pending {
        name: None,
        expires_at: None,
        ..pending()
    };
    [
        sample(
            UserSort::ALL.map(|sort| ListPending {
                organisation,
                filter: filter(),
                sort,
                page: page(),
            }),
            [page_of(pending()), page_of(nameless)],
        ),
        sample(
            [CountPending { organisation }],
            [PendingCount {
                count: 7,
                is_more: false,
            }],
        ),
        sample(
            [ListInviteStory {
                organisation,
                invite_id,
                page: page(),
            }],
            [page_of(entry())],
        ),
    ]
}
