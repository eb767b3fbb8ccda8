//! A person signs in and out.

use actix_web::{HttpRequest, http::StatusCode, web};
use askama::Template;
use contract::{Kind, accounts::SignOutPerson};
use serde::Deserialize;

use super::address::CONFIRM;
use crate::{
    accounts,
    edge::Edge,
    pages::{Answer, frame::Frame, render, see, with_cookie},
    person::{SIGN_IN, end_session_cookie, session_cookie, session_token},
    request::Incoming,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/sign-in")
            .route(web::post().to(sign_in))
            .route(web::get().to(async || see(SIGN_IN))),
    )
    .service(web::resource("/sign-out").route(web::post().to(sign_out)));
}

/// The form; `next` is where it leads.
#[derive(Template)]
#[template(path = "account/sign_in.html")]
pub(super) struct SignInPage {
    frame: Frame,
    email: String,
    next: String,
    refusal: Option<String>,
}

impl SignInPage {
    /// The empty form; it leads where it may.
    pub(super) fn leading_to(edge: &Edge, wanted: &str) -> Self {
        Self {
            frame: Frame::of(edge),
            email: String::new(),
            next: next(wanted).unwrap_or_default().to_owned(),
            refusal: None,
        }
    }

    /// Whether it leads to where another address is confirmed.
    fn is_confirming(&self) -> bool {
        self.next.starts_with(CONFIRM)
    }

    pub(super) fn show(&self, status: StatusCode) -> Answer {
        render(status, self)
    }
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// Where a sign-in may lead: back to the link, the invite or the letter that somebody came from, and nowhere
/// else.
fn next(path: &str) -> Option<&str> {
    let mut origins = ["/join/", "/invite/", CONFIRM].into_iter();
    let token = origins.find_map(|origin| path.strip_prefix(origin))?;
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (!token.is_empty() && token.bytes().all(is_token)).then_some(path)
}

async fn sign_in(
    edge: web::Data<Edge>,
    incoming: Incoming,
    form: web::Form<Credentials>,
) -> Answer {
    let Credentials {
        email,
        password,
        next: wanted,
    } = form.into_inner();
    let next = next(&wanted);
    match accounts::sign_in(&edge, &incoming, &email, &password).await {
        Ok(session) => {
            let response = see(next.unwrap_or(SIGN_IN));
            Ok(with_cookie(response, &session_cookie(&edge, &session)))
        }
        Err(problem) if problem.kind == Kind::SignInRefused => SignInPage {
            email,
            refusal: Some(problem.title),
            ..SignInPage::leading_to(&edge, &wanted)
        }
        .show(StatusCode::UNAUTHORIZED),
        Err(problem) => Err(problem.into()),
    }
}

#[derive(Deserialize)]
struct Leaving {
    #[serde(default)]
    everywhere: String,
}

async fn sign_out(
    edge: web::Data<Edge>,
    incoming: Incoming,
    request: HttpRequest,
    form: web::Form<Leaving>,
) -> Answer {
    if let Some(token) = session_token(&request, &edge.options) {
        let everywhere = form.everywhere == "yes";
        let sign_out = SignOutPerson { token, everywhere };
        edge.bus.call(&sign_out, &incoming.cx).await?;
    }
    Ok(with_cookie(
        see(SIGN_IN),
        &end_session_cookie(&edge.options),
    ))
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn a_sign_in_leads_back_to_a_link_an_invite_or_a_letter_and_nowhere_else() {
        for path in [
            "/join/abc-DEF_1",
            "/invite/abc-DEF_1",
            "/account/address/abc-DEF_1",
        ] {
            assert_eq!(next(path), Some(path));
        }
        for path in [
            "",
            "/",
            "/join/",
            "/join/a/b",
            "/invite/a/decline",
            "/invite/",
            "/account/address/",
            "/account/address/a/b",
            "/account/password",
            "/join/..",
            "//evil.example/join/x",
            "https://evil.example/join/x",
            "/join/x?y",
            "/admin",
        ] {
            assert_eq!(next(path), None, "{path:?}");
        }
    }
}
