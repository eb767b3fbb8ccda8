//! The link registry, asked over the bus, on both databases.

#![expect(clippy::unwrap_used, reason = "tests fail this way")]

mod change;
mod create;
mod resolve;
mod retags;
mod scene;
mod sql;
mod tenants;
mod trail;
