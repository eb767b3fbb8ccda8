//! The JSON API as a program uses it: each route's success, its refusals and its field errors.
//!
//! - `server`: the node that all tests share, a client, and institutions of the test's own.
//! - `later`: time that passes.
//! - everything else is one noun of the API a file; `requests`: what holds for every route.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail this way"
)]

mod administrators;
mod batches;
mod history;
mod hooks;
mod idempotency;
mod import_limits;
mod imports;
mod invited;
mod invites;
mod joining;
mod later;
mod links;
mod organisations;
mod own_tokens;
mod pending;
mod plans;
mod requests;
mod seats;
mod server;
mod session;
mod suppressions;
mod tokens;
mod users;
mod wire;
