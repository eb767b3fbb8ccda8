//! The link registry, asked over the bus, on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail this way"
)]

mod change;
mod create;
mod resolve;
mod scene;
mod sql;
mod tenants;
mod trail;
