//! The second door: an invite, what becomes of it, and the way out of further ones.
//!
//! - [`visit`]: who stands before an invite, and the page that they see.
//! - [`accept`], [`decline`]: what they do there; [`nonce`]: only that page's own forms do it.
//! - [`code`]: the way to the page where the link of the mail does not work.
//! - [`unsubscribe`]: no more of them.

mod accept;
mod code;
mod decline;
mod nonce;
mod unsubscribe;
mod visit;

use actix_web::web;
use askama::Template;

use super::frame::Frame;

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    code::configure(cfg);
    accept::configure(cfg);
    decline::configure(cfg);
    unsubscribe::configure(cfg);
}

/// The page of an invite.
fn path(token: &str) -> String {
    format!("/invite/{token}")
}

/// Something happened, and there is nothing more to do.
#[derive(Template)]
#[template(path = "invited/told.html")]
struct Told {
    frame: Frame,
    title: &'static str,
    words: String,
    /// The way on, where there is one: its address and its words.
    way: Option<(String, &'static str)>,
}
