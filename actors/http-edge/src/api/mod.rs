//! The JSON API under `/api/v1`.

use actix_web::web;

/// Adds the API's routes.
pub(crate) fn configure(_: &mut web::ServiceConfig) {}
