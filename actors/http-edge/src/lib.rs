//! HTTP in, messages out: JSON API, Subscription Manager, join pages. Sees no SQL.
//!
//! # Map
//! - [`edge`]: the server: options, workers, start and stop.
//! - `gate`: the one middleware: bound, request id, CSRF, panic guard, problems, headers, numbers.
//! - `request`: [`kernel::Cx`] of a request; `session`: administrators and cookies.
//! - `throttle`: how often is often enough; `guesses`: who was wrong too often; `client`: who a request comes from.
//! - `problem`: `Refused`, a problem on its way out; `csrf`, [`network`], `metrics`: what the gate uses.
//! - `flows` and `accounts`: what API and pages have in common: join, prove; sign in, reset, change.
//! - `invites`, `imports`: an address list, pasted or in a file, becomes a batch; `invited`: what whoever was invited does,
//!   `one_click` what mail programs ask for; `hooks`: what providers of mail tell.
//! - `rows`: the rows of Manage Users, people or pending invites; `csv`: the same as a table; `bulk`: a change of many.
//! - `person`: a person who is signed in. `watch`: a batch as it changes, for whoever looks on.
//! - `api`: one file a noun; its `mod.rs` is the table of routes and the OpenAPI description.
//! - `pages`: what browsers see.

mod accounts;
mod api;
mod bulk;
mod client;
mod csrf;
mod csv;
pub mod edge;
mod flows;
mod gate;
mod guesses;
mod hooks;
mod imports;
mod invited;
mod invites;
mod metrics;
pub mod network;
mod one_click;
mod pages;
mod person;
mod problem;
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
