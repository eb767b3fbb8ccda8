//! Serves [`DiscardBatch`].

use contract::{Problem, batches::DiscardBatch};
use kernel::{Cx, Serve};

use super::{conflict, find, sql};
use crate::InviteDispatcher;

impl Serve<DiscardBatch> for InviteDispatcher {
    async fn serve(&mut self, message: DiscardBatch, cx: &Cx) -> Result<(), Problem> {
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[message.organisation]).await?;
        let row = find(&mut tx, message.organisation, message.batch_id).await?;
        if row.get::<Option<i64>>("sealed_at")?.is_some() {
            return Err(conflict("This batch is sealed already."));
        }
        let discard = sql::DISCARD.bind(message.batch_id);
        discard.execute(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }
}
