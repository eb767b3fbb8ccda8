//! Answers about batches. Each is counted from its rows, of which there may be a hundred thousand: whoever
//! takes letters, reports and steering does not wait for it.

use std::sync::Arc;

use contract::{Clock, Service, batches};
use kernel::{Behaviour, Routes};
use store::Db;

/// Reads, and writes nothing. Any number of instances may run.
#[derive(Debug)]
pub struct BatchReader {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
}

impl BatchReader {
    /// An instance.
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }
}

impl Behaviour for BatchReader {
    const SERVICE: Service = Service::InviteDispatcher;

    fn routes(routes: &mut Routes<Self>) {
        routes
            .one::<batches::GetBatch>()
            .one::<batches::ListBatches>()
            .one::<batches::ListBatchRows>();
    }
}
