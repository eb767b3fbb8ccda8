//! Makes a link.

use contract::{
    Fields, Problem,
    events::Event,
    ids::LinkId,
    links::{CreateLink, Link},
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::vault;

use crate::{LinkRegistry, limits, sql};

impl Serve<CreateLink> for LinkRegistry {
    async fn serve(&mut self, message: CreateLink, cx: &Cx) -> Result<Link, Problem> {
        let CreateLink {
            organisation,
            name,
            plan_id,
            expires_at,
            max_uses,
            ..
        } = message;
        let stamp = cx.stamp(&*self.clock);
        let mut fields = Fields::default();
        let tags = limits::tags(&mut fields, message.tags);
        let allowed_domains = limits::domains(&mut fields, message.allowed_domains);
        limits::expires_at(&mut fields, expires_at, stamp.now);
        limits::max_uses(&mut fields, max_uses);
        fields.finish(|| Some(()))?;

        let mut tx = self.db.write(&stamp).await?;
        let plan = sql::FIND_PLAN
            .bind(organisation)
            .bind(plan_id)
            .fetch_optional(&mut tx)
            .await?;
        // The same answer for a plan of somebody else as for one that never was.
        let plan = plan.ok_or_else(|| {
            Problem::invalid(
                "plan_id",
                "unknown",
                "There is no such plan in this organisation.",
            )
        })?;
        let link = Link {
            id: LinkId::new(self.clock.ulid()),
            name,
            plan_id,
            plan_name: plan.get("name")?,
            tags,
            token: vault::draw_token(),
            uses: 0,
            max_uses,
            expires_at,
            allowed_domains,
            disabled_at: None,
            archived_at: None,
            created_at: stamp.now,
            created_by: stamp.actor.clone(),
        };
        sql::INSERT_LINK
            .bind(link.id)
            .bind(organisation)
            .bind(plan_id)
            .bind(&link.name)
            .bind(vault::hash_token(&link.token))
            .bind(self.vault.seal(&link.id.to_string(), &link.token)?)
            .bind(json!(link.tags).to_string())
            .bind(json!(link.allowed_domains).to_string())
            .bind(link.max_uses)
            .bind(link.expires_at)
            .bind(&link.created_by)
            .bind(link.created_at)
            .execute(&mut tx)
            .await?;
        let made = json!({
            "name": link.name, "plan_id": plan_id, "tags": link.tags, "expires_at": expires_at,
            "max_uses": max_uses, "allowed_domains": link.allowed_domains,
        });
        tx.audit(organisation, "link.create", link.id, made);
        tx.publish(
            organisation,
            Event::LinkCreated {
                link_id: link.id,
                plan_id,
            },
        );
        tx.commit().await?;
        Ok(link)
    }
}
