//! Works jobs off, a piece of each in turn.

use std::{sync::Arc, time::Duration};

use contract::{Clock, Problem, Service};
use kernel::{Behaviour, Pace, Routes, Work};
use store::{Db, StoreError};

use super::{
    piece::Pieces,
    sql,
    turns::{Job, Turns},
};

/// How long nothing is looked for when nobody nudges.
const REST: Duration = Duration::from_secs(5);

/// Works jobs off. Any number may run: each piece is taken under the lock of its history.
#[derive(Debug)]
pub struct BulkWorker {
    pieces: Pieces,
    turns: Turns,
}

impl BulkWorker {
    /// A worker; all that it keeps is whose turn it is.
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        let (pieces, turns) = (Pieces { db, clock }, Turns::default());
        Self { pieces, turns }
    }

    /// Whose turn it is.
    async fn next(&mut self) -> Result<Option<Job>, Problem> {
        let mut reader = self.pieces.db.read().await?;
        let under_way = sql::BULKS_UNDER_WAY.bind(self.pieces.clock.now());
        let rows = under_way.fetch_all(&mut reader).await?;
        let jobs = rows
            .iter()
            .map(|row| Ok((row.get("organisation_id")?, row.get("id")?)));
        let jobs = jobs.collect::<Result<Vec<Job>, StoreError>>()?;
        Ok(self.turns.take(&jobs))
    }
}

impl Behaviour for BulkWorker {
    const SERVICE: Service = Service::SeatPool;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for BulkWorker {
    async fn work(&mut self) -> Result<Pace, Problem> {
        self.pieces.take_up_all().await?;
        let Some(job) = self.next().await? else {
            return Ok(Pace::Rest(REST));
        };
        self.pieces.step(job).await?;
        Ok(Pace::Again)
    }
}
