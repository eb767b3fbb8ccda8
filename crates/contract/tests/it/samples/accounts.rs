//! What people do with their own accounts.

use contract::{
    DomainName,
    accounts::{
        AddressChanged, AuthenticatePerson, ChangePassword, FinishAddressChange, FinishReset,
        ListOwnMemberships, NoteRefusedSignIn, OwnMembership, PasswordReset, PersonSession,
        ResetFace, ResolveReset, SignInPerson, SignOutPerson, SignedInPerson, StartAddressChange,
        StartReset,
    },
    ids::{AccountId, MembershipId, OrganisationId, PlanId, ProofId},
    people::{Evidence, ProofStarted, Proved},
    seats::Status,
    text::Language,
};

use super::{NOON, Sample, email, id, name, person, sample, secret, url};

pub(super) fn samples() -> Vec<Sample> {
    sessions().into_iter().chain(changes()).collect()
}

fn session() -> PersonSession {
    PersonSession {
        account_id: id(AccountId::new),
        token: secret(),
        expires_at: NOON,
    }
}

fn sessions() -> [Sample; 5] {
    [
        sample(
            [SignInPerson {
                email: email("ann@x.example"),
                password: secret(),
            }],
            [session()],
        ),
        sample(
            [NoteRefusedSignIn {
                email: email("ann@x.example"),
            }],
            [()],
        ),
        sample(
            [AuthenticatePerson { token: secret() }],
            [SignedInPerson {
                account_id: id(AccountId::new),
                first_name: person("Ann"),
                last_name: person("Alpha"),
                email: email("ann@x.example"),
                is_proved: true,
            }],
        ),
        sample(
            [SignOutPerson {
                token: secret(),
                everywhere: true,
            }],
            [()],
        ),
        sample(
            [ListOwnMemberships {}],
            [vec![OwnMembership {
                id: id(MembershipId::new),
                organisation: Some(id(OrganisationId::new)),
                plan: Some(id(PlanId::new)),
                organisation_name: name("Law School"),
                product_url: url("https://read.example/"),
                plan_name: name("Campus"),
                status: Status::Assigned,
                proof_due_at: Some(NOON),
                redeemed_at: Some(NOON),
                domains_needed: vec![DomainName::parse("uni.edu").unwrap()],
            }]],
        ),
    ]
}

fn changes() -> [Sample; 6] {
    let started = || ProofStarted {
        id: id(ProofId::new),
        proof: None,
    };
    [
        sample(
            [StartReset {
                email: email("ann@x.example"),
            }],
            [started()],
        ),
        sample(
            [ResolveReset { token: secret() }],
            [ResetFace {
                email: email("ann@x.example"),
            }],
        ),
        sample(
            [FinishReset {
                evidence: Evidence::Token(secret()),
                new_password: secret(),
            }],
            [PasswordReset {
                proved: Proved {
                    account_id: id(AccountId::new),
                    has_password: true,
                },
                session: Some(session()),
            }],
        ),
        sample(
            [StartAddressChange {
                email: email("ann@y.example"),
                password: secret(),
            }],
            [started()],
        ),
        sample(
            [FinishAddressChange {
                evidence: Evidence::Token(secret()),
                session: secret(),
            }],
            [AddressChanged {
                from: email("ann@x.example"),
                to: email("ann@y.example"),
                first_name: person("Ann"),
                language: Language::default(),
                is_noted: true,
            }],
        ),
        sample(
            [ChangePassword {
                password: secret(),
                new_password: secret(),
                session: secret(),
            }],
            [()],
        ),
    ]
}
