//! Serves [`SendBatch`].

use contract::{
    Problem, Timestamp,
    batches::{Batch, SendBatch},
    events::Event,
};
use kernel::{Cx, Serve};
use serde_json::json;

use super::{conflict, counted, find, sql};
use crate::InviteDispatcher;

impl Serve<SendBatch> for InviteDispatcher {
    async fn serve(&mut self, message: SendBatch, cx: &Cx) -> Result<Batch, Problem> {
        let (organisation, batch_id) = (message.organisation, message.batch_id);
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let row = find(&mut tx, organisation, batch_id).await?;
        let before = counted(&mut tx, &row, stamp.now).await?;
        if before.cancelled_at.is_some() {
            return Err(conflict("This batch was cancelled."));
        }
        if before.sent_at.is_some() {
            return Ok(before);
        }
        if before.sealed_at.is_none() {
            return Err(conflict("This batch is not sealed."));
        }
        let taken: u64 = before.states.values().sum();
        if taken == 0 {
            return Err(Problem::invalid(
                "batch",
                "empty",
                "No row of this batch was taken.",
            ));
        }
        if self.per_day > 0 {
            let today = sql::SENT_SINCE
                .bind(organisation)
                .bind(midnight(stamp.now))
                .fetch_one(&mut tx)
                .await?;
            within(self.per_day, today.get("n")?, taken)?;
        }
        sql::SEND
            .bind(batch_id)
            .bind(stamp.now)
            .bind(&stamp.actor)
            .execute(&mut tx)
            .await?;
        tx.publish(organisation, Event::BatchSent { batch_id });
        tx.audit(
            organisation,
            "batch.send",
            batch_id,
            json!({ "invites": taken }),
        );
        let row = find(&mut tx, organisation, batch_id).await?;
        let after = counted(&mut tx, &row, stamp.now).await?;
        tx.commit().await?;
        Ok(after)
    }
}

/// When the day of an instant began, by UTC.
fn midnight(at: Timestamp) -> Timestamp {
    const DAY: i64 = 24 * 60 * 60 * 1_000_000;
    Timestamp::from_micros(at.micros() - at.micros().rem_euclid(DAY))
}

/// Refuses a batch that the organisation's limit of a day does not hold, in no part of it.
fn within(limit: u64, today: u64, taken: u64) -> Result<(), Problem> {
    let left = limit.saturating_sub(today);
    if taken <= left {
        return Ok(());
    }
    let detail = format!(
        "An organisation invites at most {limit} people a day; {left} are left today, and these are \
         {taken}. The day ends at midnight UTC."
    );
    Err(Problem::invalid("batch", "over-day-limit", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight() {
        let at = |text| Timestamp::parse(text).unwrap();
        let begins = at("2026-11-27T00:00:00Z");
        for of_it in ["2026-11-27T00:00:00Z", "2026-11-27T23:59:59Z"] {
            assert_eq!(midnight(at(of_it)), begins);
        }
        assert_ne!(midnight(at("2026-11-28T00:00:00Z")), begins);
    }

    #[test]
    fn a_batch_is_held_whole_or_not() {
        assert_eq!(within(10, 4, 6), Ok(()));
        let problem = within(10, 4, 7).unwrap_err();
        assert_eq!(problem.errors[0].code, "over-day-limit");
        assert!(problem.errors[0].detail.contains("6 are left today"));
        assert!(within(10, 11, 1).is_err());
    }
}
