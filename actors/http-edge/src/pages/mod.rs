//! The pages: start, sign-in, Subscription Manager, join, proofs, and the demo's mailbox.
//!
//! - [`frame`]: what every page has around it; [`render`] makes an answer of a template.
//! - [`fields`]: what a form was filled in with, and what was wrong with it.
//! - [`words`]: how states and instants are said; [`deeds`]: what the audit trail notes.
//! - one file a part of the site, each with its `configure`; the struct of a page is its
//!   documentation, its template of the same name is under `templates/`.
//!
//! Every form works without a script: POST, then 303, then GET. A refused form is answered with the
//! problem's status, the values kept and the errors beside their fields.

mod account;
mod admin;
mod assets;
pub(crate) mod deeds;
mod demo;
mod fields;
mod frame;
mod invited;
mod join;
mod proofs;
mod reset;
mod sign_in;
pub(crate) mod words;

use actix_web::{
    HttpRequest, HttpResponse, cookie::Cookie, error::UrlencodedError, http::StatusCode,
    http::header, web,
};
use askama::Template;
use contract::{FieldError, Kind, Problem};

use self::frame::Frame;
use crate::{arriving, problem::Refused};

/// Adds the pages' routes; a form has at most `form_most` bytes, one with a pasted list `paste_most`.
pub(crate) fn configure(cfg: &mut web::ServiceConfig, form_most: usize, paste_most: usize) {
    cfg.app_data(
        web::FormConfig::default()
            .limit(form_most)
            .error_handler(|error, _| unreadable(&error).into()),
    )
    .app_data(web::QueryConfig::default().error_handler(|_, _| Refused::of(Kind::Malformed).into()))
    .service(web::resource("/").route(web::get().to(account::start)));
    assets::configure(cfg);
    sign_in::configure(cfg);
    reset::configure(cfg);
    admin::configure(cfg, paste_most);
    join::configure(cfg);
    invited::configure(cfg);
    proofs::configure(cfg);
    account::configure(cfg);
    demo::configure(cfg);
}

/// What is wrong with a form that cannot be read.
fn unreadable(error: &UrlencodedError) -> Refused {
    match error {
        UrlencodedError::Overflow { .. } => Refused::of(Kind::TooLarge),
        UrlencodedError::ContentType => Refused::of(Kind::UnsupportedMediaType),
        UrlencodedError::Payload(error) => Refused(arriving::unreadable(error)),
        _ => Refused::of(Kind::Malformed),
    }
}

/// What a handler of a page answers.
type Answer = Result<HttpResponse, Refused>;

/// A page as an answer.
fn render(status: StatusCode, page: &impl Template) -> Answer {
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "a page does not render");
        Refused::of(Kind::Internal)
    })?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// A page that is not refused.
fn show(page: &impl Template) -> Answer {
    render(StatusCode::OK, page)
}

/// An answer that brings a cookie.
fn with_cookie(mut response: HttpResponse, cookie: &Cookie<'_>) -> HttpResponse {
    if let Err(error) = response.add_cookie(cookie) {
        tracing::error!(%error, "a cookie does not fit");
    }
    response
}

/// On to another page, with GET.
fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .finish()
}

/// The address of the next page of a list: this one with another cursor.
fn next_page(request: &HttpRequest, cursor: Option<contract::Cursor>) -> Option<String> {
    next_page_by(request, "cursor", cursor)
}

/// The same of the page at a path, whatever was asked to come to it.
fn next_page_of(path: &str, cursor: Option<contract::Cursor>) -> Option<String> {
    let contract::Cursor(cursor) = cursor?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("cursor", &cursor);
    Some(format!("{path}?{}", query.finish()))
}

/// The same where a page has several lists, each with a cursor of its own.
fn next_page_by(
    request: &HttpRequest,
    by: &str,
    cursor: Option<contract::Cursor>,
) -> Option<String> {
    let contract::Cursor(cursor) = cursor?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
        if name != by && !value.is_empty() {
            query.append_pair(&name, &value);
        }
    }
    query.append_pair(by, &cursor);
    Some(format!("{}?{}", request.path(), query.finish()))
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    title: &'a str,
    detail: Option<&'a str>,
    /// What was refused, a sentence a field.
    refused: Vec<String>,
    advice: &'a str,
    /// The way on, where there is one: its address and its words.
    way: Option<(&'static str, &'static str)>,
    request: Option<&'a str>,
}

/// A field that no form shows any more: `seats must be a whole number`.
fn refused(FieldError { field, detail, .. }: &FieldError) -> String {
    if detail.starts_with(char::is_uppercase) {
        return detail.clone();
    }
    format!("{field} {detail}")
}

/// The page of a problem, for a handler that answers `Err(Refused)` and for what has no handler.
pub(crate) fn problem(problem: &Problem) -> HttpResponse {
    let advice = match problem.kind {
        Kind::LinkUnknown => {
            "It may have been replaced or switched off, or the address was not copied whole. \
             Please ask whoever gave it to you for a new one."
        }
        Kind::InviteUnknown => {
            "It may have been replaced by a newer one, or the address was not copied whole. Please \
             look for the newest mail with it, or ask whoever invited you."
        }
        Kind::NotFound => "Please check the address, or go back to where you came from.",
        Kind::Overloaded | Kind::Unavailable | Kind::InDoubt | Kind::DeadlinePassed => {
            "Please try again in a moment. Nothing is lost, and trying again is safe."
        }
        _ if problem.status >= 500 => "Please try again. If it happens again, ask for help.",
        _ => "Please go back and try again.",
    };
    let page = ProblemPage {
        frame: Frame::plain(),
        title: &problem.title,
        detail: problem.detail.as_deref(),
        refused: problem.errors.iter().map(refused).collect(),
        advice,
        way: match problem.kind {
            Kind::InviteUnknown => Some(("/invite", "Type the code of the mail")),
            Kind::NotFound | Kind::LinkUnknown => Some(("/", "To the start")),
            _ => None,
        },
        request: problem.instance.as_deref(),
    };
    let status = crate::problem::status(problem);
    let plain = || HttpResponse::build(status).body(problem.title.clone());
    render(status, &page).unwrap_or_else(|_| plain())
}
