//! Organisations and their policies, administrators and their roles, API tokens, the audit trail.
//!
//! # Owns
//! The tables `organisations`, `administrators`, `administrator_offices`, `administrator_sessions`,
//! `administrator_letters`, `api_tokens` and `attempts`; nobody else writes them. Reads `audit`, which every actor writes through the
//! store.
//!
//! # Promises
//! - An administrator is not a person: no statement here touches accounts, and no session of one
//!   is a session of the other.
//! - A wrong password, an unknown address and an address without a password are refused alike, and
//!   each costs the time of one hash.
//! - Set-up links work once and for [`SETUP_DAYS`] days, sessions end after [`SESSION_HOURS`] hours
//!   whatever happens. Both, and API tokens, are only kept as hashes.
//! - A reset link is mailed and never shown; using it ends every session there was.
//! - An organisation has an address mailed ten times a day, then once an hour, by inviting it.
//! - Which of the operator's tokens are made and revoked is said by the log of every node within a minute.
//! - That sign-ins of an administrator were refused is told by the trail once an hour, however many were.
//! - An organisation that has an owner keeps one who can sign in; where none can yet, one whose link works. Whoever
//!   was invited to own it beside them, and has not come yet, can be taken back.
//! - Nobody becomes an administrator of another organisation through an address that their own
//!   organisation entered: an address that is known elsewhere is added by the operator alone.
//! - A password is hashed before a transaction begins, never within one.
//!
//! # Map
//! One folder a noun, one file a verb: [`organisations`], [`administrators`], [`tokens`], [`audit`],
//! [`idempotency`].
//! [`sql`] holds every statement.
//!
//! A hash takes a turn of its instance, so a node runs several of them, and what comes with every
//! request (whose session, whose token) is answered a batch at a time: however many sign in, each
//! turn between two hashes answers everybody who waits. Whoever finds the pool of hashing threads
//! full gets `overloaded` at once.
//!
//! # To add a verb
//! 1. The message in the noun's file of `contract`.
//! 2. A file named after the verb in the folder of its noun, with `impl Serve<TheMessage>`.
//! 3. Its line in `routes`, and its statements in [`sql`].

mod administrators;
mod audit;
mod idempotency;
mod organisations;
mod secrets;
mod sql;
mod tokens;

use std::sync::Arc;

use contract::{
    Clock, Service, administrators as adm,
    audit::{ListAudit, NameActors},
    idempotency as idem, organisations as org, tokens as tok,
};
use kernel::{Behaviour, Routes};
use passwords::Passwords;
use store::Db;

pub use self::{idempotency::AttemptSweeper, sql::STATEMENTS, tokens::TokenWatch};

/// The most requests whose secrets are looked up by one statement.
const BATCH: usize = 64;

/// Days for which a set-up link works.
const SETUP_DAYS: i64 = 7;

/// Days for which it is known which addresses were sent one.
const LETTER_DAYS: i64 = 1;

/// Minutes for which a reset link works.
const RESET_MINUTES: i64 = 60;

/// Hours after which a session ends, used or not.
const SESSION_HOURS: i64 = 12;

/// Knows who administers what.
#[derive(Debug)]
pub struct AdminDirectory {
    db: Db,
    clock: Arc<dyn Clock>,
    passwords: Passwords,
}

impl AdminDirectory {
    /// An instance; holds no state of its own.
    pub fn new(db: Db, clock: Arc<dyn Clock>, passwords: Passwords) -> Self {
        Self {
            db,
            clock,
            passwords,
        }
    }
}

impl Behaviour for AdminDirectory {
    const SERVICE: Service = Service::AdminDirectory;

    fn routes(routes: &mut Routes<Self>) {
        routes
            .one::<org::CreateOrganisation>()
            .one::<org::ListOrganisations>()
            .one::<org::GetOrganisation>()
            .one::<org::UpdateOrganisation>()
            .one::<adm::CreateAdministrator>()
            .one::<adm::ListAdministrators>()
            .one::<adm::UpdateAdministrator>()
            .one::<adm::RemoveAdministrator>()
            .one::<adm::StartAdministratorReset>()
            .one::<adm::ResolveSetUp>()
            .one::<adm::SetUpAdministrator>()
            .one::<adm::SignInAdministrator>()
            .one::<adm::NoteRefusedAdministrator>()
            .many::<adm::AuthenticateSession>(BATCH)
            .one::<adm::SignOutAdministrator>()
            .one::<tok::CreateToken>()
            .one::<tok::ListTokens>()
            .one::<tok::RevokeToken>()
            .many::<tok::AuthenticateToken>(BATCH)
            .one::<ListAudit>()
            .one::<NameActors>()
            .one::<idem::BeginAttempt>()
            .one::<idem::EndAttempt>()
            .one::<idem::FindAnswer>()
            .one::<idem::KeepAnswer>();
    }
}
