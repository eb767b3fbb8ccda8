//! Sign-in, sign-out and set-up of administrators.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use contract::{
    EmailAddress, Kind, Problem, Secret,
    administrators::{
        NoteRefusedAdministrator, Office, ResolveSetUp, SessionOpened, SetUpAdministrator,
        SetUpFace, SignInAdministrator, SignOutAdministrator,
    },
};
use serde::Deserialize;

use super::{Answer, fields::Errors, frame::Frame, render, see, show};
use crate::{
    accounts,
    edge::Edge,
    purpose,
    request::Incoming,
    session::{Administrator, SIGN_IN, end_session_cookie, session_cookie, session_token},
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource(SIGN_IN)
            .route(web::get().to(form))
            .route(web::post().to(sign_in)),
    )
    .service(web::resource("/admin/sign-out").route(web::post().to(sign_out)))
    .service(web::resource("/admin/sign-out-everywhere").route(web::post().to(sign_out_everywhere)))
    .service(
        web::resource("/admin/set-up/{token}")
            .route(web::get().to(set_up_form))
            .route(web::post().to(set_up)),
    )
    .service(web::resource("/admin").route(web::get().to(choose)))
    .service(web::resource("/admin/").route(web::get().to(choose)));
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
    let attempt = async {
        let email = EmailAddress::parse(&email);
        let email = email.map_err(|_| Problem::new(Kind::SignInRefused))?;
        let door = purpose::SignIn::Administrator;
        edge.throttle.by_sign_in(door, &email, incoming.client)?;
        let password = Secret::new(password);
        let sign_in = SignInAdministrator { email, password };
        edge.bus.call(&sign_in, &incoming.cx).await
    };
    let (throttle, client) = (&edge.throttle, incoming.client);
    match throttle.typed(client, Kind::SignInRefused, attempt).await {
        Ok(session) => Ok(opened_session(&edge, &session)),
        Err(problem) if problem.kind == Kind::SignInRefused => {
            if let Ok(email) = EmailAddress::parse(&email) {
                let note = NoteRefusedAdministrator {
                    email: email.clone(),
                };
                accounts::tell(&edge, &incoming, &email, &note).await;
            }
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
    leave(&edge, &incoming, &request, false).await
}

async fn sign_out_everywhere(
    edge: web::Data<Edge>,
    incoming: Incoming,
    request: HttpRequest,
) -> Answer {
    leave(&edge, &incoming, &request, true).await
}

async fn leave(
    edge: &Edge,
    incoming: &Incoming,
    request: &HttpRequest,
    everywhere: bool,
) -> Answer {
    if let Some(token) = session_token(request, &edge.options) {
        let sign_out = SignOutAdministrator { token, everywhere };
        edge.bus.call(&sign_out, &incoming.cx).await?;
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
    is_reset: bool,
    /// Whose password it is; nobody's once the link does not work any more.
    email: Option<EmailAddress>,
    errors: Errors,
}

/// The form with which a password is chosen, the first one or another: of a link that works.
pub(super) async fn password_form(
    edge: &Edge,
    incoming: &Incoming,
    token: String,
    is_reset: bool,
) -> Answer {
    let (status, email) = match whose(edge, incoming, Secret::new(token)).await {
        Ok(face) => (StatusCode::OK, Some(face.email)),
        Err(problem) if problem.kind == Kind::SetUpRefused => {
            (crate::problem::status(&problem), None)
        }
        Err(problem) => return Err(problem.into()),
    };
    let page = SetUp {
        frame: Frame::of(edge),
        is_reset,
        email,
        errors: Errors::default(),
    };
    render(status, &page)
}

/// Whose password a link sets. Opening a link is no guess: whatever scans letters opens used ones.
async fn whose(edge: &Edge, incoming: &Incoming, token: Secret) -> Result<SetUpFace, Problem> {
    edge.bus.call(&ResolveSetUp { token }, &incoming.cx).await
}

async fn set_up_form(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
) -> Answer {
    password_form(&edge, &incoming, token.into_inner(), false).await
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    password: String,
}

async fn set_up(
    edge: web::Data<Edge>,
    incoming: Incoming,
    token: web::Path<String>,
    form: web::Form<Chosen>,
    request: HttpRequest,
) -> Answer {
    choose_password(
        &edge,
        (&incoming, &request),
        token.into_inner(),
        form.into_inner(),
        false,
    )
    .await
}

/// Sets the password through a one-time link and signs in. The session that the browser had ends: it may be
/// another's, and nobody could end it there any more.
pub(super) async fn choose_password(
    edge: &Edge,
    (incoming, request): (&Incoming, &HttpRequest),
    token: String,
    chosen: Chosen,
    is_reset: bool,
) -> Answer {
    let set_up = SetUpAdministrator {
        token: Secret::new(token),
        password: Secret::new(chosen.password),
    };
    let opened = edge.bus.call(&set_up, &incoming.cx).await;
    let opened = opened.map_err(|problem| match problem.kind {
        Kind::SetUpRefused => edge.throttle.guess(incoming.client, problem),
        _ => problem,
    });
    match opened {
        Ok(session) => {
            if let Some(token) = session_token(request, &edge.options) {
                let everywhere = false;
                let sign_out = SignOutAdministrator { token, everywhere };
                if let Err(problem) = edge.bus.call(&sign_out, &incoming.cx).await {
                    tracing::warn!(request_id = %incoming.cx.request_id, %problem,
                        "a session that another one followed was not ended");
                }
            }
            Ok(opened_session(edge, &session))
        }
        Err(problem) => {
            let status = crate::problem::status(&problem);
            let (email, errors) = if problem.kind == Kind::SetUpRefused {
                (None, Errors::default())
            } else {
                let errors = Errors::beside_fields(problem)?;
                (
                    Some(whose(edge, incoming, set_up.token).await?.email),
                    errors,
                )
            };
            let page = SetUp {
                frame: Frame::of(edge),
                is_reset,
                email,
                errors,
            };
            render(status, &page)
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
