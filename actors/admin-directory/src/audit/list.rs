//! The audit trail of an organisation, the newest first.

use contract::{
    Cursor, Page, Problem,
    audit::{AuditEntry, ListAudit},
    ids::AuditId,
};
use kernel::{Cx, Serve};
use store::audit_entry;

use crate::{AdminDirectory, sql};

impl Serve<ListAudit> for AdminDirectory {
    async fn serve(&mut self, message: ListAudit, _: &Cx) -> Result<Page<AuditEntry>, Problem> {
        let wanted = message.page.rows();
        let mut db = self.db.read().await?;
        let rows = sql::LIST_AUDIT
            .bind(message.organisation)
            .bind(message.page.after::<AuditId>()?)
            .bind(wanted as u64 + 1)
            .fetch_all(&mut db)
            .await?;
        let entries = rows.iter().map(audit_entry).collect::<Result<_, _>>()?;
        Ok(Page::cut(entries, wanted, |entry: &AuditEntry| {
            Cursor(entry.id.to_string())
        }))
    }
}
