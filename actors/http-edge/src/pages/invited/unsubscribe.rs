//! No more invites: one click of a mail program, or a button of the page.

use actix_web::{
    HttpRequest,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use contract::suppressions::{UnsubscribeFace, UnsubscribeScope};

use super::Told;
use crate::{
    edge::Edge,
    invited, one_click,
    pages::{Answer, frame::Frame, render, show},
    request::Incoming,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/unsubscribe/{token}")
            .route(web::get().to(unsubscribing))
            .route(web::post().to(unsubscribe)),
    );
}

#[derive(Template)]
#[template(path = "invited/unsubscribe.html")]
struct UnsubscribePage {
    frame: Frame,
    face: UnsubscribeFace,
}

async fn unsubscribing(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
) -> Answer {
    asked(&edge, &incoming, &token, StatusCode::OK).await
}

/// The page that asks. Nothing is changed by it.
async fn asked(edge: &Edge, incoming: &Incoming, token: &str, status: StatusCode) -> Answer {
    let face = invited::unsubscribing(edge, incoming, token).await?;
    let page = UnsubscribePage {
        frame: Frame::of(edge),
        face,
    };
    render(status, &page)
}

/// One click in a mail program, or a button of the page. What says neither gets the page.
async fn unsubscribe(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    request: HttpRequest,
    body: web::Bytes,
) -> Answer {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let Some(scope) = one_click::scope(content_type.unwrap_or_default(), &body) else {
        return asked(&edge, &incoming, &token, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let face = invited::unsubscribe(&edge, &incoming, &token, scope).await?;
    let from = match scope {
        UnsubscribeScope::Organisation => face.organisation_name.to_string(),
        UnsubscribeScope::Everybody => "anybody".to_owned(),
    };
    show(&Told {
        frame: Frame::of(&edge),
        title: "No more invitations",
        words: format!("{} gets no more invitations from {from}.", face.email),
        way: None,
    })
}
