//! What is due, and what is finished.

use std::{collections::HashSet, sync::Arc, time::Duration};

use contract::ids::{BatchId, InviteId};
use store::{Reader, Row, StoreError};

use super::{
    Courier,
    lanes::{FEW, Lane},
    parcel::Common,
    sql,
};

/// How often the age of the oldest mail is measured.
const MEASURE: Duration = Duration::from_secs(10);
/// Letters that are counted at most.
const LETTERS_MOST: i64 = 100;

impl Courier {
    /// Looks what is due, now and then, and at once where nothing is known to be.
    pub(super) async fn look(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        let is_known = self.due_letters > 0 || !self.lanes.is_empty();
        let after = if is_known || self.carry.count() > 0 {
            self.timing.look
        } else {
            Duration::ZERO
        };
        if self.looked_at.is_some_and(|at| now < at + after) {
            return Ok(());
        }
        let mut reader = self.db.read().await?;
        let row = sql::COUNT_DUE_MAILS
            .bind(LETTERS_MOST)
            .fetch_one(&mut reader)
            .await?;
        self.due_letters = row.get("due")?;
        let rows = sql::LANES.bind(FEW + 1).fetch_all(&mut reader).await?;
        if self.measured_at.is_none_or(|at| now >= at + MEASURE) {
            let row = sql::OLDEST_DUE.query().fetch_one(&mut reader).await?;
            self.metrics.oldest.set(row.get::<i64>("age")? / 1_000_000);
            self.measured_at = Some(now);
        }
        let stopped = self.stopped(&mut reader).await?;
        drop(reader);
        self.looked_at = Some(now);
        let mut found = Vec::new();
        let mut over = Vec::new();
        let mut going = HashSet::new();
        for row in &rows {
            if row.get::<i64>("is_over")? == 1 {
                over.push((row.get("organisation_id")?, row.get("id")?));
                continue;
            }
            if row.get::<i64>("is_cancelled")? == 0 {
                going.insert(row.get("id")?);
            }
            // One that cannot be read stops no other.
            match self.lane(row) {
                Ok(lane) => found.push(lane),
                Err(error) => tracing::error!(%error, "a batch that cannot be read"),
            }
        }
        self.commons
            .retain(|id, _| found.iter().any(|lane| lane.batch == *id));
        self.lanes.renew(found);
        // Behind a slow relay, what waits for a connection may wait for long: a batch that rests or was
        // taken back has nothing there, nor has who must not be written to any more.
        self.withdraw(|mail| mail.is_of(&going) && !mail.is_one_of(&stopped));
        self.limits.shrink(now);
        self.over.found(over);
        Ok(())
    }

    /// What of the mail that has not begun is not this courier's any more, because its lease ran out, or would
    /// not be taken any more. Behind a relay that is fast
    /// nothing is so old as to be asked about.
    async fn stopped(&self, reader: &mut Reader) -> Result<HashSet<InviteId>, StoreError> {
        let unbegun = self.carry.unbegun(self.timing.look);
        if unbegun.is_empty() {
            return Ok(HashSet::new());
        }
        let stopped = sql::STOPPED.bind_rows(&unbegun);
        let stopped = stopped.bind(self.desk.clock.now()).bind(&self.id);
        let stopped = stopped.fetch_all(reader);
        stopped.await?.iter().map(|row| row.get("id")).collect()
    }

    fn lane(&mut self, row: &Row) -> Result<Lane<Common>, StoreError> {
        let batch: BatchId = row.get("id")?;
        let common = match self.commons.get(&batch) {
            Some(common) => Arc::clone(common),
            None => Arc::new(Common::read(row)?),
        };
        self.commons.insert(batch, Arc::clone(&common));
        Ok(Lane {
            organisation: common.organisation_id,
            batch,
            due: row.get("due")?,
            has_retries: row.get::<i64>("has_retries")? == 1,
            common,
        })
    }
}
