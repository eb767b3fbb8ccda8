//! All mail leaves here: letters, and invites by the batch. What comes back is read here, too.
//!
//! # Owns
//! The tables `mails`, `batches`, `invites`, `refusals`, `suppressions`, `taken_reports`, `couriers`,
//! `relay_days`, `forgotten` and `unforgotten`, and the way out: a directory ([`keep`]), or one SMTP relay (the crate
//! `smtp`).
//! Reads `links`, `plans`, `organisations`, `accounts`, `memberships`, `offers`, `invite_uses`,
//! `address_notices`, `proofs`, `administrators`, `administrator_offices` and `erasures`.
//!
//! # Map
//! - [`batches`]: addresses are handed in, classified, sent, steered; [`enlist`] queues them, in
//!   [`turns`]; [`alarm`] says when a batch is to rest, [`rest`] lets it, with what was [`said`].
//! - [`courier`]: what is due is sent, as fast as [`rates`] allow.
//! - [`invites`]: one invite, for administrators and whoever holds it; [`tokens`]: what it is known by.
//! - [`suppressions`]: who gets none; [`reports`]: what comes back; [`remind`]: what is due by itself;
//!   [`ended`]: what becomes of mail that does not leave; [`forget`]: whose address is not kept.
//! - [`announce`]: whoever was given a seat is told so; [`notices`]: so is the mailbox that an account had.
//!
//! # Promises (each with its test in docs/semantics-{mail,invites,batches,sending}.md)
//! - A letter whose [`contract::mails::QueueMail`] was answered is durable, and is tried until the
//!   relay has taken it, has refused it for good, or a day is over; two requests with one key are one
//!   letter.
//! - A verdict is recorded from the reply of the same transaction only. An attempt whose reply was
//!   lost, or that a crash ended, is repeated once, with the same Message-ID by which mail systems
//!   fold the copies; lost again, the letter ends as failed and says why.
//! - Letters hold tokens: they are sealed while they wait and emptied once they have left.
//!
//! # How it works
//! [`InviteDispatcher`] takes letters and invites in, [`InviteReader`] lists and counts them; the [`Courier`], a
//! worker, leases what is due, composes ([`letter`], [`invitation`], [`message`]), hands over outside any
//! transaction, records. Any number of couriers may run: leases and shares are the database clock's.
//!
//! # What a mail says
//! [`templates`] holds the words, built in or an operator's, compiled and tried at start;
//! [`invitation`] and [`letter`] are the names that they know; [`stencil`] renders the built-in words of
//! a batch once. [`message`] composes, [`quoted`] encodes, [`dkim`] signs.
//!
//! # To add a letter
//! A variant of [`contract::mails::Letter`], its names in [`letter`] (and three templates, where it
//! is neither a request nor a notice), a sample in [`samples`], a test that looks at it.

#[macro_use]
mod ended;

mod alarm;
mod announce;
mod aside;
mod batches;
mod courier;
mod dkim;
mod enlist;
mod forget;
mod greeted;
mod invitation;
mod invites;
mod keep;
mod kept;
mod letter;
mod message;
mod message_name;
mod moment;
mod notices;
mod options;
mod queue;
mod quoted;
mod rates;
mod reader;
mod remind;
mod reports;
mod rest;
mod said;
mod samples;
mod sql;
mod stencil;
mod suppressions;
mod templates;
mod tokens;
mod turns;

use std::sync::Arc;

use contract::{Service, mails};
use kernel::{Behaviour, Routes};
use store::{Db, vault::Vault};
use tokio::sync::Notify;

pub use smtp::{Authorities, AuthoritiesError, Timeouts};

pub use self::{
    announce::Announcer,
    courier::{Courier, CourierMetrics, CourierTiming},
    dkim::{DkimError, DkimOptions, Signer},
    enlist::Enlister,
    forget::Forgetter,
    invitation::{Invitation, Mailing, Occasion},
    message::{ComposeError, Sender, compose, compose_invitation},
    options::{MailOptions, MailOptionsError, MailWritten},
    rates::{MailLimits, Patience, Rates},
    reader::InviteReader,
    remind::Reminder,
    reports::{Mailbox, MailboxMetrics, MailboxOptions, MailboxOptionsError},
    templates::{Templates, TemplatesError, Words, WordsError},
};

/// Every statement of this crate, by module.
pub static STATEMENTS: &[&[&store::Statement]] = &[
    sql::STATEMENTS,
    batches::sql::STATEMENTS,
    courier::STATEMENTS,
    forget::sql::STATEMENTS,
    invites::sql::STATEMENTS,
    reports::STATEMENTS,
    suppressions::sql::STATEMENTS,
];

/// Takes letters in.
#[derive(Debug)]
pub struct InviteDispatcher {
    db: Db,
    clock: Arc<dyn contract::Clock>,
    vault: Vault,
    options: MailOptions,
    courier: Arc<Notify>,
    /// The most people that one organisation invites in a day; 0: any number.
    per_day: u64,
}

impl InviteDispatcher {
    /// An instance; `courier` wakes the couriers of this process.
    pub fn new(
        db: Db,
        clock: Arc<dyn contract::Clock>,
        vault: Vault,
        options: MailOptions,
        courier: Arc<Notify>,
    ) -> Self {
        Self {
            db,
            clock,
            vault,
            options,
            courier,
            per_day: 0,
        }
    }

    /// The same where one organisation invites at most so many people in a day, by UTC; 0: any
    /// number.
    #[must_use]
    pub fn with_day_limit(self, per_day: u64) -> Self {
        Self { per_day, ..self }
    }
}

impl Behaviour for InviteDispatcher {
    const SERVICE: Service = Service::InviteDispatcher;

    fn routes(routes: &mut Routes<Self>) {
        routes
            .one::<mails::QueueMail>()
            .one::<contract::batches::OpenBatch>()
            .one::<contract::batches::AddToBatch>()
            .one::<contract::batches::SealBatch>()
            .one::<contract::batches::DiscardBatch>()
            .one::<contract::batches::SendBatch>()
            .one::<contract::batches::SteerBatch>()
            .one::<contract::batches::PreviewInvitation>()
            .one::<contract::invites::GetInvite>()
            .one::<contract::invites::ResendInvite>()
            .one::<contract::invites::ResendPending>()
            .one::<contract::invites::CancelInvite>()
            .one::<contract::invites::ReaddressInvite>()
            .one::<contract::invites::ResolveInvite>()
            .one::<contract::invites::DeclineInvite>()
            .one::<contract::suppressions::AddSuppression>()
            .one::<contract::suppressions::LiftSuppression>()
            .one::<contract::suppressions::ResolveUnsubscribe>()
            .one::<contract::suppressions::Unsubscribe>()
            .one::<contract::suppressions::TakeReports>();
    }
}
