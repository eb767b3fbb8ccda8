//! Makes an organisation.

use contract::{
    Fields, Problem,
    events::Event,
    ids::OrganisationId,
    organisations::{CreateOrganisation, Organisation},
};
use kernel::{Cx, Serve};
use serde_json::json;

use super::limits;
use crate::{AdminDirectory, sql};

impl Serve<CreateOrganisation> for AdminDirectory {
    async fn serve(
        &mut self,
        message: CreateOrganisation,
        cx: &Cx,
    ) -> Result<Organisation, Problem> {
        let CreateOrganisation {
            name,
            product_url,
            policies,
        } = message;
        let mut fields = Fields::default();
        limits::product_url(&mut fields, &product_url);
        limits::policies(&mut fields, &policies);
        fields.finish(|| Some(()))?;

        let stamp = cx.stamp(&*self.clock);
        let id = OrganisationId::new(self.clock.ulid());
        let made = Organisation {
            id,
            name,
            product_url,
            policies,
            created_at: stamp.now,
        };
        let mut tx = self.db.write(&stamp).await?;
        sql::INSERT_ORGANISATION
            .bind(id)
            .bind(&made.name)
            .bind(made.product_url.as_str())
            .bind(json!(made.policies).to_string())
            .bind(made.created_at)
            .execute(&mut tx)
            .await?;
        let change = json!({
            "name": made.name, "product_url": made.product_url, "policies": made.policies,
        });
        tx.audit(id, "organisation.create", id, change);
        tx.publish(id, Event::OrganisationCreated);
        tx.commit().await?;
        Ok(made)
    }
}
