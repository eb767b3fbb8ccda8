//! Serves [`SteerBatch`].

use contract::{
    Problem,
    batches::{Batch, PauseReason, Steer, SteerBatch},
    events::Event,
};
use kernel::{Cx, Serve};
use serde_json::json;

use super::{conflict, counted, find, sql};
use crate::InviteDispatcher;

impl Serve<SteerBatch> for InviteDispatcher {
    async fn serve(&mut self, message: SteerBatch, cx: &Cx) -> Result<Batch, Problem> {
        let (organisation, batch_id) = (message.organisation, message.batch_id);
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        // Whether an invite is accepted or cancelled is decided by the order of this lock.
        tx.lock_histories(&[organisation]).await?;
        let row = find(&mut tx, organisation, batch_id).await?;
        let is = |column| Ok::<_, Problem>(row.get::<Option<i64>>(column)?.is_some());
        let (is_paused, is_cancelled) = (is("paused_at")?, is("cancelled_at")?);
        let done = match (message.steer, is_cancelled) {
            (Steer::Cancel, true) => None,
            (_, true) => return Err(conflict("This batch was cancelled.")),
            (Steer::Pause, _) if is_paused => None,
            (Steer::Resume, _) if !is_paused => None,
            // One that rests is not taken up again when something of it is sent again.
            (Steer::Pause, _) if !is("sent_at")? => {
                return Err(conflict("This batch was not sent yet."));
            }
            (Steer::Pause, _) => {
                let reason = PauseReason::Administrator.name();
                let pause = sql::PAUSE.bind(batch_id).bind(stamp.now).bind(reason);
                if pause.execute(&mut tx).await? == 0 {
                    return Err(conflict("Nothing of this batch is left to be sent."));
                }
                Some(("batch.pause", Event::BatchPaused { batch_id }))
            }
            (Steer::Resume, _) => {
                sql::RESUME.bind(batch_id).execute(&mut tx).await?;
                Some(("batch.resume", Event::BatchResumed { batch_id }))
            }
            (Steer::Cancel, _) => {
                sql::CANCEL
                    .bind(batch_id)
                    .bind(stamp.now)
                    .execute(&mut tx)
                    .await?;
                Some(("batch.cancel", Event::BatchCancelled { batch_id }))
            }
        };
        if let Some((action, event)) = done {
            tx.publish(organisation, event);
            tx.audit(organisation, action, batch_id, json!({}));
        }
        let row = find(&mut tx, organisation, batch_id).await?;
        let batch = counted(&mut tx, &row, stamp.now).await?;
        tx.commit().await?;
        self.courier.notify_one();
        Ok(batch)
    }
}
