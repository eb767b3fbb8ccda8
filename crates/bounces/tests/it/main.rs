//! What comes back, from outside: a corpus of mails, signed events, a folder, a socket.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod corpus;
mod listener;
mod maildir;
mod robustness;
mod sendgrid;
mod smuggling;
mod standard;
mod wire;
