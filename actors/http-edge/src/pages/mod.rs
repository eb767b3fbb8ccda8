//! The pages: Subscription Manager, join, proofs, sign-in.

use actix_web::{HttpResponse, web};
use contract::Problem;

/// Adds the pages' routes.
pub(crate) fn configure(_: &mut web::ServiceConfig) {}

/// The page of a problem, for a handler that answers `Err(Refused)` and for what has no handler.
pub(crate) fn problem(problem: &Problem) -> HttpResponse {
    HttpResponse::build(crate::problem::status(problem))
        .content_type("text/plain; charset=utf-8")
        .body(problem.title.clone())
}
