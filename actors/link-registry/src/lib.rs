//! Access links: create, list, edit, rotate, disable, resolve.
//!
//! # Owns
//! The tables `links` and `link_retags`; nobody else writes them. Reads `plans`, `link_uses`,
//! `organisations` and `bulk_jobs`.
//!
//! # Promises
//! - The secret of a link has 256 bits, is looked up by its hash and kept sealed under a key that
//!   is not in this table, so that an administrator can copy the same URL again. It is in no log,
//!   audit entry or event.
//! - Unknown, malformed, rotated, disabled and deleted secrets get the same answer from the same
//!   statement: nobody learns from it which of these it was.
//! - Resolving writes nothing, however often it is done: a scanner that opens a link uses nothing up.
//! - A link keeps its row for ever: rotated it keeps name, tags and uses, deleted it keeps its name
//!   for reports.
//! - Every change leaves an audit entry and an event in the same transaction; a change that changes
//!   nothing leaves none.
//! - What a change of tags means for whoever joined already is noted in the transaction of the change;
//!   the seat pool makes a job of it.
//! - A name need not be unique: two departments may both call theirs "Law 2026". Lists tell them
//!   apart by plan, tags and day.
//!
//! # How it resolves
//! Whatever arrived while the last batch was being served is looked up by one statement
//! ([`resolve`]), so that many visitors at once cost one round trip.
//!
//! # To add a verb
//! 1. The message in `contract::links`.
//! 2. A verb file named after it with `impl Serve<TheMessage>`, and its line in `routes`.
//! 3. A change starts at `LinkRegistry::lock`, which reads the link under its lock; it ends with
//!    `tx.audit`, `tx.publish` and `tx.commit`.

mod create;
mod get;
mod limits;
mod list;
mod resolve;
mod rotate;
mod row;
mod sql;
mod switch;
mod update;

use std::sync::Arc;

use contract::{Clock, Service, links};
use kernel::{Behaviour, Routes};
use store::{Db, vault::Vault};

pub use self::sql::STATEMENTS;

/// The most visitors whose links are looked up by one statement.
const BATCH: usize = 64;

/// Keeps the access links.
#[derive(Debug)]
pub struct LinkRegistry {
    db: Db,
    clock: Arc<dyn Clock>,
    vault: Vault,
}

impl LinkRegistry {
    /// An instance; holds no state of its own.
    pub fn new(db: Db, clock: Arc<dyn Clock>, vault: Vault) -> Self {
        Self { db, clock, vault }
    }
}

impl Behaviour for LinkRegistry {
    const SERVICE: Service = Service::LinkRegistry;

    fn routes(routes: &mut Routes<Self>) {
        routes
            .one::<links::CreateLink>()
            .one::<links::ListLinks>()
            .one::<links::GetLink>()
            .one::<links::UpdateLink>()
            .one::<links::RotateLink>()
            .one::<links::SwitchLink>()
            .many::<links::ResolveLink>(BATCH);
    }
}
