//! Serves [`GetBatch`].

use contract::{
    Problem,
    batches::{Batch, GetBatch},
};
use kernel::{Cx, Serve};

use super::{counted, find};
use crate::InviteReader;

impl Serve<GetBatch> for InviteReader {
    async fn serve(&mut self, message: GetBatch, _: &Cx) -> Result<Batch, Problem> {
        let mut reader = self.db.read().await?;
        let row = find(&mut reader, message.organisation, message.batch_id).await?;
        counted(&mut reader, &row, self.clock.now()).await
    }
}
