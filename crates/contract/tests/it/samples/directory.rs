//! Organisations, administrators, tokens, audit.

use contract::{
    Cursor, Page, PageRequest, Role,
    administrators::{
        AdministratorCreated, AuthenticateSession, CreateAdministrator, NoteRefusedAdministrator,
        Office, ResolveSetUp, SessionOpened, SetUpAdministrator, SetUpFace, SignInAdministrator,
        SignOutAdministrator, SignedIn,
    },
    audit::{ActorNames, AdministratorName, AuditEntry, ListAudit, NameActors, TokenName},
    idempotency::{Answer, Attempt, BeginAttempt, EndAttempt, FindAnswer, KeepAnswer},
    ids::{AdministratorId, AttemptId, AuditId, OrganisationId, TokenId},
    organisations::{
        CreateOrganisation, GetOrganisation, JoinProof, ListOrganisations, Organisation, Policies,
        PoliciesChange, UpdateOrganisation,
    },
    tokens::{AuthenticateToken, CreateToken, TokenCreated, TokenGrant},
};
use serde_json::json;

use super::{NOON, Sample, email, id, name, sample, secret, url};

pub(super) fn samples() -> Vec<Sample> {
    [
        organisations(),
        administrators(),
        tokens(),
        audit(),
        idempotency(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(super) fn page() -> PageRequest {
    PageRequest {
        cursor: Some(Cursor("after-this-row".to_owned())),
        limit: Some(20),
    }
}

pub(super) fn page_of<T>(row: T) -> Page<T> {
    Page {
        items: vec![row],
        next_cursor: Some(Cursor("after-that-row".to_owned())),
    }
}

pub(super) fn policies(join_proof: JoinProof) -> Policies {
    Policies {
        join_proof,
        proof_days: 14,
        invite_acceptance: contract::organisations::InviteAcceptance::Lenient,
        invite_days: 60,
        remind_days: 0,
        language: contract::text::Language::parse("de").unwrap(),
    }
}

fn organisation(join_proof: JoinProof) -> Organisation {
    Organisation {
        id: id(OrganisationId::new),
        name: name("Law School"),
        product_url: url("https://read.example/"),
        policies: policies(join_proof),
        created_at: NOON,
    }
}

fn organisations() -> Vec<Sample> {
    let both = [JoinProof::Later, JoinProof::First];
    vec![
        sample(
            [CreateOrganisation {
                name: name("Law School"),
                product_url: url("https://read.example/"),
                policies: policies(JoinProof::First),
            }],
            both.map(organisation),
        ),
        sample(
            [ListOrganisations { page: page() }],
            [page_of(organisation(JoinProof::Later))],
        ),
        sample(
            [GetOrganisation {
                organisation: id(OrganisationId::new),
            }],
            [organisation(JoinProof::Later)],
        ),
        sample(
            [UpdateOrganisation {
                organisation: id(OrganisationId::new),
                name: Some(name("Faculty of Law")),
                product_url: Some(url("https://read.example/law")),
                policies: Some(PoliciesChange {
                    join_proof: Some(JoinProof::Later),
                    invite_days: Some(60),
                    ..PoliciesChange::default()
                }),
            }],
            [organisation(JoinProof::Later)],
        ),
    ]
}

fn administrators() -> Vec<Sample> {
    let opened = || SessionOpened {
        token: secret(),
        expires_at: NOON,
    };
    let created = |setup_token| AdministratorCreated {
        id: id(AdministratorId::new),
        setup_token,
        is_elsewhere: false,
    };
    vec![
        sample(
            [Role::Viewer, Role::Manager, Role::Owner].map(|role| CreateAdministrator {
                organisation: id(OrganisationId::new),
                email: email("ada@x.example"),
                role,
            }),
            [created(Some(secret())), created(None)],
        ),
        sample(
            [ResolveSetUp { token: secret() }],
            [SetUpFace {
                email: email("ada@x.example"),
            }],
        ),
        sample(
            [SetUpAdministrator {
                token: secret(),
                password: secret(),
            }],
            [opened()],
        ),
        sample(
            [SignInAdministrator {
                email: email("ada@x.example"),
                password: secret(),
            }],
            [opened()],
        ),
        sample(
            [NoteRefusedAdministrator {
                email: email("ada@x.example"),
            }],
            [()],
        ),
        sample(
            [AuthenticateSession { token: secret() }],
            [SignedIn {
                administrator: id(AdministratorId::new),
                email: email("ada@x.example"),
                organisations: vec![Office {
                    organisation: id(OrganisationId::new),
                    name: name("Law School"),
                    role: Role::Owner,
                }],
            }],
        ),
        sample(
            [SignOutAdministrator {
                token: secret(),
                everywhere: false,
            }],
            [()],
        ),
    ]
}

fn tokens() -> Vec<Sample> {
    let grant = |organisation| TokenGrant {
        id: id(TokenId::new),
        organisation,
        role: Role::Manager,
    };
    vec![
        sample(
            [CreateToken {
                organisation: Some(id(OrganisationId::new)),
                name: name("Import script"),
                role: Role::Manager,
                expires_at: Some(NOON),
            }],
            [TokenCreated {
                id: id(TokenId::new),
                token: secret(),
            }],
        ),
        sample(
            [AuthenticateToken { token: secret() }],
            [grant(Some(id(OrganisationId::new))), grant(None)],
        ),
    ]
}

fn audit() -> Vec<Sample> {
    let (administrator, token) = (id(AdministratorId::new), id(TokenId::new));
    vec![
        sample(
            [ListAudit {
                organisation: id(OrganisationId::new),
                page: page(),
            }],
            [page_of(entry())],
        ),
        sample(
            [NameActors {
                organisation: id(OrganisationId::new),
                administrators: [administrator].into(),
                tokens: [token].into(),
            }],
            [ActorNames {
                administrators: vec![AdministratorName {
                    id: administrator,
                    email: email("ada@x.example"),
                }],
                tokens: vec![TokenName {
                    id: token,
                    name: name("Import script"),
                }],
            }],
        ),
    ]
}

pub(super) fn entry() -> AuditEntry {
    AuditEntry {
        id: id(AuditId::new),
        at: NOON,
        actor: "operator".to_owned(),
        action: "link.rotate".to_owned(),
        target: "lnk_01".to_owned(),
        change: json!({"name": {"from": "Old", "to": "New"}}),
        request_id: "req-1".to_owned(),
    }
}

fn idempotency() -> Vec<Sample> {
    let answer = || Answer {
        status: 201,
        body: "{}".to_owned(),
        location: Some("/api/v1/organisations".to_owned()),
    };
    let attempt = id(AttemptId::new);
    vec![
        sample(
            [BeginAttempt {
                key_hash: "hash-of-key".to_owned(),
                body_hash: "hash-of-body".to_owned(),
            }],
            [Attempt::Begun { attempt }, Attempt::Answered(answer())],
        ),
        sample(
            [Some(answer()), None].map(|answer| EndAttempt {
                key_hash: "hash-of-key".to_owned(),
                attempt,
                answer,
            }),
            [()],
        ),
        sample(
            [FindAnswer {
                key_hash: "hash-of-key".to_owned(),
                body_hash: "hash-of-body".to_owned(),
            }],
            [Some(answer()), None],
        ),
        sample(
            [KeepAnswer {
                key_hash: "hash-of-key".to_owned(),
                body_hash: "hash-of-body".to_owned(),
                answer: answer(),
            }],
            [()],
        ),
    ]
}
