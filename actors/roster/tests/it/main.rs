//! The roster, asked over the bus, on both databases.

#![expect(clippy::unwrap_used, reason = "tests fail this way")]

mod alike;
mod filter;
mod named;
mod order;
mod page;
mod pending;
mod scene;
mod sql;
mod story;
mod tenants;
mod waiting;
