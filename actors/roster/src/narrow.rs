//! Which filter leaves so few people that they are best looked for among those.
//!
//! An index serves an order or a filter, not both. Where a filter leaves few, they are sorted;
//! where every one leaves many, a page is soon full along the order. What each leaves is counted in
//! its own index, and no further than [`FEW`]; the rarest is taken.

use contract::{
    Problem, Timestamp,
    ids::{LinkId, OrganisationId, PlanId},
    text::Tag,
};
use serde::Serialize;
use store::{Query, Reader, Row, Statement, StoreError};

use crate::{filter::Filter, sql};

/// So many are few.
pub(crate) const FEW: u32 = 3_000;

/// Of so many who are called like a search the rest is looked up: of more it takes longer than to walk
/// along an order, on which so many stand close together.
const NAMES: u32 = 12_000;

/// An id of [`FEW`].
#[derive(Debug, Serialize)]
pub(crate) struct Id {
    id: String,
}

/// A filter that has an index of its own.
#[derive(Clone, Copy, Debug)]
enum By<'a> {
    Tag(&'a Tag),
    Link(LinkId),
    Plan(PlanId),
    Status(&'static str),
    NotSeen(Timestamp),
}

impl By<'_> {
    /// What counts them, and what finds them.
    const fn statements(self) -> (&'static Statement, &'static Statement) {
        match self {
            Self::Tag(_) => (&sql::COUNT_WITH_TAG, &sql::WITH_TAG),
            Self::Link(_) => (&sql::COUNT_THROUGH_LINK, &sql::THROUGH_LINK),
            Self::Plan(_) => (&sql::COUNT_OF_PLAN, &sql::OF_PLAN),
            Self::Status(_) => (&sql::COUNT_IN_STATE, &sql::IN_STATE),
            Self::NotSeen(_) => (&sql::COUNT_NOT_SEEN, &sql::NOT_SEEN),
        }
    }

    fn bind(self, statement: &'static Statement, organisation: OrganisationId) -> Query {
        let query = statement.bind(organisation);
        most(match self {
            Self::Tag(tag) => query.bind(tag),
            Self::Link(link) => query.bind(link),
            Self::Plan(plan) => query.bind(plan),
            Self::Status(status) => query.bind(status),
            Self::NotSeen(since) => query.bind(since),
        })
    }
}

fn most(query: Query) -> Query {
    query.bind(FEW + 1)
}

impl Filter<'_> {
    /// The few whom one of the filters leaves; `None` when each leaves many, or there is none.
    pub(crate) async fn few(
        &self,
        db: &mut Reader,
        organisation: OrganisationId,
    ) -> Result<Option<Vec<Id>>, Problem> {
        if let Some(rarest) = self.rarest(db, organisation).await? {
            let (_, find) = rarest.statements();
            let rows = rarest.bind(find, organisation).fetch_all(db).await?;
            return Ok(Some(ids(&rows)?));
        }
        // The dear ones, which look at every name, or at everybody with a tag: only where no other
        // leaves few, and found without being counted first.
        if let Some(pattern) = &self.pattern
            && let Some(few) = self.called(db, organisation, pattern).await?
        {
            return Ok(Some(few));
        }
        if let [first, second, ..] = self.tags.as_slice() {
            let both = most(sql::WITH_BOTH.bind(organisation).bind(first.tag)).bind(second.tag);
            let rows = both.fetch_all(db).await?;
            if rows.len() <= FEW as usize {
                return Ok(Some(ids(&rows)?));
            }
        }
        Ok(None)
    }

    /// Those of the search whom the other filters leave, where that is found out by looking at few
    /// enough, and they are few.
    async fn called(
        &self,
        db: &mut Reader,
        organisation: OrganisationId,
        pattern: &str,
    ) -> Result<Option<Vec<Id>>, Problem> {
        let mut tags = self.tags.iter().map(|row| row.tag);
        let called = sql::CALLED.bind(organisation).bind(pattern).bind(NAMES);
        let called = called.bind(tags.next()).bind(tags.next());
        let rows = most(self.bind_place(called)).fetch_all(db).await?;
        let mut is_all = rows.len() <= FEW as usize;
        for row in &rows {
            is_all &= row.get::<i64>("n")? < i64::from(NAMES);
        }
        Ok(if is_all { Some(ids(&rows)?) } else { None })
    }

    /// The filter that leaves the fewest, if those are few.
    async fn rarest(
        &self,
        db: &mut Reader,
        organisation: OrganisationId,
    ) -> Result<Option<By<'_>>, Problem> {
        let mut rarest = None;
        for by in self.indexed() {
            let (count, _) = by.statements();
            let row = by.bind(count, organisation).fetch_one(db).await?;
            let n: i64 = row.get("n")?;
            if n <= i64::from(FEW) && rarest.is_none_or(|(fewest, _)| n < fewest) {
                rarest = Some((n, by));
            }
        }
        Ok(rarest.map(|(_, by)| by))
    }

    /// Those of its filters that have an index.
    fn indexed(&self) -> impl Iterator<Item = By<'_>> {
        let tags = self.tags.iter().map(|row| By::Tag(row.tag));
        tags.chain(self.link.map(By::Link))
            .chain(self.plan.map(By::Plan))
            .chain(self.status.map(By::Status))
            .chain(self.inactive_since.map(By::NotSeen))
    }
}

/// Rows as ids.
pub(crate) fn ids(rows: &[Row]) -> Result<Vec<Id>, StoreError> {
    let ids = rows.iter().map(|row| Ok(Id { id: row.get("id")? }));
    ids.collect()
}
