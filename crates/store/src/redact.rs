//! Takes what names somebody out of the audit trail; what happened, when and by whom stays.

use std::collections::HashMap;

use contract::ids::OrganisationId;
use serde::Serialize;
use serde_json::Value;

use crate::{connection::Tx, error::StoreError};

/// The fields of a change that hold an address.
const PERSONAL: [&str; 3] = ["email", "invited", "accepting"];

crate::statements! { own
    /// What the trail of an organisation tells of these.
    pub(crate) TOLD_OF = "
        select a.id, a.target, a.change
        from rows($1)
        join audit a on a.organisation_id = $2 and a.target = rows.value ->> 'target'";

    /// Writes what is left of entries.
    pub(crate) REDACT = "
        update audit
        set target = rows.value ->> 'target', change = rows.value ->> 'change'
        from rows($1)
        where audit.id = rows.value ->> 'id'";
}

/// What the trail tells something of, and how it is named from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Redaction {
    target: String,
    #[serde(skip)]
    becomes: String,
}

impl Redaction {
    /// Of what keeps its name, which is an id.
    pub fn of(target: impl ToString) -> Self {
        let target = target.to_string();
        let becomes = target.clone();
        Self { target, becomes }
    }

    /// Of what was named by an address.
    pub fn renamed(target: &str, becomes: &str) -> Self {
        Self {
            target: target.to_owned(),
            becomes: becomes.to_owned(),
        }
    }
}

#[derive(Serialize)]
struct Left {
    id: String,
    target: String,
    change: String,
}

impl Tx {
    /// Takes addresses out of what the trail of an organisation tells of these: for whoever was
    /// erased, and for nothing else.
    pub async fn redact(
        &mut self,
        organisation: OrganisationId,
        of: &[Redaction],
    ) -> Result<(), StoreError> {
        let names: HashMap<&str, &str> = of
            .iter()
            .map(|one| (one.target.as_str(), one.becomes.as_str()))
            .collect();
        let told = TOLD_OF.bind_rows(of).bind(organisation);
        let mut left = Vec::new();
        for row in told.fetch_all(self).await? {
            let (target, mut change): (String, Value) = (row.get("target")?, row.json("change")?);
            let becomes = names.get(target.as_str()).copied().unwrap_or_default();
            if strip(&mut change) || becomes != target {
                left.push(Left {
                    id: row.get("id")?,
                    target: becomes.to_owned(),
                    change: change.to_string(),
                });
            }
        }
        if !left.is_empty() {
            REDACT.bind_rows(&left).execute(self).await?;
        }
        Ok(())
    }
}

/// Takes the personal fields out of a change; whether there was one.
fn strip(change: &mut Value) -> bool {
    let Some(fields) = change.as_object_mut() else {
        return false;
    };
    let before = fields.len();
    fields.retain(|field, _| !PERSONAL.contains(&field.as_str()));
    fields.len() < before
}
