//! Serves [`RetagLink`].

use std::collections::BTreeSet;

use contract::{
    Kind, Problem,
    events::Event,
    seats::{RetagLink, Retagged},
    text::Tag,
};
use kernel::{Cx, Serve};
use serde::Serialize;
use serde_json::json;

use crate::{SeatPool, sql};

#[derive(Serialize)]
struct TagKey<'a> {
    tag: &'a str,
}

fn keys(tags: &[Tag]) -> Vec<TagKey<'_>> {
    tags.iter()
        .map(|tag| TagKey { tag: tag.as_str() })
        .collect()
}

impl Serve<RetagLink> for SeatPool {
    async fn serve(&mut self, message: RetagLink, cx: &Cx) -> Result<Retagged, Problem> {
        let RetagLink {
            organisation,
            link_id,
            add,
            remove,
        } = message;
        for (field, tags) in [("add", &add), ("remove", &remove)] {
            if tags.len() > Tag::MOST_PER_ROW {
                return Err(Problem::invalid(field, "too-many", "too many tags"));
            }
        }
        let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
        tx.lock_histories(&[organisation]).await?;
        let link = sql::FIND_LINK
            .bind(organisation)
            .bind(link_id)
            .fetch_optional(&mut tx)
            .await?;
        if link.is_none() {
            return Err(Problem::new(Kind::NotFound));
        }
        let mut changed = BTreeSet::new();
        for (statement, tags) in [
            (&sql::REMOVE_LINK_TAGS, &remove),
            (&sql::ADD_LINK_TAGS, &add),
        ] {
            let query = statement
                .bind(organisation)
                .bind(link_id)
                .bind_rows(&keys(tags));
            for row in query.fetch_all(&mut tx).await? {
                changed.insert(row.get::<String>("membership_id")?);
            }
        }
        if !changed.is_empty() {
            tx.publish(organisation, Event::LinkRetagged { link_id });
            let change = json!({ "add": add, "remove": remove, "memberships": changed.len() });
            tx.audit(organisation, "link.retag", link_id, change);
            tx.commit().await?;
        }
        Ok(Retagged {
            changed: u64::try_from(changed.len()).unwrap_or(u64::MAX),
        })
    }
}
