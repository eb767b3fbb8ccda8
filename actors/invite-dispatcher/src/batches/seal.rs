//! Serves [`SealBatch`].

use contract::{
    Kind, Problem,
    batches::{Batch, SealBatch},
};
use kernel::{Cx, Serve};

use super::{conflict, counted, find, sql};
use crate::InviteDispatcher;

impl Serve<SealBatch> for InviteDispatcher {
    async fn serve(&mut self, message: SealBatch, cx: &Cx) -> Result<Batch, Problem> {
        let (organisation, id) = (message.organisation, message.batch_id);
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let row = find(&mut tx, organisation, id).await?;
        let given: u64 = row.get("given")?;
        if given != message.given {
            let detail = format!("This batch has {given} rows, not {}.", message.given);
            return Err(Problem::new(Kind::Conflict).field("given", "other-count", detail));
        }
        if row.get::<Option<i64>>("cancelled_at")?.is_some() {
            return Err(conflict("This batch was cancelled."));
        }
        if row.get::<Option<i64>>("sealed_at")?.is_none() {
            sql::SEAL.bind(id).bind(stamp.now).execute(&mut tx).await?;
        }
        let row = find(&mut tx, organisation, id).await?;
        let batch = counted(&mut tx, &row, stamp.now).await?;
        tx.commit().await?;
        Ok(batch)
    }
}
