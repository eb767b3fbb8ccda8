//! Accepts an invite, as whoever is signed in or by the form.

use actix_web::{HttpRequest, web};
use askama::Template;
use contract::{Problem, Timestamp, accounts::SignOutPerson, seats::Status};
use serde::Deserialize;

use super::{path, visit::Visit};
use crate::{
    edge::Edge,
    invited::{self, AcceptForm, Accepted},
    pages::{Answer, frame::Frame, join::is_ticked, see, show, with_cookie},
    person::end_session_cookie,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/invite/{token}")
            .route(web::get().to(form))
            .route(web::post().to(accept)),
    )
    .service(web::resource("/invite/{token}/as-me").route(web::post().to(accept_as)))
    .service(web::resource("/invite/{token}/sign-out").route(web::post().to(sign_out)));
}

async fn form(request: HttpRequest, token: web::Path<String>) -> Answer {
    Visit::of(&request, token).await?.show().await
}

/// What somebody typed; the password is not kept.
#[derive(Default, Deserialize)]
struct Typed {
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    accept_terms: String,
    #[serde(default)]
    nonce: String,
}

/// A form without a field to fill in.
#[derive(Deserialize)]
pub(super) struct Pressed {
    #[serde(default)]
    pub(super) nonce: String,
}

async fn accept(request: HttpRequest, token: web::Path<String>, typed: web::Form<Typed>) -> Answer {
    let visit = Visit::of(&request, token).await?;
    let typed = typed.into_inner();
    let form = AcceptForm {
        accept_terms: is_ticked(&typed.accept_terms),
        first_name: typed.first_name,
        last_name: typed.last_name,
        password: typed.password,
    };
    if !visit.is_own("", &typed.nonce) {
        return visit.unbound(Some(form)).await;
    }
    match accepted(&visit, form.clone()).await {
        Ok(accepted) => Ok(visit.keep(done(&visit.edge, accepted)?)),
        Err(problem) => visit.refused(problem, Some(form)).await,
    }
}

/// By the form: not while somebody else is signed in here, who would not see that it was not they.
async fn accepted(visit: &Visit, form: AcceptForm) -> Result<Accepted, Problem> {
    if let Some(person) = &visit.person {
        let face = visit.face().await?;
        invited::refuse_another(&face, &person.signed_in)?;
    }
    let (edge, incoming) = (&visit.edge, &visit.incoming);
    let browser = Some(visit.browser.clone());
    invited::accept(edge, incoming, &visit.token, form, browser).await
}

async fn accept_as(
    request: HttpRequest,
    token: web::Path<String>,
    pressed: web::Form<Pressed>,
) -> Answer {
    let visit = Visit::of(&request, token).await?;
    if !visit.is_own("/as-me", &pressed.nonce) {
        return visit.unbound(None).await;
    }
    // Their session ended meanwhile: the page says what else they can do.
    let Some(person) = &visit.person else {
        return Ok(see(&path(&visit.token)));
    };
    match invited::accept_as(&visit.edge, person, &visit.token).await {
        Ok(accepted) => done(&visit.edge, accepted),
        Err(problem) => visit.refused(problem, None).await,
    }
}

/// Signs whoever is signed in out, here, and goes on with the invite.
async fn sign_out(
    request: HttpRequest,
    token: web::Path<String>,
    pressed: web::Form<Pressed>,
) -> Answer {
    let visit = Visit::of(&request, token).await?;
    if !visit.is_own("/sign-out", &pressed.nonce) {
        return visit.unbound(None).await;
    }
    if let Some(person) = &visit.person {
        let sign_out = SignOutPerson {
            token: person.token.clone(),
            everywhere: false,
        };
        visit.edge.bus.call(&sign_out, &visit.incoming.cx).await?;
    }
    let ended = end_session_cookie(&visit.edge.options);
    Ok(with_cookie(see(&path(&visit.token)), &ended))
}

#[derive(Template)]
#[template(path = "invited/done.html")]
struct Done {
    frame: Frame,
    title: String,
    words: String,
    product_url: Option<String>,
    organisation: String,
    due: Option<Timestamp>,
}

fn done(edge: &Edge, accepted: Accepted) -> Answer {
    let Accepted {
        face,
        admitted,
        first_name,
        ..
    } = accepted;
    let (title, words) = match admitted.status {
        Status::Assigned => (
            format!("Welcome, {first_name}"),
            "You have a seat. You can start right away.",
        ),
        Status::Held => (
            "One more step".to_owned(),
            "A seat is kept for you. It is yours as soon as you have confirmed the address of your \
             account.",
        ),
        Status::Waiting | Status::Revoked => (
            "You are on the waiting list".to_owned(),
            "All seats are taken at the moment. You get the next one that becomes free, in the \
             order in which people came; there is nothing to pay and nothing more to do.",
        ),
    };
    let is_assigned = admitted.status == Status::Assigned;
    show(&Done {
        frame: Frame::of(edge),
        title,
        words: words.to_owned(),
        product_url: is_assigned.then(|| face.product_url.to_string()),
        organisation: face.organisation_name.to_string(),
        due: admitted.proof_due_at,
    })
}
