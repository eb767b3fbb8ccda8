//! The audit trail as it is read; it is written by [`Tx::audit`](crate::Tx::audit).

use contract::audit::AuditEntry;

use crate::{Row, StoreError};

/// An entry of the audit trail from its row.
pub fn audit_entry(row: &Row) -> Result<AuditEntry, StoreError> {
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
