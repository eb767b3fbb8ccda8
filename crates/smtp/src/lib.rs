//! A connection to a mail relay, and its replies understood.
//!
//! # Map
//! - [`relay`]: [`Relay`], where to and how; [`trust`]: whose certificates are believed, with those of
//!   private [`authorities`].
//! - [`session`]: [`Session::connect`], with `login` (AUTH) and `offers` (EHLO).
//! - `carry`: [`Session::carry`], mail after mail over one connection; `flight` holds what was taken
//!   and has no verdict yet.
//! - [`mail`]: [`Mail`] and the [`Source`] they come from; [`path`]: [`Path`], an address in an
//!   envelope; `body`: a message as it goes over the wire.
//! - [`verdict`]: [`Verdict`], [`Stage`], [`Trouble`], [`End`].
//! - [`reply`]: [`Reply`]; `decoder` finds it in bytes; `wire` is bytes with timers.
//! - [`classify()`]: what a refusal means, by the tables in `classify/rules.rs`; [`names_nobody`] asks
//!   them about what is told later, in a report.
//!
//! # What it promises
//! - Accepted is only what the relay answered 250 to, after the final dot of this very mail
//!   (`tests/it/cancelled.rs`, `tests/it/dot.rs`).
//! - Every mail taken from the source gets exactly one verdict, also when the future is dropped.
//! - Before the final dot nothing has gone over; after it only a reply tells: [`Verdict::Unknown`].
//! - A connection is one task's, and is dropped at any elapsed timer, unexpected code or byte that is
//!   no SMTP. A refusal costs no connection (`tests/it/refused.rs`).
//! - Where PIPELINING is offered a mail costs one round trip (`tests/it/pipelined.rs`).
//! - A password goes over TLS or to the loopback (`tests/it/connect.rs`).
//! - Nothing that comes from the other side panics, and what is kept of it is bounded
//!   (`tests/it/replies.rs`).
//!
//! It knows no database and decides no retry: what a verdict changes is its caller's to say.
//!
//! # To add a reply rule
//! 1. The real reply, with what it should mean, as a row in `tests/it/classes.rs`.
//! 2. A phrase in the list of its meaning in `classify/rules.rs`, or a code in one of its matches.

pub mod authorities;
mod body;
mod carry;
mod classify;
mod decoder;
mod flight;
mod login;
pub mod mail;
mod offers;
pub mod path;
pub mod relay;
pub mod reply;
pub mod session;
pub mod timeouts;
pub mod trust;
pub mod verdict;
mod wire;

pub use authorities::{Authorities, AuthoritiesError};
pub use carry::Limits;
pub use classify::{Class, classify, names_a_busy_mailbox, names_nobody, names_our_pace};
pub use decoder::{Decoder, Malformed};
pub use mail::{Mail, Source};
pub use offers::Offers;
pub use path::{Path, PathError};
pub use relay::{Login, Relay, Tls};
pub use reply::Reply;
pub use session::{ConnectError, Session};
pub use timeouts::Timeouts;
pub use trust::Trust;
pub use verdict::{End, Stage, Trouble, Unfit, Verdict};
