//! Committed events out of the house, in order: the feed that everybody can read.
//!
//! # Owns
//! The tables `events` and `event_heads`, as far as they are not written by `Tx::publish`.

mod list;
mod sql;

use contract::{Service, events};
use kernel::{Behaviour, Routes};
use store::Db;

pub use self::sql::STATEMENTS;

/// Serves the feed; holds nothing but its connections.
#[derive(Debug)]
pub struct OutboxRelay {
    db: Db,
}

impl OutboxRelay {
    /// An instance that reads through these connections.
    pub fn new(db: Db) -> Self {
        Self { db }
    }
}

impl Behaviour for OutboxRelay {
    const SERVICE: Service = Service::OutboxRelay;

    fn routes(routes: &mut Routes<Self>) {
        routes.one::<events::ListEvents>();
    }
}
