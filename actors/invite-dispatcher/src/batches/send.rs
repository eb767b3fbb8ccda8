//! Serves [`SendBatch`].

use contract::{
    Problem,
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
        let before = counted(&mut tx, &row).await?;
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
        sql::SEND
            .bind(batch_id)
            .bind(stamp.now)
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
        let after = counted(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(after)
    }
}
