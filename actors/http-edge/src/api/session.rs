//! A person signs in and out, for programs.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use contract::{
    Kind, Problem, Secret, Timestamp,
    accounts::{AuthenticatePerson, PersonSession, SignOutPerson},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Answer, bearer,
    body::{Body, Given},
    refusals::{SigningIn, SigningOut},
    schema,
};
use crate::{
    accounts,
    edge::Edge,
    person::{end_session_cookie, session_cookie, session_token},
    request::Incoming,
};

/// Who signs in.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    #[serde(default)]
    #[schema(value_type = String, max_length = 254, required)]
    email: Given<String>,
    #[serde(default)]
    #[schema(value_type = String, format = Password, required)]
    password: Given<String>,
}

/// A person is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpenedSession {
    /// What a program sends as bearer to sign out; null in a replay. Browsers keep the cookie.
    #[schema(value_type = Option<String>, required)]
    token: String,
    /// When it ends by itself.
    #[schema(value_type = schema::Instant)]
    expires_at: Timestamp,
}

/// Signs a person in: answers the session, and sets the cookie of the pages. A wrong password and an
/// unknown address answer alike, and after the same time.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "Session",
    request_body = Credentials,
    responses((status = 201, description = "Signed in.", body = OpenedSession), SigningIn),
)]
pub(super) async fn open(
    edge: web::Data<Edge>,
    incoming: Incoming,
    body: Body<Credentials>,
) -> Answer {
    let (typed, mut form) = body.open()?;
    let email = form.field("email", typed.email).plain().required();
    let password = form.field("password", typed.password).plain().required();
    let (email, password) = form.finish(|| email.zip(password))?;
    let session = accounts::sign_in(&edge, &incoming, &email, &password).await?;
    let cookie = session_cookie(&edge, &session);
    let PersonSession {
        token, expires_at, ..
    } = session;
    Ok(HttpResponse::build(StatusCode::CREATED)
        .cookie(cookie)
        .json(OpenedSession {
            token: token.expose().to_owned(),
            expires_at,
        }))
}

/// Signs a person out: ends the session of the bearer, or else of the cookie.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "Session",
    security(("session" = [])),
    responses((status = 204, description = "Signed out."), SigningOut),
)]
pub(super) async fn end(edge: web::Data<Edge>, incoming: Incoming, request: HttpRequest) -> Answer {
    let token = session(&request, &edge)?;
    let authenticate = AuthenticatePerson {
        token: token.clone(),
    };
    match edge.bus.call(&authenticate, &incoming.cx).await {
        Err(problem) if problem.kind == Kind::Unauthenticated => {
            return Err(edge.throttle.guess(incoming.client, problem).into());
        }
        signed_in => signed_in?,
    };
    let sign_out = SignOutPerson {
        token,
        everywhere: false,
    };
    edge.bus.call(&sign_out, &incoming.cx).await?;
    Ok(HttpResponse::NoContent()
        .cookie(end_session_cookie(&edge.options))
        .finish())
}

fn session(request: &HttpRequest, edge: &Edge) -> Result<Secret, Problem> {
    bearer::token(request)
        .or_else(|| session_token(request, &edge.options))
        .ok_or_else(|| Problem::new(Kind::Unauthenticated))
}
