//! E-mail invites: the batches, a new one, one while it is sent.

mod batch;
mod list;
mod new;

use actix_web::web;
use contract::{Kind, batches::Batch, ids::BatchId};

use crate::problem::Refused;

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/invites").route(web::get().to(list::list)))
        .service(
            web::resource("/invites/new")
                .route(web::get().to(new::new_form))
                .route(web::post().to(new::create)),
        )
        .service(web::resource("/invites/{batch}").route(web::get().to(batch::one)))
        .service(web::resource("/invites/{batch}/{action}").route(web::post().to(batch::act)));
}

/// How a batch stands, and the colour of its badge.
fn stands(batch: &Batch) -> (&'static str, &'static str) {
    if batch.cancelled_at.is_some() {
        ("Cancelled", "bad")
    } else if batch.finished_at.is_some() {
        ("Finished", "good")
    } else if batch.paused_at.is_some() {
        ("Paused", "warn")
    } else if batch.sent_at.is_some() {
        ("Being sent", "good")
    } else {
        ("Draft", "warn")
    }
}

fn id(text: &str) -> Result<BatchId, Refused> {
    text.parse().map_err(|_| Refused::of(Kind::NotFound))
}

/// Why a row was not taken, in words; a reason of the reader's own speaks for itself.
fn why(reason: Option<&str>) -> String {
    let slug = reason.unwrap_or_default();
    match slug {
        "already-seated" => "Has a seat already.".to_owned(),
        "already-waiting" => "Waits for a seat already.".to_owned(),
        "already-invited" => "Is invited already.".to_owned(),
        "revoked" => "Their access was withdrawn; reassign it in Manage Users.".to_owned(),
        "suppressed" => "Cannot be invited.".to_owned(),
        "duplicate" => "Is in the list twice.".to_owned(),
        "domain-not-allowed" => "Is not of a domain that the link allows.".to_owned(),
        _ => intake::Reason::parse(slug)
            .map_or_else(|| slug.to_owned(), |reason| reason.sentence().to_owned()),
    }
}
