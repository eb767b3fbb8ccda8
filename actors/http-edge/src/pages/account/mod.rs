//! A person's own pages: sign in and out, subscriptions, password, address.

mod address;
mod own;
mod password;
mod reset;
mod sign_in;

use actix_web::web;

/// Adds the pages' routes.
pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    sign_in::configure(cfg);
    reset::configure(cfg);
    address::configure(cfg);
    password::configure(cfg);
}

pub(crate) use self::own::start;
