//! The way to an invite where the link of its mail does not work: its code.

use actix_web::web;
use askama::Template;
use contract::Kind;
use serde::Deserialize;

use super::path;
use crate::{
    edge::Edge,
    invited,
    pages::{Answer, fields::Errors, frame::Frame, render, see, show},
    request::Incoming,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/invite")
            .route(web::get().to(code_form))
            .route(web::post().to(by_code)),
    );
}

#[derive(Template)]
#[template(path = "invited/code.html")]
struct CodePage {
    frame: Frame,
    email: String,
    errors: Errors,
    refusal: Option<&'static str>,
}

async fn code_form(edge: web::Data<Edge>) -> Answer {
    show(&CodePage {
        frame: Frame::of(&edge),
        email: String::new(),
        errors: Errors::default(),
        refusal: None,
    })
}

/// The code of a mail, where its link does not work.
#[derive(Deserialize)]
struct TypedCode {
    #[serde(default)]
    email: String,
    #[serde(default)]
    code: String,
}

async fn by_code(edge: web::Data<Edge>, incoming: Incoming, typed: web::Form<TypedCode>) -> Answer {
    let TypedCode { email, code } = typed.into_inner();
    match invited::by_code(&edge, &incoming, &email, &code).await {
        Ok(face) => Ok(see(&path(face.token.expose()))),
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let refusal = (problem.kind == Kind::InviteUnknown)
                .then_some("Address and code do not belong together, or not any more.");
            if refusal.is_none() && problem.errors.is_empty() {
                return Err(problem.into());
            }
            let page = CodePage {
                frame: Frame::of(&edge),
                email,
                errors: Errors::beside_fields(problem).unwrap_or_default(),
                refusal,
            };
            render(status, &page)
        }
    }
}
