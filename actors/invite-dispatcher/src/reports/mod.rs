//! What comes back after sending: reports of webhooks and of mail go one way, [`take()`].
//!
//! Reports come twice, late and in any order. An event with a name is taken once; any other report
//! changes nothing the second time, because what is known of a mail only ever gets worse: sent,
//! delivered, bounced, complained. What comes back of an address that has been corrected since is
//! about that address, not about the invite. Once somebody has accepted, only what they say
//! themselves still counts.

mod about;
mod mailbox;
mod sql;
mod take;
mod verdict;

pub use self::mailbox::{Mailbox, MailboxOptions, MailboxOptionsError};
pub(crate) use self::{
    sql::{FORGET_EVENTS, STATEMENTS},
    take::take,
};
