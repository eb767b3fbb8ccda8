//! What actors say to each other: messages, ids, problems. Serde only, nothing async.
//!
//! # Map
//! - [`call`]: [`Call`], the one trait of every message; [`Service`], [`Need`]: who serves it, who may
//!   send it, on whose behalf. Authorisation is this data; the kernel enforces it in one place.
//! - [`caller`]: on whose behalf a request is made.
//! - [`problem`]: everything that can be refused, as one table (RFC 9457).
//! - [`ids`], [`timestamp`], [`text`], [`address`], [`secret`], [`page`]: the small types that carry
//!   the rules, so that a value of the type is a value that was checked.
//! - one file a noun: [`organisations`], [`administrators`], [`tokens`], [`links`], [`plans`],
//!   [`ledger`], [`seats`], [`memberships`], [`bulk`], [`people`], [`accounts`], [`users`],
//!   [`invited`], [`mails`], [`batches`], [`invites`], [`suppressions`], [`audit`], [`events`], [`idempotency`].
//! - [`subjects`]: the list of all of them, read by the tests that walk every subject.
//!
//! # Promises
//! - The wire only grows: new fields are `#[serde(default)]`, unknown fields are ignored, a breaking
//!   change is a `v2` subject beside `v1`. `tests/it` holds a golden sample of every message.
//! - What is not the message (caller, deadline, trace) travels in headers and is not in here.
//!
//! # To add a message
//! 1. Write the struct, its reply and `impl Call` in the file of its noun.
//! 2. Add a line to [`subjects::ALL`].
//! 3. Add a sample to `tests/it/wire.rs` and accept its snapshot.
//! 4. Serve it: one verb file in the actor that [`Call::OWNER`] names.

pub mod accounts;
pub mod address;
pub mod administrators;
pub mod audit;
pub mod batches;
pub mod bulk;
pub mod call;
pub mod caller;
pub mod clock;
pub mod events;
pub mod idempotency;
pub mod ids;
pub mod invited;
pub mod invites;
pub mod ledger;
pub mod links;
pub mod mails;
pub mod memberships;
pub mod organisations;
mod pace;
pub mod page;
pub mod people;
pub mod plans;
pub mod problem;
mod said;
pub mod seats;
pub mod secret;
pub mod subjects;
pub mod suppressions;
pub mod text;
pub mod timestamp;
pub mod tokens;
pub mod users;

pub use address::{DomainName, EmailAddress};
pub use call::{Call, Need, Service};
pub use caller::{Caller, Principal, Role};
pub use clock::{Clock, ManualClock, Stamp, SystemClock};
pub use page::{Cursor, Page, PageRequest};
pub use problem::{FieldError, Fields, Kind, Problem};
pub use secret::Secret;
pub use timestamp::Timestamp;
