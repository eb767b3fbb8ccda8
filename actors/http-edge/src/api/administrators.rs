//! Those who work in the Subscription Manager.

use actix_web::HttpResponse;
use contract::{
    EmailAddress, Timestamp,
    administrators::{
        self as adm, CreateAdministrator, ListAdministrators, RemoveAdministrator,
        UpdateAdministrator,
    },
    ids::AdministratorId,
    organisations::GetOrganisation,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Answer, List,
    bearer::Within,
    body::{Body, Given},
    created, ok,
    query::{Paging, Query},
    refusals::{Reading, Writing},
    schema, texts,
};
use crate::appoint::{self, Appointed};

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
    /// Whether the letter with it is on its way.
    mailed: bool,
}

/// Somebody who works in the Subscription Manager.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Administrator)]
pub(super) struct Colleague {
    #[schema(value_type = schema::AdministratorId)]
    id: AdministratorId,
    /// The address they sign in with.
    #[schema(value_type = schema::Email)]
    email: EmailAddress,
    /// What they may do.
    #[schema(value_type = Role)]
    role: contract::Role,
    /// Until when the set-up URL works; null once they have a password.
    #[schema(value_type = Option<schema::Instant>, required)]
    setup_expires_at: Option<Timestamp>,
    /// Since when they are an administrator here.
    #[schema(value_type = schema::Instant)]
    created_at: Timestamp,
}

impl From<adm::Colleague> for Colleague {
    fn from(colleague: adm::Colleague) -> Self {
        let adm::Colleague {
            id,
            email,
            role,
            setup_expires_at,
            created_at,
        } = colleague;
        Self {
            id,
            email,
            role,
            setup_expires_at,
            created_at,
        }
    }
}

/// What changes about an administrator.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdministratorChange {
    /// What they may do from now on.
    #[serde(default)]
    #[schema(value_type = Role, required)]
    role: Given<String>,
}

/// Makes an administrator, who chooses a password at the set-up URL and gets it by mail. For owners.
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
    // The letter says who invites.
    let organisation = at.call(&GetOrganisation { organisation }).await?;
    let appointed = appoint::appoint(at.edge(), at.cx(), &create, organisation).await?;
    let Appointed {
        id,
        setup_url,
        mailed,
    } = appointed;
    let path = at.path(format_args!("/administrators/{id}"));
    let made = MadeAdministrator {
        id,
        setup_url,
        mailed,
    };
    Ok(created(&path, &made))
}

/// The administrators of the organisation, the first appointed first.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/administrators", tag = "Administrators",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Paging),
    responses((status = 200, description = "A page.", body = List<Colleague>), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Paging>) -> Answer {
    let organisation = at.organisation;
    let page = query.page()?;
    let page = at.call(&ListAdministrators { organisation, page }).await?;
    Ok(ok(&List::of(page, Colleague::from)))
}

/// Gives an administrator another role; the last owner stays one. For owners.
#[utoipa::path(
    patch, path = "/api/v1/organisations/{organisation}/administrators/{administrator}",
    tag = "Administrators", security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("administrator" = schema::AdministratorId, Path),
    ),
    request_body = AdministratorChange,
    responses((status = 200, description = "As they are now.", body = Colleague), Writing),
)]
pub(super) async fn update(at: Within, body: Body<AdministratorChange>) -> Answer {
    let (organisation, id) = (at.organisation, at.id("administrator")?);
    let (change, mut form) = body.open()?;
    let role = form
        .field("role", change.role)
        .parse(texts::role)
        .required();
    let update = form.finish(|| {
        Some(UpdateAdministrator {
            organisation,
            id,
            role: role?,
        })
    })?;
    Ok(ok(&Colleague::from(at.call(&update).await?)))
}

/// Takes the office from an administrator, whose sessions end; the last owner stays. Whoever is no
/// administrator here is removed already. For owners.
#[utoipa::path(
    delete, path = "/api/v1/organisations/{organisation}/administrators/{administrator}",
    tag = "Administrators", security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("administrator" = schema::AdministratorId, Path),
    ),
    responses((status = 204, description = "Removed."), Writing),
)]
pub(super) async fn remove(at: Within) -> Answer {
    let (organisation, id) = (at.organisation, at.id("administrator")?);
    at.call(&RemoveAdministrator { organisation, id }).await?;
    Ok(HttpResponse::NoContent().finish())
}
