//! HTTP in, messages out: JSON API, Subscription Manager, join pages. Sees no SQL.
//!
//! # Map
//! - [`edge`]: the server: options, workers, start and stop.
//! - `gate`: the one middleware: bound, request id, CSRF, panic guard, problems, headers, numbers.
//! - `request`: [`kernel::Cx`] of a request; `session`: administrators and cookies.
//! - `throttle`: how often is often enough; `client`: who a request comes from.
//! - `problem`: `Refused`, a problem on its way out; `csrf`, [`network`], `metrics`: what the gate uses.
//! - `flows` and `accounts`: what API and pages have in common: join, prove; sign in, reset, change.
//! - `invites`: an address list becomes a batch; `invited`: what whoever was invited does.
//! - `person`: a person who is signed in.
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
mod invited;
mod invites;
mod metrics;
pub mod network;
mod pages;
mod person;
mod problem;
mod request;
mod session;
mod throttle;

pub use edge::{BusFactory, Edge, EdgeError, EdgeOptions, Running, start};
pub use network::Network;
pub use throttle::ThrottleLimits;

/// The description of the JSON API: OpenAPI 3.1, as JSON.
pub fn openapi() -> &'static str {
    api::document()
}
