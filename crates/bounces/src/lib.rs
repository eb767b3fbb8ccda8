//! What comes back after sending, understood.
//!
//! # Map
//! - [`report`]: [`Report`], what one message or event says about one mail of ours.
//! - [`return_path`]: [`ReturnPath`], the address that reports come back to.
//! - [`verdict()`]: whether a refusal is about the address or about something else.
//! - [`mail`]: a mail to its reports: `tree` opens it, `dsn` (RFC 3464), `arf` (RFC 5965) and `prose`
//!   (reports that only a person was meant to read) read it, `origin` finds which mail of ours it is
//!   about, `noise` knows what is no report.
//! - [`webhook`]: a signed event of a provider to its reports: `standard`, `sendgrid`.
//! - [`maildir`]: mail that something else put into a folder.
//! - [`listener`]: mail that is sent here by SMTP: `session` is the dialogue, `line` what is read.
//!
//! # What it promises
//! - It owns no table and sends nothing: what a report changes is its caller's to decide.
//! - Whatever bytes come, nothing panics, and work and memory are bounded.
//! - A report that comes twice bears the same [`Report::event_id`].
//! - An event is believed for its signature, and that is looked at before anything else of it.
//! - A mail is nobody's proof: a report by mail says what its sender says. The signed token of the
//!   return path, wherever our mail had it, is what makes it more than a rumour; its maker checks it.
//! - In doubt a refusal is soft, a mail is no report, and a delay is not a bounce.
//! - A mail is taken off the wire, or out of the folder, only after its handler has kept it.
//! - The listener takes mail for the return path alone: it is no relay for anybody.
//!
//! # To add a provider
//! 1. A file in `webhook/` with `check` (headers and body, before anything is decoded) and `reports`.
//! 2. Its line in [`webhook::Provider`], its keys in [`webhook::HookKeys`].
//! 3. Tests of a good, a forged, an old and a malformed event in `tests/it/NAME.rs`.
//!
//! # To add a dialect of reports
//! 1. A real one, with its names made up anew, as `tests/corpus/NAME.eml`, and what should be read
//!    from it in `tests/it/corpus.rs`.
//! 2. If it has a `message/delivery-status`, most likely nothing else. If it is prose: what announces
//!    the copy of our mail in it, and how it says that it is only late, are lists in `mail/prose.rs`.
//! 3. What it says of an address that nobody has is a line in `crates/smtp/src/classify/rules.rs`: the
//!    words of reports are those of replies.

pub mod listener;
pub mod mail;
pub mod maildir;
pub mod report;
pub mod return_path;
mod verdict;
pub mod webhook;

pub use mail::{Envelope, Ignored, Reading};
pub use report::{About, Enhanced, Kind, Report};
pub use return_path::ReturnPath;
pub use verdict::verdict;
pub use webhook::{HookKeys, HookProblem, Provider};
