//! What owners do with administrators and tokens.

use contract::{
    Role,
    administrators::{
        Colleague, ListAdministrators, RemoveAdministrator, ResetLink, ResetStarted,
        StartAdministratorReset, UpdateAdministrator,
    },
    ids::{AdministratorId, OrganisationId, TokenId},
    text::Language,
    tokens::{ListTokens, RevokeToken, TokenEntry},
};

use super::{
    NOON, Sample,
    directory::{page, page_of},
    email, id, name, sample, secret,
};

pub(super) fn samples() -> Vec<Sample> {
    administrators().into_iter().chain(tokens()).collect()
}

fn administrators() -> [Sample; 4] {
    let organisation = id(OrganisationId::new);
    let colleague = || Colleague {
        id: id(AdministratorId::new),
        email: email("ada@x.example"),
        role: Role::Manager,
        setup_expires_at: Some(NOON),
        created_at: NOON,
    };
    [
        sample(
            [ListAdministrators {
                organisation,
                page: page(),
            }],
            [page_of(colleague())],
        ),
        sample(
            [UpdateAdministrator {
                organisation,
                id: id(AdministratorId::new),
                role: Role::Manager,
            }],
            [colleague()],
        ),
        sample(
            [RemoveAdministrator {
                organisation,
                id: id(AdministratorId::new),
            }],
            [()],
        ),
        sample(
            [StartAdministratorReset {
                email: email("ada@x.example"),
            }],
            [
                Some(ResetLink {
                    email: email("ada@x.example"),
                    token: secret(),
                    expires_at: NOON,
                    language: Language::default(),
                }),
                None,
            ]
            .map(|link| ResetStarted { link }),
        ),
    ]
}

fn tokens() -> [Sample; 2] {
    let organisation = Some(id(OrganisationId::new));
    let entry = || TokenEntry {
        id: id(TokenId::new),
        name: name("Import script"),
        role: Role::Manager,
        expires_at: Some(NOON),
        revoked_at: Some(NOON),
        created_at: NOON,
    };
    [
        sample(
            [ListTokens {
                organisation,
                page: page(),
            }],
            [page_of(entry())],
        ),
        sample(
            [RevokeToken {
                organisation,
                id: id(TokenId::new),
            }],
            [entry()],
        ),
    ]
}
