//! API tokens of an organisation.

use actix_web::HttpResponse;
use contract::{
    Timestamp,
    ids::TokenId,
    text::Name,
    tokens::{CreateToken, ListTokens, RevokeToken, TokenEntry},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Answer, List,
    administrators::Role,
    bearer::Within,
    body::{Body, Given},
    created, ok,
    query::{Paging, Query},
    refusals::{Reading, Writing},
    schema, texts,
};

/// A new token.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = schema::Name, required)]
    name: Given<String>,
    /// What it may do.
    #[serde(default)]
    #[schema(value_type = Role, required)]
    role: Given<String>,
    /// When it ends, in the future; never unless said.
    #[serde(default)]
    #[schema(value_type = Option<schema::Instant>)]
    expires_at: Given<String>,
}

/// A token was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeToken {
    #[schema(value_type = schema::TokenId)]
    id: TokenId,
    /// The token itself, this once; null in a replay.
    #[schema(value_type = Option<String>, required)]
    token: String,
}

/// A token; what it is itself is not kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Token {
    #[schema(value_type = schema::TokenId)]
    id: TokenId,
    /// What it is for.
    #[schema(value_type = schema::Name)]
    name: Name,
    /// What it may do.
    #[schema(value_type = Role)]
    role: contract::Role,
    /// When it ends; null is never.
    #[schema(value_type = Option<schema::Instant>, required)]
    expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<schema::Instant>, required)]
    revoked_at: Option<Timestamp>,
    /// Since when it is known.
    #[schema(value_type = schema::Instant)]
    created_at: Timestamp,
}

impl From<TokenEntry> for Token {
    fn from(entry: TokenEntry) -> Self {
        let TokenEntry {
            id,
            name,
            role,
            expires_at,
            revoked_at,
            created_at,
        } = entry;
        Self {
            id,
            name,
            role,
            expires_at,
            revoked_at,
            created_at,
        }
    }
}

/// Makes a token of the organisation. For owners.
#[utoipa::path(
    post, path = "/api/v1/organisations/{organisation}/tokens", tag = "Tokens",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path)),
    request_body = NewToken,
    responses((status = 201, description = "Made.", body = MadeToken), Writing),
)]
pub(super) async fn create(at: Within, body: Body<NewToken>) -> Answer {
    let (new, mut form) = body.open()?;
    let name = form.field("name", new.name).parse(texts::name).required();
    let role = form.field("role", new.role).parse(texts::role).required();
    let expires_at = form
        .field("expires_at", new.expires_at)
        .parse(texts::instant)
        .optional();
    let organisation = Some(at.organisation);
    let create = form.finish(|| {
        Some(CreateToken {
            organisation,
            name: name?,
            role: role?,
            expires_at,
        })
    })?;
    let made = at.call(&create).await?;
    let path = at.path(format_args!("/tokens/{}", made.id));
    let token = made.token.expose().to_owned();
    Ok(created(&path, &MadeToken { id: made.id, token }))
}

/// The tokens of the organisation, the newest first. For owners.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/tokens", tag = "Tokens",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Paging),
    responses((status = 200, description = "A page.", body = List<Token>), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Paging>) -> Answer {
    let organisation = Some(at.organisation);
    let page = query.page()?;
    let page = at.call(&ListTokens { organisation, page }).await?;
    Ok(ok(&List::of(page, Token::from)))
}

/// Ends a token for good. For owners.
#[utoipa::path(
    delete, path = "/api/v1/organisations/{organisation}/tokens/{token_id}", tag = "Tokens",
    security(("bearer" = [])),
    params(
        ("organisation" = schema::OrganisationId, Path),
        ("token_id" = schema::TokenId, Path),
    ),
    responses((status = 204, description = "Revoked."), Writing),
)]
pub(super) async fn revoke(at: Within) -> Answer {
    let (organisation, id) = (Some(at.organisation), at.id("token_id")?);
    at.call(&RevokeToken { organisation, id }).await?;
    Ok(HttpResponse::NoContent().finish())
}
