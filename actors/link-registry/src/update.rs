//! Changes what is given and leaves the rest.

use contract::{
    Fields, Problem, Timestamp, audit,
    events::Event,
    ids::{BulkId, OrganisationId},
    links::{Link, UpdateLink},
};
use kernel::{Cx, Serve};
use serde_json::{Map, Value, json};
use store::{StoreError, Tx};

use crate::{LinkRegistry, limits, row::refuse_archived, sql};

impl Serve<UpdateLink> for LinkRegistry {
    async fn serve(&mut self, message: UpdateLink, cx: &Cx) -> Result<Link, Problem> {
        let (organisation, id) = (message.organisation, message.link_id);
        let to_all = message.to_all;
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        let link = self.lock(&mut tx, organisation, id).await?;
        refuse_archived(&link)?;
        let changed = apply(message, &link, stamp.now)?;
        let change = difference(&link, &changed);
        if let Some(bulk_id) = to_all {
            pass_on(&mut tx, organisation, bulk_id, (&link, &changed)).await?;
        }
        if change.is_empty() {
            tx.commit().await?;
            return Ok(link);
        }
        sql::UPDATE_LINK
            .bind(id)
            .bind(&changed.name)
            .bind(json!(changed.tags).to_string())
            .bind(json!(changed.allowed_domains).to_string())
            .bind(changed.max_uses)
            .bind(changed.expires_at)
            .execute(&mut tx)
            .await?;
        tx.audit(organisation, "link.update", id, Value::Object(change));
        tx.publish(organisation, Event::LinkUpdated { link_id: id });
        tx.commit().await?;
        Ok(changed)
    }
}

/// Notes which tags whoever joined already gets and loses. It is there with the change or not at all, so
/// that nothing is lost whoever dies, and nothing is to be taken back when the change fails.
async fn pass_on(
    tx: &mut Tx,
    organisation: OrganisationId,
    bulk_id: BulkId,
    (before, after): (&Link, &Link),
) -> Result<(), StoreError> {
    // Whoever joins from here on reads the link as it is then.
    tx.lock_histories(&[organisation]).await?;
    let stamp = tx.stamp().clone();
    let lost = before.tags.iter().filter(|tag| !after.tags.contains(tag));
    let lost: Vec<_> = lost.collect();
    sql::FORGET_RETAGS.bind(organisation).execute(tx).await?;
    let noted = sql::INSERT_RETAG
        .bind(after.id)
        .bind(bulk_id)
        // All of them, not only the new ones: somebody may have joined with older tags.
        .bind(json!(after.tags).to_string())
        .bind(json!(lost).to_string())
        .bind(stamp.now)
        .bind(stamp.actor.as_str())
        .bind(stamp.request_id.as_str())
        .execute(tx)
        .await?;
    if noted == 1 {
        sql::COUNT_RETAG.bind(after.id).execute(tx).await?;
    }
    Ok(())
}

/// The link as it is to be. An end that has passed may stay as it is, but not be set.
fn apply(message: UpdateLink, link: &Link, now: Timestamp) -> Result<Link, Problem> {
    let mut fields = Fields::default();
    let mut changed = link.clone();
    if let Some(name) = message.name {
        changed.name = name;
    }
    if let Some(tags) = message.tags {
        changed.tags = limits::tags(&mut fields, tags);
    }
    if let Some(domains) = message.allowed_domains {
        changed.allowed_domains = limits::domains(&mut fields, domains);
    }
    if let Some(expires_at) = message.expires_at {
        changed.expires_at = expires_at;
        if expires_at != link.expires_at {
            limits::expires_at(&mut fields, expires_at, now);
        }
    }
    if let Some(max_uses) = message.max_uses {
        changed.max_uses = max_uses;
        limits::max_uses(&mut fields, max_uses);
    }
    fields.finish(|| Some(changed))
}

/// What the audit trail notes: `{field: {from, to}}` of every field that changed.
fn difference(before: &Link, after: &Link) -> Map<String, Value> {
    let fields = |link: &Link| {
        [
            ("name", json!(link.name)),
            ("tags", json!(link.tags)),
            ("allowed_domains", json!(link.allowed_domains)),
            ("max_uses", json!(link.max_uses)),
            ("expires_at", json!(link.expires_at)),
        ]
    };
    audit::changes(fields(before), fields(after))
}
