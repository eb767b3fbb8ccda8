//! Through which links the invites went that are asked for: tags and plan are theirs.

use std::collections::HashMap;

use contract::{
    Problem,
    ids::{LinkId, OrganisationId, PlanId},
    text::{Name, Tag},
    users::{LinkName, UserFilter},
};
use serde::Serialize;
use store::{Reader, Row, StoreError};

use super::sql;

/// What an invite has of its link.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) link: LinkName,
    pub(super) tags: Vec<Tag>,
    pub(super) plan_id: PlanId,
    pub(super) plan_name: Name,
}

/// A link, as statements take it.
#[derive(Debug, Serialize)]
pub(super) struct Id {
    id: LinkId,
}

/// Links by their ids.
#[derive(Debug)]
pub(super) struct Links(HashMap<LinkId, Given>);

impl Links {
    /// Those that a filter is about; deleted ones are none, since their invites are over.
    pub(super) async fn of(
        db: &mut Reader,
        organisation: OrganisationId,
        filter: &UserFilter,
    ) -> Result<Self, Problem> {
        let found = sql::LINKS
            .bind(organisation)
            .bind(filter.link)
            .bind(filter.plan);
        let mut links = HashMap::new();
        for row in found.fetch_all(db).await? {
            let given = given(&row)?;
            if filter.tags.iter().all(|tag| given.tags.contains(tag)) {
                links.insert(given.link.id, given);
            }
        }
        Ok(Self(links))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn ids(&self) -> Vec<Id> {
        self.0.keys().map(|id| Id { id: *id }).collect()
    }

    pub(super) fn get(&self, id: LinkId) -> Option<&Given> {
        self.0.get(&id)
    }
}

fn given(row: &Row) -> Result<Given, StoreError> {
    let mut tags: Vec<Tag> = row.json("tags")?;
    tags.sort();
    Ok(Given {
        link: LinkName {
            id: row.get("id")?,
            name: row.get("name")?,
        },
        tags,
        plan_id: row.get("plan_id")?,
        plan_name: row.get("plan_name")?,
    })
}
