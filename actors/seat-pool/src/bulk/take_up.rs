//! Jobs that the link registry asks for, by rows that it writes together with a change of a link's tags:
//! whoever dies between the change and the job loses nothing, and a change that fails leaves no job. Those
//! of a link are taken up in their order, and come one after the other.

use std::collections::BTreeSet;

use contract::{
    Problem, Stamp,
    bulk::BulkAction,
    ids::{BulkId, LinkId, OrganisationId},
    text::Tag,
};
use serde_json::json;
use store::{Row, StoreError};

use super::{piece::Pieces, sql};

/// What the link registry asks for.
struct Asked {
    id: BulkId,
    organisation: OrganisationId,
    link: LinkId,
    add: Vec<Tag>,
    remove: Vec<Tag>,
    actor: String,
    request_id: String,
}

fn asked(row: &Row) -> Result<Asked, StoreError> {
    Ok(Asked {
        id: row.get("bulk_id")?,
        organisation: row.get("organisation_id")?,
        link: row.get("link_id")?,
        add: row.json("add_tags")?,
        remove: row.json("remove_tags")?,
        actor: row.get("actor")?,
        request_id: row.get("request_id")?,
    })
}

impl Pieces {
    /// Makes jobs of whatever is asked for. A link for which that fails holds up no other.
    pub(super) async fn take_up_all(&self) -> Result<(), Problem> {
        let mut failed = BTreeSet::new();
        for asked in self.asked(None).await? {
            let (bulk, organisation, link) = (asked.id, asked.organisation, asked.link);
            if failed.contains(&link) {
                continue;
            }
            if let Err(problem) = self.take_up(asked).await {
                tracing::warn!(%bulk, %organisation, %problem, "a job was not taken up");
                failed.insert(link);
            }
        }
        Ok(())
    }

    /// Makes jobs of what is asked for about a link.
    pub(super) async fn take_up_of(
        &self,
        organisation: OrganisationId,
        link: LinkId,
    ) -> Result<(), Problem> {
        for asked in self.asked(Some(link)).await? {
            if asked.organisation == organisation {
                self.take_up(asked).await?;
            }
        }
        Ok(())
    }

    async fn asked(&self, link: Option<LinkId>) -> Result<Vec<Asked>, Problem> {
        let mut reader = self.db.read().await?;
        let rows = sql::ASKED_FOR.bind(link).fetch_all(&mut reader).await?;
        Ok(rows.iter().map(asked).collect::<Result<_, _>>()?)
    }

    async fn take_up(&self, asked: Asked) -> Result<(), Problem> {
        // In the name of whoever changed the link.
        let stamp = Stamp {
            now: self.clock.now(),
            actor: asked.actor,
            request_id: asked.request_id,
        };
        let (add, remove) = (asked.add, asked.remove);
        let change = json!({ "add": add, "remove": remove, "job_id": asked.id });
        let action = BulkAction::Retag { add, remove };
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[asked.organisation]).await?;
        let now = tx.stamp().now;
        let take_up = sql::TAKE_UP
            .bind(asked.id)
            .bind(json!(action).to_string())
            .bind(now);
        if take_up.execute(&mut tx).await? == 1 {
            tx.audit(asked.organisation, "link.retag", asked.link, change);
            tx.commit().await?;
        }
        Ok(())
    }
}
