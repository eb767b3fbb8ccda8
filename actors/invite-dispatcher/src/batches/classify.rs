//! Why an address is not invited, for a whole piece at once.

use std::collections::HashMap;

use contract::{
    DomainName, Timestamp,
    ids::{BatchId, OrganisationId},
};
use serde::Serialize;
use store::{Connection, StoreError, vault::Vault};

use super::sql;
use crate::forget::suppressed;

/// An address to be looked at.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Key {
    pub(crate) address: String,
    /// The same as a suppression keeps it of whoever was erased.
    suppressed: String,
    #[serde(skip)]
    pub(crate) domain: String,
}

impl Key {
    pub(crate) fn new(vault: &Vault, key: String, domain: String) -> Self {
        Self {
            suppressed: suppressed(vault, &key),
            address: key,
            domain,
        }
    }
}

/// The reason of each address that is not invited; whoever is not in it is. `is_new`: they are no rows
/// of the batch yet, so that one which is there is the same address again.
pub(crate) async fn classify(
    on: &mut impl Connection,
    (organisation, batch): (OrganisationId, BatchId),
    keys: &[Key],
    allowed: &[DomainName],
    is_new: bool,
    now: Timestamp,
) -> Result<HashMap<String, String>, StoreError> {
    let rows = sql::CLASSIFY
        .bind_rows(keys)
        .bind(organisation)
        .bind(batch)
        .bind(now)
        .bind(i64::from(is_new))
        .planned_anew()
        .fetch_all(on)
        .await?;
    let mut reasons = HashMap::new();
    for row in rows {
        reasons.insert(row.get("email_key")?, row.get("reason")?);
    }
    for key in keys {
        let is_allowed =
            allowed.is_empty() || allowed.iter().any(|domain| domain.as_str() == key.domain);
        if !is_allowed {
            let reason = || "domain-not-allowed".to_owned();
            reasons.entry(key.address.clone()).or_insert_with(reason);
        }
    }
    Ok(reasons)
}
