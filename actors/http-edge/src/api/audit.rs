//! The audit trail.

use contract::{
    Timestamp,
    audit::{AuditEntry, ListAudit},
    ids::AuditId,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Answer, List,
    bearer::Within,
    ok,
    query::{Paging, Query},
    refusals::Reading,
    schema,
};

/// One change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(super) struct Entry {
    #[schema(value_type = schema::AuditId)]
    id: AuditId,
    /// When.
    #[schema(value_type = schema::Instant)]
    at: Timestamp,
    /// Who: `administrator:adm_…`, `token:tok_…`, `operator`, `public`, `system:seat-pool`.
    actor: String,
    /// What: `link.rotate`.
    action: String,
    /// On what: the id.
    target: String,
    /// What changed: `{field: {from, to}}`, or what was made. Never a secret.
    #[schema(value_type = Object)]
    change: Value,
    /// The request in which it happened.
    request_id: String,
}

impl From<AuditEntry> for Entry {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry {
            id,
            at,
            actor,
            action,
            target,
            change,
            request_id,
        } = entry;
        Self {
            id,
            at,
            actor,
            action,
            target,
            change,
            request_id,
        }
    }
}

/// The audit trail of the organisation, the newest first.
#[utoipa::path(
    get, path = "/api/v1/organisations/{organisation}/audit", tag = "Audit",
    security(("bearer" = [])),
    params(("organisation" = schema::OrganisationId, Path), Paging),
    responses((status = 200, description = "A page.", body = List<Entry>), Reading),
)]
pub(super) async fn list(at: Within, query: Query<Paging>) -> Answer {
    let organisation = at.organisation;
    let page = query.page()?;
    let page = at.call(&ListAudit { organisation, page }).await?;
    Ok(ok(&List::of(page, Entry::from)))
}
