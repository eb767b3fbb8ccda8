//! Serves [`ListBatches`]. Each batch is counted from its rows, as whoever looks at one alone counts it: a page of
//! many large ones ends early, so that no page takes long.

use contract::{
    Cursor, Page, Problem,
    batches::{Batch, ListBatches},
    ids::BatchId,
};
use kernel::{Cx, Serve};
use store::{Row, StoreError};

use super::{all_counted, sql};
use crate::InviteReader;

/// The most rows that are counted for one page, unless one batch alone has more: some tenths of a second.
const COUNTED_MOST: u64 = 200_000;

impl Serve<ListBatches> for InviteReader {
    async fn serve(&mut self, message: ListBatches, _: &Cx) -> Result<Page<Batch>, Problem> {
        let wanted = message.page.rows();
        let mut reader = self.db.read().await?;
        let rows = sql::LIST
            .bind(message.organisation)
            .bind(message.page.after::<BatchId>()?)
            .bind(wanted as u64 + 1)
            .fetch_all(&mut reader)
            .await?;
        let kept = countable(&rows, wanted)?;
        let shown = rows.get(..kept).unwrap_or(&rows);
        let batches = all_counted(&mut reader, shown, self.clock.now()).await?;
        let mut page = Page::cut(batches, kept, cursor);
        if page.next_cursor.is_none() && rows.len() > kept {
            page.next_cursor = page.items.last().map(cursor);
        }
        Ok(page)
    }
}

fn cursor(batch: &Batch) -> Cursor {
    Cursor(batch.id.to_string())
}

/// How many of these batches one page counts. No row is added to a batch that is listed.
fn countable(rows: &[Row], wanted: usize) -> Result<usize, StoreError> {
    let mut given = 0_u64;
    for (kept, row) in rows.iter().take(wanted).enumerate() {
        given = given.saturating_add(row.get("given")?);
        if kept > 0 && given > COUNTED_MOST {
            return Ok(kept);
        }
    }
    Ok(rows.len().min(wanted))
}
