//! Committed events out of the house, in order: a feed that everybody can read, and a stream on
//! NATS where the bus is NATS.
//!
//! # Owns
//! Of the tables `events` and `event_heads`, which every actor writes through the store, the end of
//! their life: `published_seq`, and what is deleted. On NATS the stream `USHER_EVENTS`, which holds
//! `usher.events.v1.>`.
//!
//! # Promises (each with its test in docs/semantics-api.md)
//! - The feed begins where it was told or says that this place is not kept any more: whoever goes on
//!   from `next_after` misses nothing without being told.
//! - Every event is in the stream once, and in the order of its organisation, whoever is killed
//!   between commit, publish and acknowledgement.
//! - What leaves are ids, never personal data.
//! - Nothing is deleted that is younger than `events.keep_days` or, with NATS, not yet published.
//!
//! # How it works
//! [`OutboxRelay`] serves the feed. The [`Relay`], a worker, holds a lease and publishes each event
//! on the condition that the stream's last sequence is the one it expects, so that a relay which
//! lost its lease without noticing stores nothing more. After its start, and after anything whose
//! outcome is unknown, it reads back from the stream what is there before it publishes again. The
//! [`Pruner`] deletes what is old.
//!
//! # Map
//! [`list`], the feed; [`relay`], whose turn it is and what is next; [`stream`], NATS;
//! [`cloud_event`], what a message looks like; [`prune`]; [`sql`], every statement.
//!
//! # To add an event
//! A variant of [`contract::events::Event`]; nothing here.

mod cloud_event;
mod list;
mod metrics;
mod prune;
mod relay;
mod sql;
mod stream;

use contract::{Service, events};
use kernel::{Behaviour, Routes};
use store::Db;

pub use self::{
    metrics::RelayMetrics,
    prune::{Prunable, Pruner},
    relay::Relay,
    sql::STATEMENTS,
};

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
