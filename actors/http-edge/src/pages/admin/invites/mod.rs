//! E-mail invites: the batches, a new one, one while it is sent; `told` has the words.

mod batch;
mod correct;
mod import;
mod list;
mod live;
mod new;
mod preview;
mod steer;
pub(in crate::pages::admin) mod told;

use actix_web::web;
use contract::{Kind, ids::BatchId};

use crate::problem::Refused;

/// Adds the routes; a pasted list comes in a form of at most `paste_most` bytes.
pub(super) fn configure(cfg: &mut web::ServiceConfig, paste_most: usize) {
    cfg.service(web::resource("/invites").route(web::get().to(list::list)))
        .service(
            web::resource("/invites/new")
                .app_data(web::FormConfig::default().limit(paste_most))
                .route(web::get().to(new::new_form))
                .route(web::post().to(new::create)),
        )
        .service(
            web::resource("/invites/import")
                .route(web::get().to(import::form))
                .route(web::post().to(import::create)),
        )
        .service(web::resource("/invites/{batch}").route(web::get().to(batch::one)))
        .service(web::resource("/invites/{batch}/events").route(web::get().to(live::events)))
        .service(web::resource("/invites/{batch}/preview").route(web::get().to(preview::page)))
        .service(web::resource("/invites/{batch}/preview/html").route(web::get().to(preview::html)))
        .service(web::resource("/invites/{batch}/{action}").route(web::post().to(steer::act)));
}

fn id(text: &str) -> Result<BatchId, Refused> {
    text.parse().map_err(|_| Refused::of(Kind::NotFound))
}
