//! Declines an invite.

use actix_web::{HttpRequest, web};

use super::{Told, accept::Pressed, path, visit::Visit};
use crate::{
    invited,
    pages::{Answer, frame::Frame, show},
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/invite/{token}/decline").route(web::post().to(decline)));
}

async fn decline(
    request: HttpRequest,
    token: web::Path<String>,
    pressed: web::Form<Pressed>,
) -> Answer {
    let visit = Visit::of(&request, token).await?;
    if !visit.is_own("/decline", &pressed.nonce) {
        return visit.unbound(None).await;
    }
    let (edge, incoming) = (&visit.edge, &visit.incoming);
    if let Err(problem) = invited::decline(edge, incoming, &visit.token).await {
        return visit.refused(problem, None).await;
    }
    show(&Told {
        frame: Frame::of(edge),
        title: "You declined the invitation",
        words: "Nobody reminds you of it. Should you change your mind, you can still accept."
            .to_owned(),
        way: Some((path(&visit.token), "Back to the invitation")),
    })
}
