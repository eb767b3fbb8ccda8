//! Sign-in, sign-out and set-up of administrators.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use contract::{
    EmailAddress, Kind, Problem, Secret,
    administrators::{
        Office, SessionOpened, SetUpAdministrator, SignInAdministrator, SignOutAdministrator,
    },
};
use serde::Deserialize;

use super::{Answer, fields::Errors, frame::Frame, render, see, show};
use crate::{
    edge::Edge,
    request::Incoming,
    session::{Administrator, SIGN_IN, end_session_cookie, session_cookie, session_token},
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource(SIGN_IN)
            .route(web::get().to(form))
            .route(web::post().to(sign_in)),
    )
    .route("/admin/sign-out", web::post().to(sign_out))
    .service(
        web::resource("/admin/set-up/{token}")
            .route(web::get().to(set_up_form))
            .route(web::post().to(set_up)),
    )
    .route("/admin", web::get().to(choose))
    .route("/admin/", web::get().to(choose));
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    frame: Frame,
    email: String,
    refusal: Option<String>,
}

async fn form(edge: web::Data<Edge>) -> Answer {
    show(&SignIn {
        frame: Frame::of(&edge),
        email: String::new(),
        refusal: None,
    })
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

async fn sign_in(
    edge: web::Data<Edge>,
    incoming: Incoming,
    form: web::Form<Credentials>,
) -> Answer {
    let Credentials { email, password } = form.into_inner();
    let opened = match EmailAddress::parse(&email) {
        Err(_) => Err(Problem::new(Kind::SignInRefused)),
        Ok(email) => {
            edge.throttle.by_email(&email)?;
            let password = Secret::new(password);
            edge.bus
                .call(&SignInAdministrator { email, password }, &incoming.cx)
                .await
        }
    };
    let opened = opened.map_err(|problem| match problem.kind {
        Kind::SignInRefused => edge.throttle.guess(incoming.client, problem),
        _ => problem,
    });
    match opened {
        Ok(session) => Ok(opened_session(&edge, &session)),
        Err(problem) if problem.kind == Kind::SignInRefused => {
            let refusal = Some(problem.title);
            render(
                StatusCode::UNAUTHORIZED,
                &SignIn {
                    frame: Frame::of(&edge),
                    email,
                    refusal,
                },
            )
        }
        Err(problem) => Err(problem.into()),
    }
}

fn opened_session(edge: &Edge, session: &SessionOpened) -> HttpResponse {
    let mut response = see("/admin");
    if let Err(error) = response.add_cookie(&session_cookie(edge, session)) {
        tracing::error!(%error, "a cookie does not fit");
    }
    response
}

async fn sign_out(edge: web::Data<Edge>, incoming: Incoming, request: HttpRequest) -> Answer {
    if let Some(token) = session_token(&request, &edge.options) {
        edge.bus
            .call(
                &SignOutAdministrator {
                    token,
                    everywhere: false,
                },
                &incoming.cx,
            )
            .await?;
    }
    let mut response = see(SIGN_IN);
    if let Err(error) = response.add_cookie(&end_session_cookie(&edge.options)) {
        tracing::error!(%error, "a cookie does not fit");
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "set_up.html")]
struct SetUp {
    frame: Frame,
    errors: Errors,
}

async fn set_up_form(edge: web::Data<Edge>) -> Answer {
    show(&SetUp {
        frame: Frame::of(&edge),
        errors: Errors::default(),
    })
}

#[derive(Deserialize)]
struct Chosen {
    #[serde(default)]
    password: String,
}

async fn set_up(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    form: web::Form<Chosen>,
) -> Answer {
    let token = Secret::new(token.into_inner());
    let password = Secret::new(form.into_inner().password);
    match edge
        .bus
        .call(&SetUpAdministrator { token, password }, &incoming.cx)
        .await
    {
        Ok(session) => Ok(opened_session(&edge, &session)),
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let errors = Errors::beside_fields(problem)?;
            render(
                status,
                &SetUp {
                    frame: Frame::of(&edge),
                    errors,
                },
            )
        }
    }
}

#[derive(Template)]
#[template(path = "choose.html")]
struct Choose {
    frame: Frame,
    offices: Vec<Office>,
}

async fn choose(edge: web::Data<Edge>, administrator: Administrator) -> Answer {
    let offices = administrator.signed_in.organisations;
    match offices.as_slice() {
        [only] => Ok(see(&format!("/admin/{}", only.organisation))),
        _ => show(&Choose {
            frame: Frame::of(&edge),
            offices,
        }),
    }
}
