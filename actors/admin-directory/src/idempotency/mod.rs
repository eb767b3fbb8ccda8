//! Requests that are sent again with their `Idempotency-Key`.

mod begin;
mod end;
mod sweep;

pub use self::sweep::AttemptSweeper;
