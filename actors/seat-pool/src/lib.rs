//! Who sits where: plans, memberships, seats, the waiting list and the ledger.
//!
//! # Owns
//! The tables `plans`, `memberships`, `membership_tags`, `link_uses`, `invite_uses`, `ledger`,
//! `erasures`, `revocations`, `offers`, `bulk_jobs` and `bulk_people`; nobody else writes them. Reads
//! `links`, `link_retags`, `invites`, `batches`, `organisations`, `accounts` and `mails` in the
//! transaction that decides.
//!
//! # Promises (each with its test in docs/semantics-seats.md)
//! - `purchased = free + held + assigned` for every plan at every commit; a seat is never sold twice.
//! - A link is never used more often than `max_uses`, and its uses never fall. An invite is accepted
//!   once, and is no use of its link.
//! - Admission is idempotent: asked again, it gives the same answer and consumes nothing.
//! - The answer of an admission is durable, with its ledger entry, event and audit entry.
//! - Whoever waits is promoted in order, in the very transaction that frees the seat, which also notes
//!   that they are to be told.
//! - Whoever is revoked stays so at every door until an administrator reassigns them, and no session
//!   of theirs from before goes on, then neither.
//! - A job is about the people it was started with, does each of them once, and says how each went. One
//!   that brings tags of a link is about whoever had joined when the link changed.
//!
//! # How it decides
//! One organisation at a time, under the lock of its history ([`store::Tx::lock_histories`]), a
//! whole batch at once: load what the batch needs ([`load`]), decide in memory ([`decide`], pure),
//! note every change of a number in the [`books`], write it all with a handful of statements. A
//! batch is what arrived while the last one was being committed, so one hot plan costs one commit
//! for hundreds of people.
//!
//! # To add a verb
//! One file with `impl Serve<TheMessage>`; every change of a plan's numbers goes through
//! [`books::Books::enter`], which writes number and ledger together; end with
//! [`queue::promote`] if it frees seats.

mod admit;
mod books;
mod bulk;
mod create_plan;
mod decide;
mod erase;
mod get_plan;
mod ledger;
mod list_plans;
mod load;
mod metrics;
mod offers;
mod place;
mod queue;
mod reassign;
mod retag_membership;
mod revoke;
mod settle;
mod sql;
mod sweep;
mod update_plan;
mod verify;

use std::sync::Arc;

use contract::{Clock, Service, bulk as job, ledger as book, memberships, plans, seats};
use kernel::{Behaviour, Routes};
use store::Db;
use tokio::sync::Notify;

pub use self::{
    bulk::BulkWorker,
    metrics::SeatMetrics,
    sweep::SeatSweeper,
    verify::{Difference, verify},
};

/// Every statement of this crate, by module.
pub static STATEMENTS: &[&[&store::Statement]] = &[
    sql::STATEMENTS,
    bulk::sql::STATEMENTS,
    offers::STATEMENTS,
    verify::sql::STATEMENTS,
];

/// The most admissions that one transaction decides.
const BATCH: usize = 512;

/// The one room: decides who may sit.
#[derive(Debug)]
pub struct SeatPool {
    db: Db,
    clock: Arc<dyn Clock>,
    metrics: SeatMetrics,
    /// Wakes whoever works jobs off.
    jobs: Arc<Notify>,
}

impl SeatPool {
    /// An instance; holds no state of its own.
    pub fn new(db: Db, clock: Arc<dyn Clock>, metrics: SeatMetrics) -> Self {
        Self {
            db,
            clock,
            metrics,
            jobs: Arc::default(),
        }
    }

    /// Wakes the [`BulkWorker`] behind this when a job is started.
    #[must_use]
    pub fn waking(mut self, jobs: Arc<Notify>) -> Self {
        self.jobs = jobs;
        self
    }
}

impl Behaviour for SeatPool {
    const SERVICE: Service = Service::SeatPool;

    fn routes(routes: &mut Routes<Self>) {
        routes
            .many::<seats::Admit>(BATCH)
            .one::<seats::SettleProof>()
            .one::<plans::CreatePlan>()
            .one::<plans::ListPlans>()
            .one::<plans::GetPlan>()
            .one::<plans::UpdatePlan>()
            .one::<book::GetLedger>()
            .one::<memberships::RevokeMembership>()
            .one::<memberships::ReassignMembership>()
            .one::<memberships::RetagMembership>()
            .one::<memberships::EraseMembership>()
            .one::<job::OpenBulk>()
            .one::<job::AddToBulk>()
            .one::<job::StartBulk>()
            .one::<job::GetBulk>()
            .one::<job::RetagLink>();
    }
}
