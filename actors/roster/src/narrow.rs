//! Which filter leaves so few people that they are best looked for among those.
//!
//! An index serves an order or a filter, not both. Where a filter leaves few, they are sorted;
//! where every one leaves many, a page is soon full along the order. What each leaves is counted in
//! its own index, and no further than [`FEW`]; the rarest is taken. How many are called like a search
//! is not known without looking at every name, so it is guessed from some.

use contract::{
    Problem, Timestamp,
    ids::{LinkId, OrganisationId, PlanId},
    text::Tag,
};
use serde::Serialize;
use store::{Query, Reader, Statement, StoreError};

use crate::{filter::Filter, search::Search, sql};

/// So many are few: as many as are looked up in the time that it takes to look at 200,000 names.
const FEW: u32 = 10_000;

/// So many are few beside a search that finds few: to count them must not take long beside reading every
/// name.
const FEW_BESIDE_NAMES: u32 = 5_000;

/// Of so many at most are the ids carried from one statement to the next: that takes longer than to find
/// them. Of more than so many with two tags a page is soon full.
const FEW_IDS: u32 = 500;

/// So many of the newest, and of the oldest, tell whether a search finds many.
const SAMPLE: u32 = 2_000;

/// One in so many is called like a search that finds many.
const MANY: i64 = 32;

/// An id of [`FEW_IDS`].
#[derive(Debug, Serialize)]
pub(crate) struct Id {
    id: String,
}

/// Those whom one of the filters leaves.
#[derive(Debug)]
pub(crate) enum Few<'a> {
    By(By<'a>),
    /// Whoever is called like this search.
    Called(&'a Search),
    /// Whoever has two tags.
    Ids(Vec<Id>),
}

/// A filter that has an index of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By<'a> {
    Tag(&'a Tag),
    Link(LinkId),
    Plan(PlanId),
    Status(&'static str),
    NotSeen(Timestamp),
}

impl By<'_> {
    /// Counts them, up to one more than so many.
    fn count(self, organisation: OrganisationId, most: u32) -> Query {
        let bind = |statement: &'static Statement| statement.bind(organisation);
        let query = match self {
            Self::Tag(tag) => bind(&sql::COUNT_WITH_TAG).bind(tag),
            Self::Link(link) => bind(&sql::COUNT_THROUGH_LINK).bind(link),
            Self::Plan(plan) => bind(&sql::COUNT_OF_PLAN).bind(plan),
            Self::Status(status) => bind(&sql::COUNT_IN_STATE).bind(status),
            Self::NotSeen(since) => bind(&sql::COUNT_NOT_SEEN).bind(since),
        };
        query.bind(most + 1)
    }
}

impl Few<'_> {
    /// Binds who they are, as the next four parameters.
    pub(crate) fn bind(&self, query: Query) -> Query {
        let (by, tag) = match *self {
            Self::By(By::Tag(tag)) => ("tag", Some(tag)),
            Self::By(By::Link(_)) => ("link", None),
            Self::By(By::Plan(_)) => ("plan", None),
            Self::By(By::Status(_)) => ("status", None),
            Self::By(By::NotSeen(_)) => ("activity", None),
            Self::Called(search) if search.has_trigram => ("name", None),
            Self::Called(_) => ("letters", None),
            Self::Ids(_) => ("ids", None),
        };
        let ids = match self {
            Self::Ids(ids) => ids.as_slice(),
            Self::By(_) | Self::Called(_) => &[],
        };
        let text = match self {
            Self::Called(search) => Some(&search.text),
            Self::By(_) | Self::Ids(_) => None,
        };
        query.bind(by).bind(tag).bind_rows(ids).bind(text)
    }
}

impl Filter<'_> {
    /// The few whom one of the filters leaves; `None` when each leaves many, or there is none.
    pub(crate) async fn few(
        &self,
        db: &mut Reader,
        organisation: OrganisationId,
    ) -> Result<Option<Few<'_>>, Problem> {
        let called_by_few = match &self.search {
            Some(search) if finds_few(db, &sql::COUNT_CALLED, organisation, search).await? => {
                Some(search)
            }
            _ => None,
        };
        let most = called_by_few.map_or(FEW, |_| FEW_BESIDE_NAMES);
        if let Some(rarest) = self.rarest(db, organisation, most).await? {
            return Ok(Some(Few::By(rarest)));
        }
        // The dear ones, which look at every name, or at everybody with a tag: only where no other
        // leaves few.
        if let Some(search) = called_by_few {
            return Ok(Some(Few::Called(search)));
        }
        if let [first, second, ..] = self.tags.as_slice() {
            let both = sql::WITH_BOTH.bind(organisation).bind(first.tag);
            let both = both.bind(FEW_IDS + 1).bind(second.tag);
            let rows = both.fetch_all(db).await?;
            if rows.len() <= FEW_IDS as usize {
                let ids = rows.iter().map(|row| Ok(Id { id: row.get("id")? }));
                return Ok(Some(Few::Ids(ids.collect::<Result<_, StoreError>>()?)));
            }
        }
        Ok(None)
    }

    /// The filter that leaves the fewest, if those are few.
    async fn rarest(
        &self,
        db: &mut Reader,
        organisation: OrganisationId,
        most: u32,
    ) -> Result<Option<By<'_>>, Problem> {
        let mut rarest = None;
        for by in self.indexed() {
            let row = by.count(organisation, most).fetch_one(db).await?;
            let n: i64 = row.get("n")?;
            if n <= i64::from(most) && rarest.is_none_or(|(fewest, _)| n < fewest) {
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

/// Whether a search seems to find few in an organisation: whether it does among those that the
/// statement looks at.
pub(crate) async fn finds_few(
    db: &mut Reader,
    count: &'static Statement,
    organisation: OrganisationId,
    search: &Search,
) -> Result<bool, Problem> {
    let count = count.bind(organisation).bind(&search.pattern).bind(SAMPLE);
    let n: i64 = count.fetch_one(db).await?.get("n")?;
    Ok(n * MANY < i64::from(2 * SAMPLE))
}
