//! Gives a link a new secret.

use contract::{
    Problem,
    events::Event,
    links::{Link, RotateLink},
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::vault;

use crate::{
    LinkRegistry,
    row::{lock_row, refuse_archived},
    sql,
};

impl Serve<RotateLink> for LinkRegistry {
    async fn serve(&mut self, message: RotateLink, cx: &Cx) -> Result<Link, Problem> {
        let (organisation, id) = (message.organisation, message.link_id);
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        let row = lock_row(&mut tx, organisation, id).await?;
        let token = vault::draw_token();
        // The old secret is not read: this is also the way on when its key is lost.
        let link = Self::link_with(&row, token.clone())?;
        refuse_archived(&link)?;
        sql::ROTATE_LINK
            .bind(id)
            .bind(vault::hash_token(&token))
            .bind(self.vault.seal(&id.to_string(), &token)?)
            .execute(&mut tx)
            .await?;
        tx.audit(organisation, "link.rotate", id, json!({}));
        tx.publish(organisation, Event::LinkRotated { link_id: id });
        tx.commit().await?;
        Ok(link)
    }
}
