//! The JSON API under `/api/v1`.
//!
//! - [`table`]: what a route is; the table itself is [`routes`], below.
//! - [`bearer`]: whose token it is; [`Within`](bearer::Within): in which organisation it acts.
//! - [`body`], [`query`]: what came with the request, every fault noted by its field;
//!   [`json`]: its JSON; [`texts`]: the parsers of single fields.
//! - [`idempotency`]: what is posted again is done once.
//! - [`schema`], [`refusals`], [`openapi`]: the description.
//! - one file a noun: its bodies, its handlers and what the description says of them.
//!
//! # To add a route
//! 1. The handler in the file of its noun, with its `utoipa::path`.
//! 2. A line in [`routes`], and one in [`openapi`]; a test holds the two together.
//! 3. `cargo insta accept` for the description.

mod administrators;
mod audit;
mod batch_events;
mod batches;
mod bearer;
mod body;
mod bulk;
mod events;
mod filter;
mod hooks;
mod idempotency;
mod imports;
mod invited;
mod invites;
mod join;
mod json;
mod ledger;
mod links;
mod openapi;
mod organisations;
mod pending;
mod plans;
mod problems;
mod proofs;
mod query;
mod refusals;
mod schema;
mod session;
mod suppressions;
mod table;
mod texts;
mod tokens;
mod users;
mod waiting;

use actix_web::{HttpResponse, http::StatusCode, http::header, web};
use contract::{Cursor, Page};
use serde::Serialize;
use utoipa::ToSchema;

use self::table::{Entry, delete, get, patch, post, post_public, post_signed, post_streamed};
use crate::problem::Refused;

pub(crate) use self::openapi::document;

/// Every route of the API. `GET` also answers `HEAD`; any other method is refused with `Allow`.
fn routes() -> Vec<Entry> {
    let mut routes = of_people();
    routes.extend(of_invites());
    routes.extend(of_the_invited());
    routes.extend([
        get("/api/v1/openapi.json", openapi::show),
        get("/problems/{slug}", problems::show),
        post("/api/v1/organisations", organisations::create),
        get("/api/v1/organisations", organisations::list),
        get("/api/v1/organisations/{organisation}", organisations::show),
        patch(
            "/api/v1/organisations/{organisation}",
            organisations::update,
        ),
        post(
            "/api/v1/organisations/{organisation}/administrators",
            administrators::create,
        ),
        get(
            "/api/v1/organisations/{organisation}/administrators",
            administrators::list,
        ),
        patch(
            "/api/v1/organisations/{organisation}/administrators/{administrator}",
            administrators::update,
        ),
        delete(
            "/api/v1/organisations/{organisation}/administrators/{administrator}",
            administrators::remove,
        ),
        post(
            "/api/v1/organisations/{organisation}/tokens",
            tokens::create,
        ),
        get("/api/v1/organisations/{organisation}/tokens", tokens::list),
        delete(
            "/api/v1/organisations/{organisation}/tokens/{token_id}",
            tokens::revoke,
        ),
        post("/api/v1/organisations/{organisation}/plans", plans::create),
        get("/api/v1/organisations/{organisation}/plans", plans::list),
        get(
            "/api/v1/organisations/{organisation}/plans/{plan}",
            plans::show,
        ),
        patch(
            "/api/v1/organisations/{organisation}/plans/{plan}",
            plans::update,
        ),
        post("/api/v1/organisations/{organisation}/links", links::create),
        get("/api/v1/organisations/{organisation}/links", links::list),
        get(
            "/api/v1/organisations/{organisation}/links/{link}",
            links::show,
        ),
        patch(
            "/api/v1/organisations/{organisation}/links/{link}",
            links::update,
        ),
        delete(
            "/api/v1/organisations/{organisation}/links/{link}",
            links::archive,
        ),
        post(
            "/api/v1/organisations/{organisation}/links/{link}/rotate",
            links::rotate,
        ),
        post(
            "/api/v1/organisations/{organisation}/links/{link}/disable",
            links::disable,
        ),
        post(
            "/api/v1/organisations/{organisation}/links/{link}/enable",
            links::enable,
        ),
        get("/api/v1/organisations/{organisation}/audit", audit::list),
        get("/api/v1/organisations/{organisation}/events", events::list),
        get("/api/v1/join/{token}", join::show),
        post_public("/api/v1/join/{token}", join::join),
        post_public("/api/v1/proofs", proofs::start),
        post_public("/api/v1/proofs/{proof}", proofs::confirm),
        post_public("/api/v1/session", session::open),
        delete("/api/v1/session", session::end),
    ]);
    routes
}

