//! What happened to a person's place.

use contract::{Cursor, Page, Problem, audit::AuditEntry, ids::AuditId, users::ListUserStory};
use kernel::{Cx, Serve};
use store::{Row, StoreError};

use crate::{Roster, sql};

impl Serve<ListUserStory> for Roster {
    async fn serve(&mut self, message: ListUserStory, _: &Cx) -> Result<Page<AuditEntry>, Problem> {
        let wanted = message.page.rows();
        let mut db = self.db.read().await?;
        let rows = sql::LIST_STORY
            .bind(message.organisation)
            .bind(message.membership_id)
            .bind(message.page.after::<AuditId>()?)
            .bind(wanted as u64 + 1)
            .fetch_all(&mut db)
            .await?;
        let entries = rows.iter().map(entry).collect::<Result<_, _>>()?;
        Ok(Page::cut(entries, wanted, |entry: &AuditEntry| {
            Cursor(entry.id.to_string())
        }))
    }
}

fn entry(row: &Row) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        id: row.get("id")?,
        at: row.get("at")?,
        actor: row.get("actor")?,
        action: row.get("action")?,
        target: row.get("target")?,
        change: row.json("change")?,
        request_id: row.get("request_id")?,
    })
}
