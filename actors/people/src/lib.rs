//! Who somebody is: accounts across organisations, known by proof.
//!
//! # Owns
//! The tables `accounts`, `credentials`, `proofs`, `person_sessions` and `address_notices`, which the invite
//! dispatcher reads and writes letters by. Reads `mails`, to know which are queued, `memberships`, to know
//! whether anything hangs on an account yet and whose trails tell of it, `revocations`, to know whose sessions are over,
//! `erasures`, to know who is to be forgotten, and `batches`, `invites` and `invite_uses`, to know who
//! was invited.
//!
//! # Promises (each with its test in docs/semantics-people.md)
//! - An address is one account, however many ask at once.
//! - An address is proved by its mailbox only: the link or the code of a mail, an invite among them.
//!   Typing it in proves nothing.
//! - A password that was set before the address was proved survives the proof only in the browser in
//!   which it was set: whoever registers a stranger's address ends with nothing (pre-hijacking).
//! - A reset, a first proof by somebody else, and an account that is made anew end every session and
//!   every pending proof; a change of address is finished by a session of the very account that began
//!   it.
//! - That the mailbox of before is to be told of a change of address is noted with the change.
//! - A session ends when a seat of its person is revoked, and stays so when the seat is given again.
//! - A code has five attempts and ten minutes, a newer one ends it, and every refusal looks alike.
//! - An address gets one letter a minute, and one an hour after ten of a kind in a day, however many
//!   ask for one at once; an account has fifty guesses at codes a day.
//! - An account that nobody proved, and on which nothing hangs, is forgotten.
//! - Each change of an account is told by the audit trail of every organisation in which its person has
//!   a place, in the transaction that makes it; so is the end of the attempts at a code. That sign-ins
//!   were refused is told once an hour, however many were.
//! - Passwords are hashed outside any transaction, on the pool of the `passwords` crate.
//!
//! Several instances may run: there is no state but the database.
//!
//! # To add a verb
//! One file with `impl Serve<TheMessage>`, a line in `routes`, its statements in `sql.rs`.

mod address_change;
mod authenticate;
mod change_password;
mod confirm;
mod enrol;
mod erasures;
mod has_password;
mod invited;
mod name_key;
mod password;
mod proof;
mod refused;
mod reset;
mod resolve_reset;
mod session;
mod sign_in;
mod sign_out;
mod sql;
mod start_proof;
mod sweep;
mod trail;

use std::sync::Arc;

use contract::{Clock, Service, accounts, people};
use kernel::{Behaviour, Routes};
use passwords::Passwords;
use store::Db;

pub use self::{
    erasures::ErasureSweeper, name_key::name_key, sql::STATEMENTS, sweep::ProofSweeper,
};

/// The most sessions that one statement looks up.
const BATCH: usize = 64;

/// Knows who somebody is.
#[derive(Debug)]
pub struct People {
    db: Db,
    clock: Arc<dyn Clock>,
    passwords: Passwords,
}

impl People {
    /// An instance; holds no state of its own.
    pub fn new(db: Db, clock: Arc<dyn Clock>, passwords: Passwords) -> Self {
        Self {
            db,
            clock,
            passwords,
        }
    }
}

impl Behaviour for People {
    const SERVICE: Service = Service::People;

    fn routes(routes: &mut Routes<Self>) {
        routes
            .one::<people::Enrol>()
            .one::<people::HasPassword>()
            .one::<people::StartProof>()
            .one::<people::ConfirmProof>()
            .one::<accounts::SignInPerson>()
            .one::<accounts::NoteRefusedSignIn>()
            .many::<accounts::AuthenticatePerson>(BATCH)
            .one::<accounts::SignOutPerson>()
            .one::<accounts::StartReset>()
            .one::<accounts::ResolveReset>()
            .one::<accounts::FinishReset>()
            .one::<accounts::StartAddressChange>()
            .one::<accounts::FinishAddressChange>()
            .one::<accounts::ChangePassword>();
    }
}
