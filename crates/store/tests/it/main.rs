//! The store on both databases: what every actor relies on.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail this way")]

mod clock;
mod history;
mod keys;
mod leases;
mod lost;
mod redact;
mod rows;
mod scene;
mod schema;
mod silent;
mod sql;
mod statements;
mod writers;