/// The people of an organisation, and what is done with their seats.
fn of_people() -> Vec<Entry> {
    vec![
        get("/api/v1/organisations/{organisation}/users", users::list),
        get(
            "/api/v1/organisations/{organisation}/users/{user}",
            users::show,
        ),
        patch(
            "/api/v1/organisations/{organisation}/users/{user}",
            users::update,
        ),
        delete(
            "/api/v1/organisations/{organisation}/users/{user}",
            users::erase,
        ),
        post(
            "/api/v1/organisations/{organisation}/users/{user}/revoke",
            users::revoke,
        ),
        post(
            "/api/v1/organisations/{organisation}/users/{user}/reassign",
            users::reassign,
        ),
        get(
            "/api/v1/organisations/{organisation}/users.csv",
            users::export,
        ),
        post(
            "/api/v1/organisations/{organisation}/users/bulk",
            bulk::start,
        ),
        get(
            "/api/v1/organisations/{organisation}/users/bulk/{job}",
            bulk::show,
        ),
        get(
            "/api/v1/organisations/{organisation}/plans/{plan}/waiting",
            waiting::list,
        ),
        get(
            "/api/v1/organisations/{organisation}/plans/{plan}/ledger",
            ledger::show,
        ),
    ]
}

/// E-mail invites.
fn of_invites() -> Vec<Entry> {
    vec![
        post(
            "/api/v1/organisations/{organisation}/invites",
            invites::create,
        ),
        get(
            "/api/v1/organisations/{organisation}/invites",
            invites::list,
        ),
        post_streamed(
            "/api/v1/organisations/{organisation}/invites/import",
            imports::create,
        ),
        get(
            "/api/v1/organisations/{organisation}/invites/{invite}",
            invites::show,
        ),
        patch(
            "/api/v1/organisations/{organisation}/invites/{invite}",
            invites::update,
        ),
        post(
            "/api/v1/organisations/{organisation}/invites/{invite}/resend",
            invites::resend,
        ),
        post(
            "/api/v1/organisations/{organisation}/invites/{invite}/cancel",
            invites::cancel,
        ),
        get(
            "/api/v1/organisations/{organisation}/batches",
            batches::list,
        ),
        get(
            "/api/v1/organisations/{organisation}/batches/{batch}",
            batches::show,
        ),
        get(
            "/api/v1/organisations/{organisation}/batches/{batch}/events",
            batch_events::watch,
        ),
        get(
            "/api/v1/organisations/{organisation}/batches/{batch}/rows",
            batches::rows,
        ),
        post(
            "/api/v1/organisations/{organisation}/batches/{batch}/send",
            batches::send,
        ),
        post(
            "/api/v1/organisations/{organisation}/batches/{batch}/pause",
            batches::pause,
        ),
        post(
            "/api/v1/organisations/{organisation}/batches/{batch}/resume",
            batches::resume,
        ),
        post(
            "/api/v1/organisations/{organisation}/batches/{batch}/cancel",
            batches::cancel,
        ),
        post(
            "/api/v1/organisations/{organisation}/batches/{batch}/resend",
            batches::resend,
        ),
    ]
}

/// What comes of invites: from whoever got one, and from whoever carries mail.
fn of_the_invited() -> Vec<Entry> {
    vec![
        get("/api/v1/invites/{invite_token}", invited::show),
        post_public("/api/v1/invites/{invite_token}", invited::accept),
        post_public("/api/v1/invites/{invite_token}/decline", invited::decline),
        post_public(
            "/api/v1/unsubscribe/{unsubscribe_token}",
            invited::unsubscribe,
        ),
        post_signed("/api/v1/hooks/mail/{provider}", hooks::take),
        get(
            "/api/v1/organisations/{organisation}/suppressions",
            suppressions::list,
        ),
        post(
            "/api/v1/organisations/{organisation}/suppressions",
            suppressions::add,
        ),
        delete(
            "/api/v1/organisations/{organisation}/suppressions",
            suppressions::lift,
        ),
    ]
}

/// Adds the API's routes.
pub(crate) fn configure(cfg: &mut web::ServiceConfig) {
    table::configure(cfg, routes());
}

/// What a handler of the API answers.
type Answer = Result<HttpResponse, Refused>;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
struct List<T> {
    /// The rows, in the list's order.
    items: Vec<T>,
    /// The `cursor` of the next page; null on the last one.
    #[schema(value_type = Option<schema::Cursor>, required)]
    next_cursor: Option<Cursor>,
}

impl<T> List<T> {
    fn of<R>(page: Page<R>, row: impl FnMut(R) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(row).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

/// Something was made, and is at `location` from now on.
fn created(location: &str, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(StatusCode::CREATED)
        .insert_header((header::LOCATION, location))
        .json(body)
}

/// What was asked for.
fn ok(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(body)
}
