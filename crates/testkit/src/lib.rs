//! Real servers for tests.
//!
//! # What it owns
//!
//! | | |
//! |---|---|
//! | [`NatsServer`] | a nats-server with `JetStream`, one for the test binary or one of the test's own |
//! | [`PostgresServer`] | a `PostgreSQL`, likewise; gives out empty databases |
//! | [`SqliteFile`] | a fresh `SQLite` file |
//! | [`Engine`], [`BusKind`] | the two databases and the two buses as parameters of a test |
//! | [`UsherProcess`] | the node as a process of its own, to be killed |
//! | [`SmtpSink`], [`SmtpScript`] | a mail server that keeps, refuses or loses what it is sent, as it was told |
//! | [`ChromeDriver`] | what drives a browser; starts a Chromium for each session |
//! | [`DnsServer`] | a DNS server that knows what it was told |
//! | [`TcpProxy`] | a wire that can be cut, also between a request and its answer |
//! | [`Log`] | what is logged on the thread of a test |
//! | [`eventually()`] | the one allowed way to wait for a condition |
//!
//! # What it promises
//!
//! - A missing server fails the test and says what to install. Nothing is skipped.
//! - Nothing outlives the test process, even if that is ended with SIGKILL: servers hang on a
//!   leash (`leash.rs`) that ends them and removes their files.
//! - Everything is on the loopback at a free port, so test binaries may run side by side.
//! - Sinks and proxies run on threads of their own: a test may block while it talks to them.
//! - It panics where a test would: a fault of the surroundings is a failed test.
//!
//! # How to add one more server
//!
//! A file named after it, holding a struct around a `Daemon` (`daemon.rs`): say how it is started and
//! what shows that it is ready (a file, a port; never a log line, never a pause). `cargo run -p
//! testkit` starts one of each by hand.

#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a fault of the surroundings fails the test; that is what the kit promises"
)]

mod background;
mod chromedriver;
mod daemon;
mod dns;
mod engine;
mod eventually;
mod leash;
mod lines;
mod log;
mod nats;
mod port;
mod postgres;
mod process;
mod program;
mod proxy;
mod smtp;
mod sqlite;
mod template;

pub use chromedriver::ChromeDriver;
pub use dns::DnsServer;
pub use engine::{BusKind, Engine, TestDatabase};
pub use eventually::{eventually, eventually_some};
pub use log::Log;
pub use nats::NatsServer;
pub use postgres::PostgresServer;
pub use process::{Ready, UsherProcess};
pub use proxy::TcpProxy;
pub use smtp::{Mail, SmtpAct, SmtpAt, SmtpMoment, SmtpScript, SmtpSink, SmtpTls};
pub use sqlite::SqliteFile;

/// Returns the value, or fails the test with the whole chain of causes.
fn or_fail<T>(result: anyhow::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error:#}"))
}
