//! Which people are asked for, as the statements take it.

use contract::{
    Problem, Timestamp,
    ids::{LinkId, PlanId},
    seats::Status,
    text::Tag,
    users::UserFilter,
};
use serde::Serialize;
use store::Query;

use crate::{
    search::{Search, search},
    way::Way,
};

/// A checked filter.
#[derive(Debug)]
pub(crate) struct Filter<'a> {
    pub(crate) status: Option<&'static str>,
    pub(crate) plan: Option<PlanId>,
    pub(crate) link: Option<LinkId>,
    door: Option<&'a str>,
    pub(crate) search: Option<Search>,
    pub(crate) inactive_since: Option<Timestamp>,
    pub(crate) tags: Vec<TagRow<'a>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct TagRow<'a> {
    pub(crate) tag: &'a Tag,
}

impl<'a> Filter<'a> {
    /// What a message asks for; refused where it asks too much.
    pub(crate) fn of(filter: &'a UserFilter) -> Result<Self, Problem> {
        if filter.tags.len() > Tag::MOST_PER_ROW {
            let detail = format!("Nobody has more than {} tags.", Tag::MOST_PER_ROW);
            return Err(Problem::invalid("tag", "too-many", detail));
        }
        Ok(Self {
            status: filter.status.map(Status::name),
            plan: filter.plan,
            link: filter.link,
            door: filter.door.as_deref(),
            search: search(filter.q.as_deref())?,
            inactive_since: filter.inactive_since,
            tags: filter.tags.iter().map(|tag| TagRow { tag }).collect(),
        })
    }

    /// Binds it as `$2` to `$8`, for where people are looked for: they need not be asked for a tag that all
    /// there have.
    pub(crate) fn bind(&self, query: Query, way: &Way<'_>) -> Query {
        let asked = |row: &&TagRow<'_>| !way.assures(row.tag);
        let tags: Vec<_> = self.tags.iter().filter(asked).collect();
        query
            .bind(self.status)
            .bind(self.plan)
            .bind(self.link)
            .bind(self.door)
            .bind(self.search.as_ref().map(|search| &search.pattern))
            .bind(self.inactive_since)
            .bind_rows(&tags)
    }
}
