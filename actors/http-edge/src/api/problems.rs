//! What a problem's `type` points to.

use actix_web::web;
use contract::Kind;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Answer, ok, refusals::PublicReading};
use crate::problem::Refused;

/// A kind of problem.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProblemKind {
    /// The `type` of such problems.
    r#type: String,
    /// One plain sentence, the same for every problem of this type.
    title: &'static str,
    /// The HTTP status.
    status: u16,
}

/// A kind of problem, in words.
#[utoipa::path(
    get, path = "/problems/{slug}", tag = "Problems",
    params(("slug" = String, Path, description = "The last part of a problem's `type`.")),
    responses((status = 200, description = "The kind.", body = ProblemKind), PublicReading),
)]
pub(super) async fn show(slug: web::Path<String>) -> Answer {
    let kind = Kind::ALL.iter().find(|kind| kind.slug() == slug.as_str());
    let (slug, status, title) = kind.ok_or_else(Refused::not_found)?.row();
    Ok(ok(&ProblemKind {
        r#type: format!("/problems/{slug}"),
        title,
        status,
    }))
}
