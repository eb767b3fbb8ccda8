//! Serves [`ListBatchRows`].

use contract::{
    Cursor, Page, Problem,
    batches::{BatchRow, ListBatchRows},
    invites::InviteState,
};
use kernel::{Cx, Serve};

use super::{find, sql};
use crate::InviteReader;

impl Serve<ListBatchRows> for InviteReader {
    async fn serve(&mut self, message: ListBatchRows, _: &Cx) -> Result<Page<BatchRow>, Problem> {
        let wanted = message.page.rows();
        let mut reader = self.db.read().await?;
        find(&mut reader, message.organisation, message.batch_id).await?;
        let rows = sql::ROWS
            .bind(message.batch_id)
            .bind(message.page.after::<u32>()?.map_or(-1, i64::from))
            .bind(message.state.map_or("", InviteState::name))
            .bind(i64::from(message.refused))
            .bind(message.reason.unwrap_or_default())
            .bind(wanted as u64 + 1)
            .fetch_all(&mut reader)
            .await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            let line: i64 = row.get("line")?;
            let state: Option<String> = row.get("state")?;
            items.push(BatchRow {
                row: row.get("position")?,
                line: u32::try_from(line).unwrap_or(u32::MAX),
                input: row.get("input")?,
                name: row.get("name")?,
                reason: row.get("reason")?,
                suggestion: row.get("suggestion")?,
                invite_id: row.get("invite_id")?,
                state: state.as_deref().and_then(InviteState::parse),
            });
        }
        Ok(Page::cut(items, wanted, |row: &BatchRow| {
            Cursor(row.row.to_string())
        }))
    }
}
