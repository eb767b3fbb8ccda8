//! Changes what is given and leaves the rest.

use contract::{
    Fields, Kind, Problem, audit,
    events::Event,
    organisations::{Organisation, UpdateOrganisation},
};
use kernel::{Cx, Serve};
use serde_json::{Map, Value, json};

use super::{limits, organisation};
use crate::{AdminDirectory, sql};

impl Serve<UpdateOrganisation> for AdminDirectory {
    async fn serve(
        &mut self,
        message: UpdateOrganisation,
        cx: &Cx,
    ) -> Result<Organisation, Problem> {
        let id = message.organisation;
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let row = sql::LOCK_ORGANISATION
            .bind(id)
            .fetch_optional(&mut tx)
            .await?;
        let before = organisation(&row.ok_or_else(|| Problem::new(Kind::NotFound))?)?;
        let after = apply(message, &before)?;
        let change = difference(&before, &after);
        if change.is_empty() {
            return Ok(before);
        }
        sql::UPDATE_ORGANISATION
            .bind(id)
            .bind(&after.name)
            .bind(after.product_url.as_str())
            .bind(json!(after.policies).to_string())
            .execute(&mut tx)
            .await?;
        tx.audit(id, "organisation.update", id, Value::Object(change));
        tx.publish(id, Event::OrganisationUpdated);
        tx.commit().await?;
        Ok(after)
    }
}

fn apply(message: UpdateOrganisation, before: &Organisation) -> Result<Organisation, Problem> {
    let mut fields = Fields::default();
    let mut after = before.clone();
    if let Some(name) = message.name {
        after.name = name;
    }
    if let Some(product_url) = message.product_url {
        limits::product_url(&mut fields, &product_url);
        after.product_url = product_url;
    }
    if let Some(change) = message.policies {
        after.policies = change.of(after.policies);
        limits::policies(&mut fields, &after.policies);
    }
    fields.finish(|| Some(after))
}

/// What the audit trail notes: `{field: {from, to}}` of every field that changed.
fn difference(before: &Organisation, after: &Organisation) -> Map<String, Value> {
    let fields = |row: &Organisation| {
        let policies = &row.policies;
        [
            ("name", json!(row.name)),
            ("product_url", json!(row.product_url)),
            ("join_proof", json!(policies.join_proof)),
            ("proof_days", json!(policies.proof_days)),
            ("invite_acceptance", json!(policies.invite_acceptance)),
            ("invite_days", json!(policies.invite_days)),
            ("remind_days", json!(policies.remind_days)),
            ("language", json!(policies.language)),
        ]
    };
    audit::changes(fields(before), fields(after))
}
