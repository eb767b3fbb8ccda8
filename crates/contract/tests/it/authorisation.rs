//! Who may do what: the one decision, as a table.

use contract::{
    Caller, Kind, Need, Principal, Role, Service, Timestamp,
    ids::{AccountId, AdministratorId, OrganisationId, TokenId, Ulid},
};

const NOW: Timestamp = Timestamp::from_micros(1_795_521_600_000_000);

fn organisation(number: u128) -> OrganisationId {
    OrganisationId::new(Ulid::from_parts(NOW.millis(), number))
}

/// Through the edge, which may send the message, about organisation 1.
fn decide(caller: &Caller, needs: Need) -> Option<Kind> {
    let refused = caller.may(&[Service::HttpEdge], needs, Some(&organisation(1)));
    refused.err().map(|problem| problem.kind)
}

fn within(principal: Principal, number: u128, role: Role) -> Caller {
    Caller::within(
        Service::HttpEdge,
        principal,
        (organisation(number), role),
        NOW,
    )
}

fn administrator() -> Principal {
    Principal::Administrator(AdministratorId::new(Ulid::nil()))
}

fn token() -> Principal {
    Principal::Token(TokenId::new(Ulid::nil()))
}

const NEEDS: [Need; 6] = [
    Need::Anyone,
    Need::Administrator(Role::Viewer),
    Need::Administrator(Role::Manager),
    Need::Administrator(Role::Owner),
    Need::Operator,
    Need::Person,
];

#[test]
fn the_table_of_principals_and_needs() {
    const OK: Option<Kind> = None;
    const NO: Option<Kind> = Some(Kind::Forbidden);
    let person = Caller {
        principal: Principal::Person(AccountId::new(Ulid::nil())),
        ..Caller::public(Service::HttpEdge, NOW)
    };
    let table = [
        // anyone, viewer, manager, owner, operator, person
        (
            Caller::public(Service::HttpEdge, NOW),
            [OK, NO, NO, NO, NO, NO],
        ),
        (person, [OK, NO, NO, NO, NO, OK]),
        (
            Caller::system(Service::HttpEdge, NOW),
            [OK, NO, NO, NO, NO, NO],
        ),
        (
            within(administrator(), 1, Role::Viewer),
            [OK, OK, NO, NO, NO, NO],
        ),
        (
            within(administrator(), 1, Role::Manager),
            [OK, OK, OK, NO, NO, NO],
        ),
        (
            within(administrator(), 1, Role::Owner),
            [OK, OK, OK, OK, NO, NO],
        ),
        (within(token(), 1, Role::Viewer), [OK, OK, NO, NO, NO, NO]),
        (within(token(), 1, Role::Manager), [OK, OK, OK, NO, NO, NO]),
        (within(token(), 1, Role::Owner), [OK, OK, OK, OK, NO, NO]),
        (
            Caller::operator(Service::HttpEdge, NOW),
            [OK, OK, OK, OK, OK, NO],
        ),
    ];
    for (caller, expected) in table {
        let decided = NEEDS.map(|needs| decide(&caller, needs));
        assert_eq!(decided, expected, "{caller:?}");
    }
}

#[test]
fn another_organisation_is_not_there_whatever_the_role() {
    for principal in [administrator(), token()] {
        for role in [Role::Viewer, Role::Manager, Role::Owner] {
            let caller = within(principal.clone(), 2, role);
            for needs in &NEEDS[..4] {
                assert_eq!(decide(&caller, *needs), Some(Kind::NotFound), "{caller:?}");
            }
        }
    }
}

#[test]
fn a_principal_without_an_organisation_finds_none_even_where_the_message_names_none() {
    let caller = Caller {
        organisation: None,
        ..within(administrator(), 1, Role::Owner)
    };
    let needs = Need::Administrator(Role::Viewer);
    assert_eq!(decide(&caller, needs), Some(Kind::NotFound));
    let refused = caller.may(&[Service::HttpEdge], needs, None).unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
}

#[test]
fn a_principal_without_a_role_may_nothing() {
    let caller = Caller {
        role: None,
        ..within(administrator(), 1, Role::Owner)
    };
    for needs in &NEEDS[1..4] {
        assert_eq!(decide(&caller, *needs), Some(Kind::Forbidden));
    }
}

#[test]
fn a_service_that_may_not_send_the_message_is_refused_even_for_the_operator() {
    for service in [Service::Node, Service::People, Service::Probe] {
        for needs in NEEDS {
            let caller = Caller::operator(service, NOW);
            assert_eq!(decide(&caller, needs), Some(Kind::Forbidden), "{caller:?}");
        }
    }
}

#[test]
fn a_caller_lives_a_minute() {
    let caller = Caller::public(Service::HttpEdge, NOW);
    assert_eq!(caller.expires_at, NOW.plus_seconds(60));
}

#[test]
fn the_audit_trail_names_the_kind_and_the_one() {
    let nil = Ulid::nil();
    let named = |principal| {
        let caller = Caller {
            principal,
            ..Caller::public(Service::SeatPool, NOW)
        };
        caller.actor()
    };
    let account = AccountId::new(nil);
    assert_eq!(named(Principal::Public), "public");
    assert_eq!(
        named(Principal::Person(account)),
        format!("person:{account}")
    );
    assert_eq!(named(administrator()), format!("administrator:adm_{nil}"));
    assert_eq!(named(token()), format!("token:tok_{nil}"));
    assert_eq!(named(Principal::Operator), "operator");
    assert_eq!(named(Principal::System), "system:seat-pool");
}
