//! What comes back after sending: reports of webhooks and of mail go one way, [`take()`].
//!
//! Only what is proved is taken. A webhook's signature proves all that it says; a mail proves by the
//! token that only the mail which it is about had. A Message-ID proves nothing: invites have ids
//! which many see.
//!
//! Reports come twice, late and in any order. An event with a name is taken once; any other report
//! changes nothing the second time, because what is known of a mail only ever gets worse: sent,
//! delivered, bounced, complained. What comes back of an address that has been corrected since is
//! about that address, not about the invite. Once somebody has accepted, only what they say
//! themselves still counts.

mod about;
mod mailbox;
mod metrics;
mod sql;
mod take;
mod verdict;

pub use self::{
    mailbox::{Mailbox, MailboxOptions, MailboxOptionsError},
    metrics::MailboxMetrics,
};
pub(crate) use self::{
    sql::{FORGET_EVENTS, STATEMENTS},
    take::take,
};
