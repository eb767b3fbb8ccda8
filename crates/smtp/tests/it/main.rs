//! A connection to a relay, from outside: against a scripted server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod authorities;
mod cancelled;
mod classes;
mod connect;
mod dot;
mod pipelined;
mod prepared;
mod refused;
mod replies;
mod scene;
mod slow;
