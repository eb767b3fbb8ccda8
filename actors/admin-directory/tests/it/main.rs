//! The admin directory, asked over the bus, on both databases.

#![expect(clippy::unwrap_used, reason = "tests fail this way")]

mod audit;
mod colleagues;
mod idempotency;
mod invitations;
mod last_owner;
mod letters;
mod named;
mod organisations;
mod removals;
mod scene;
mod sessions;
mod sql;
mod stand_ins;
mod tokens;
mod watched;
