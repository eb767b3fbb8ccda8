//! Those who work in the Subscription Manager.

use contract::{
    EmailAddress,
    administrators::{AdministratorCreated, CreateAdministrator},
    ids::AdministratorId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Answer,
    bearer::Within,
    body::{Body, Given},
    created,
    refusals::Writing,
    schema, texts,
};

/// What an administrator or a token may do; each role may do what the ones after it may.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only described")]
pub(super) enum Role {
    /// Also administrators, tokens, plans and policies.
    Owner,
    /// Works with links, people and seats.
    Manager,
    /// Sees everything, changes nothing.
    Viewer,
}

/// Whom to make an administrator.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAdministrator {
    /// The address to sign in with.
    #[serde(default)]
    #[schema(value_type = schema::Email, required)]
    email: Given<String>,
    /// What they may do.
    #[serde(default)]
    #[schema(value_type = Role, required)]
    role: Given<String>,
}

/// An administrator was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeAdministrator {
    #[schema(value_type = schema::AdministratorId)]
    id: AdministratorId,
    /// Opened once, it lets them choose a password; null when they have one from another
    /// organisation and just sign in, and in a replay.
    #[schema(required)]
    setup_url: Option<String>,
}

/// Makes an administrator, who chooses a password at the set-up URL. For owners.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/administrators", tag = "Administrators",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path)),
    request_body = NewAdministrator,
    responses((status = 201, description = "Made.", body = MadeAdministrator), Writing),
)]
pub(super) async fn create(at: Within, body: Body<NewAdministrator>) -> Answer {
    let (new, mut form) = body.open()?;
    let email = form
        .field("email", new.email)
        .parse(EmailAddress::parse)
        .required();
    let role = form.field("role", new.role).parse(texts::role).required();
    let organisation = at.organisation;
    let create = form.finish(|| {
        Some(CreateAdministrator {
            organisation,
            email: email?,
            role: role?,
        })
    })?;
    let AdministratorCreated { id, setup_token } = at.call(&create).await?;
    let setup_url = setup_token.map(|token| {
        let path = format!("/admin/set-up/{}", token.expose());
        at.edge().options.url(&path)
    });
    let path = at.path(format_args!("/administrators/{id}"));
    Ok(created(&path, &MadeAdministrator { id, setup_url }))
}
