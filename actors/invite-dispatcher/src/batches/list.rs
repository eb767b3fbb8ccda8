//! Serves [`ListBatches`].

use contract::{
    Cursor, Page, Problem,
    batches::{Batch, ListBatches},
    ids::BatchId,
};
use kernel::{Cx, Serve};

use super::{all_counted, sql};
use crate::BatchReader;

impl Serve<ListBatches> for BatchReader {
    async fn serve(&mut self, message: ListBatches, _: &Cx) -> Result<Page<Batch>, Problem> {
        let wanted = message.page.rows();
        let mut reader = self.db.read().await?;
        let rows = sql::LIST
            .bind(message.organisation)
            .bind(message.page.after::<BatchId>()?)
            .bind(wanted as u64 + 1)
            .fetch_all(&mut reader)
            .await?;
        let batches = all_counted(&mut reader, &rows, self.clock.now()).await?;
        Ok(Page::cut(batches, wanted, |batch: &Batch| {
            Cursor(batch.id.to_string())
        }))
    }
}
