//! Batches of which nothing is left.

use std::{collections::HashMap, time::Duration};

use contract::{
    events::Event,
    ids::{BatchId, OrganisationId},
};
use serde_json::json;
use store::StoreError;
use tokio::time::timeout;

use super::{Courier, carry, sql};

/// How many times as long as it was waited for a history is left alone that somebody held.
const AGAIN: u32 = 5;

/// One, and whose it is.
type Found = (OrganisationId, BatchId);

/// Those that were found.
#[derive(Debug, Default)]
pub(super) struct Over {
    batches: Vec<Found>,
    /// Whose could not be finished: until when that is not tried again.
    left_alone: HashMap<OrganisationId, Duration>,
}

impl Over {
    /// These, and no others.
    pub(super) fn found(&mut self, batches: Vec<Found>) {
        self.batches = batches;
    }

    /// One to finish. Times are since any fixed start.
    fn next(&mut self, now: Duration) -> Option<Found> {
        self.left_alone.retain(|_, until| *until > now);
        while let Some(next) = self.batches.pop() {
            if !self.left_alone.contains_key(&next.0) {
                return Some(next);
            }
        }
        None
    }

    /// Finishes one after the other, each within what is left of the time that all have together, until one could
    /// not be finished.
    async fn conclude(
        &mut self,
        patience: Duration,
        now: impl Fn() -> Duration,
        mut finish: impl AsyncFnMut(Found, Duration) -> bool,
    ) {
        let end = now() + patience;
        while now() < end
            && let Some(found) = self.next(now())
        {
            if !finish(found, end.saturating_sub(now())).await {
                self.left_alone.insert(found.0, now() + patience * AGAIN);
                return;
            }
        }
    }
}

impl Courier {
    /// Finishes what is over, beside the connections. Whoever holds the history of one organisation stops the
    /// mail of no other: that one is left alone for a while. However many there are, it takes no longer than one
    /// may: the others follow at the next look.
    pub(super) async fn conclude(&mut self) {
        let mut over = std::mem::take(&mut self.over);
        let (started, patience) = (self.started, self.timing.history);
        let finish = async |found, patience| self.finish_within(found, patience).await;
        over.conclude(patience, || started.elapsed(), finish).await;
        self.over = over;
    }

    /// Whether it could be finished.
    async fn finish_within(&mut self, (organisation, batch): Found, patience: Duration) -> bool {
        let tasks = self.carry.lend();
        let finish = timeout(patience, self.finish_batch(organisation, batch));
        let (tasks, finished) = carry::beside(tasks, finish).await;
        self.carry.take_back(tasks);
        let why = match finished {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "its history is not to be had".to_owned(),
        };
        tracing::warn!(%batch, why, "a batch of which nothing is left is not finished yet");
        false
    }

    /// A batch of which nothing is left is finished. The batch is locked before its invites are
    /// looked at: whoever sends one again opens it again after that. The history is locked before that,
    /// as by whoever steers a batch.
    async fn finish_batch(
        &self,
        organisation: OrganisationId,
        batch: BatchId,
    ) -> Result<(), StoreError> {
        let stamp = self.stamp();
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        sql::LOCK_BATCH.bind(batch).fetch_optional(&mut tx).await?;
        let finished = sql::FINISH_BATCH.bind(batch).bind(stamp.now);
        if finished.execute(&mut tx).await? > 0 {
            tx.publish(organisation, Event::BatchFinished { batch_id: batch });
            tx.audit(organisation, "batch.finish", batch, json!({}));
        }
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use contract::ids::Ulid;
    use futures_util::FutureExt as _;

    use super::{AGAIN, BatchId, Duration, Found, OrganisationId, Over};

    const SECOND: Duration = Duration::from_secs(1);

    fn batches(count: u128) -> Vec<Found> {
        let batch = |n| {
            let id = Ulid::from_parts(1, n);
            (OrganisationId::new(id), BatchId::new(id))
        };
        (0..count).map(batch).collect()
    }

    /// How long each was waited for, where each takes so long and the last one of so many fails.
    fn conclude(over: &mut Over, at: &Cell<Duration>, takes: Duration, fails: usize) -> Vec<u64> {
        let mut given = Vec::new();
        let finish = async |_, patience: Duration| {
            given.push(patience.as_secs());
            at.set(at.get() + takes);
            given.len() != fails
        };
        let ends = over.conclude(10 * SECOND, || at.get(), finish);
        assert!(ends.now_or_never().is_some());
        given
    }

    #[test]
    fn however_many_are_finished_they_have_the_time_of_one_together() {
        let (mut over, at) = (Over::default(), Cell::new(SECOND));
        over.found(batches(5));
        assert_eq!(conclude(&mut over, &at, 4 * SECOND, 0), [10, 6, 2]);
        assert_eq!(conclude(&mut over, &at, 4 * SECOND, 0), [10, 6], "the rest");
    }

    #[test]
    fn whose_cannot_be_finished_is_left_alone_for_a_while_and_the_others_follow() {
        let (mut over, at) = (Over::default(), Cell::new(SECOND));
        over.found(batches(3));
        assert_eq!(conclude(&mut over, &at, 4 * SECOND, 2), [10, 6]);
        over.found(batches(2));
        assert_eq!(
            conclude(&mut over, &at, 4 * SECOND, 0),
            [10],
            "not that one"
        );
        over.found(batches(2));
        at.set(at.get() + 10 * SECOND * AGAIN);
        assert_eq!(conclude(&mut over, &at, 4 * SECOND, 0), [10, 6]);
    }
}
