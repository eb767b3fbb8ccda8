//! Who somebody is: accounts across organisations, known by proof.
//!
//! # Owns
//! The tables `accounts`, `credentials` and `proofs`. Reads `memberships`, to know whether anything
//! hangs on an account yet.
//!
//! # Promises (each with its test in docs/semantics.md)
//! - An address is one account, however many ask at once.
//! - An address is proved by its mailbox only: the link or the code of a mail. Typing it in proves
//!   nothing.
//! - A password that was set before the address was proved survives the proof only in the browser in
//!   which it was set: whoever registers a stranger's address ends with nothing (pre-hijacking).
//! - A code has five attempts and ten minutes, a newer one ends it, and every refusal looks alike.
//! - An address gets one letter a minute and ten a day, however many ask for one at once.
//! - Passwords are hashed outside any transaction, on the pool of the `passwords` crate.
//!
//! Several instances may run: there is no state but the database.
//!
//! # To add a verb
//! One file with `impl Serve<TheMessage>`, a line in `routes`, its statements in `sql.rs`.

mod confirm;
mod enrol;
mod name_key;
mod password;
mod proof;
mod sql;
mod start_proof;
mod sweep;

use std::sync::Arc;

use contract::{Clock, Service, people};
use kernel::{Behaviour, Routes};
use passwords::Passwords;
use store::Db;

pub use self::{name_key::name_key, sql::STATEMENTS, sweep::ProofSweeper};

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
            .one::<people::StartProof>()
            .one::<people::ConfirmProof>();
    }
}
