//! The kernel from outside: one suite on both buses, supervision, group commit.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod conformance;
mod gate;
mod group_commit;
mod nats;
mod probe;
mod refusals;
mod scene;
mod stopping;
mod supervision;
mod turns;
mod workers;
