//! The feed, the relay and the pruner, on both databases and real nats-servers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail this way"
)]

mod faults;
mod feed;
mod house;
mod prune;
mod relay;
mod sql;
mod stream;
