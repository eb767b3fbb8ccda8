//! A person's own pages: sign in and out, subscriptions, password, address.

mod address;
mod own;
mod password;
mod reset;
mod sign_in;

use actix_web::cookie::Cookie;
use actix_web::{HttpResponse, web};

/// Adds the pages' routes.
pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    sign_in::configure(cfg);
    reset::configure(cfg);
    address::configure(cfg);
    password::configure(cfg);
}

pub(crate) use self::own::start;

/// An answer that brings a cookie.
fn with_cookie(mut response: HttpResponse, cookie: &Cookie<'_>) -> HttpResponse {
    if let Err(error) = response.add_cookie(cookie) {
        tracing::error!(%error, "a cookie does not fit");
    }
    response
}
