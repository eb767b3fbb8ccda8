//! HTTP in, messages out: JSON API, Subscription Manager, join pages. Sees no SQL.
//!
//! # Map
//! - [`edge`]: the server: options, workers, start and stop.
//! - `gate`: the one middleware: bound, request id, head, CSRF, body, panic guard, problems, headers, numbers.
//! - `request`: [`kernel::Cx`] of a request; `session`: administrators and cookies, `no_session` who has none.
//! - `throttle`: how often is often enough, `purpose` for what; `guesses`: who was wrong too often; `client`: who a request
//!   comes from.
//! - `problem`: `Refused`, a problem on its way out; `head`, `csrf`, `arriving`, [`network`], `metrics`: what the gate uses.
//! - What API and pages have in common: `join`, with `link`, `proof`, `password`; `accounts`: sign in, reset, change;
//!   `appoint`: an administrator. `letter`: into the queue; `evenly`: in a time that tells nothing.
//! - `invites`, `imports`: an address list, pasted or in a file, becomes a batch; `invited`: what whoever was invited does,
//!   `one_click` what mail programs ask for; `hooks`: what providers of mail tell.
//! - `rows`: the rows of Manage Users, people or pending invites; `csv`: the same as a table; `bulk`: a change of many.
//! - `person`: a person who is signed in. `watch`: a batch as it changes, for whoever looks on.
//! - `api`: one file a noun; its `mod.rs` is the table of routes and the OpenAPI description.
//! - `pages`: what browsers see.
//!
//! # Promises (each with its test in docs/semantics-{api,people,accepting,administrators}.md)
//! - What is kept in here (counts of throttles, streams that are open) is each process's own and may be
//!   lost: any number of nodes may serve.
//! - Whoever holds no valid token or session learns nothing but that; no route shows or changes anything
//!   of another organisation.
//! - GET decides nothing, since scanners open every link of a mail. A form of another site is refused.
//! - Every page works without a script, and nothing is inline.
//! - Whatever is refused, or panics, is answered with a problem and the id of the request.
//!
//! # To add a route
//! Its handler in the file of its noun in `api`, its lines in `api/mod.rs` and `api/openapi.rs`, which a
//! test compares. A page: "How to add" in docs/architecture.md.

mod accounts;
mod api;
mod appoint;
mod arriving;
mod bulk;
mod client;
mod csrf;
mod csv;
pub mod edge;
mod evenly;
mod gate;
mod guesses;
mod head;
mod hooks;
mod imports;
mod invited;
mod invites;
mod join;
mod letter;
mod link;
mod metrics;
pub mod network;
mod no_session;
mod one_click;
mod pages;
mod password;
mod person;
mod problem;
mod proof;
mod purpose;
mod request;
mod rows;
mod session;
mod throttle;
mod watch;

pub use bounces::HookKeys;
pub use edge::{BusFactory, Edge, EdgeError, EdgeOptions, Running, start};
pub use hooks::{HookKeysError, hook_keys};
pub use network::Network;
pub use throttle::ThrottleLimits;

/// The description of the JSON API: OpenAPI 3.1, as JSON.
pub fn openapi() -> &'static str {
    api::document()
}
