//! Which filter leaves so few people that they are best looked for among those.
//!
//! What each leaves is counted in its own index, and no further than so many; the rarest is taken. How many
//! are called like a search is not known without looking at every name, so it is guessed from some.

use contract::{
    Problem, Timestamp,
    ids::{LinkId, OrganisationId, PlanId},
    text::Tag,
    users::UserSort,
};
use serde::Serialize;
use store::{Query, Reader, Statement, StoreError};

use crate::{filter::Filter, search::Search, sql};

/// So many are few: as many as are looked up in the time that it takes to look at 200,000 names.
const FEW: u32 = 10_000;

/// So many are few beside a search that does not find many: to count them must not take long beside reading
/// every name. Of those with a tag, too, in the orders of time, in which its index is walked, and where their
/// other tags have to be looked up.
const FEWER: u32 = 5_000;

/// How far filters are counted that leave many, to find the rarest: more than a year of people, in an organisation
/// of 200,000. Of those that leave more the first is taken, whichever it is.
const COUNTED: u32 = 50_000;

/// Of so many at most are the ids carried from one statement to the next: that takes longer than to find
/// them. Of more than so many with two tags a page is soon full.
const FEW_IDS: u32 = 500;

/// So many of the newest, and of the oldest, tell whether a search finds many.
const SAMPLE: u32 = 2_000;

/// One in so many is called like a search that finds many.
const MANY: i64 = 32;

/// So many of the sample tell that a page will be full long before every name is read. Where it will not be, all
/// of them are read sooner in the index that has little else than names.
const SEVERAL: i64 = 6;

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
    /// How many there are, up to one more than so many.
    async fn count(
        self,
        db: &mut Reader,
        organisation: OrganisationId,
        most: u32,
    ) -> Result<u32, Problem> {
        let bind = |statement: &'static Statement| self.bind(statement.bind(organisation));
        let count = match self {
            Self::Tag(_) => bind(&sql::COUNT_WITH_TAG),
            Self::Link(_) => bind(&sql::COUNT_THROUGH_LINK),
            Self::Plan(_) => bind(&sql::COUNT_OF_PLAN),
            Self::Status(_) => bind(&sql::COUNT_IN_STATE),
            Self::NotSeen(_) => bind(&sql::COUNT_NOT_SEEN),
        };
        let n: i64 = count.bind(most + 1).fetch_one(db).await?.get("n")?;
        Ok(u32::try_from(n).unwrap_or(u32::MAX))
    }

    /// Whether its index has an order.
    const fn has(self, sort: UserSort) -> bool {
        match sort {
            UserSort::Newest | UserSort::Oldest => !matches!(self, Self::NotSeen(_)),
            UserSort::Redeemed | UserSort::LastActive => matches!(self, Self::Tag(_)),
            UserSort::Name | UserSort::Email => false,
        }
    }

    /// Binds what is filtered by.
    pub(crate) fn bind(self, query: Query) -> Query {
        match self {
            Self::Tag(tag) => query.bind(tag),
            Self::Link(link) => query.bind(link),
            Self::Plan(plan) => query.bind(plan),
            Self::Status(status) => query.bind(status),
            Self::NotSeen(since) => query.bind(since),
        }
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
    /// The first two tags, if few have both.
    pub(crate) async fn with_both_tags(
        &self,
        db: &mut Reader,
        organisation: OrganisationId,
    ) -> Result<Option<Few<'_>>, Problem> {
        let [first, second, ..] = self.tags.as_slice() else {
            return Ok(None);
        };
        let both = sql::WITH_BOTH.bind(organisation).bind(first.tag);
        let both = both.bind(FEW_IDS + 1).bind(second.tag);
        let rows = both.fetch_all(db).await?;
        if rows.len() > FEW_IDS as usize {
            return Ok(None);
        }
        let ids = rows.iter().map(|row| Ok(Id { id: row.get("id")? }));
        Ok(Some(Few::Ids(ids.collect::<Result<_, StoreError>>()?)))
    }

    /// The filter with an index that leaves the fewest, if those are few.
    pub(crate) async fn few(
        &self,
        db: &mut Reader,
        organisation: OrganisationId,
        (finds, sort): (Finds, UserSort),
    ) -> Result<Option<Few<'_>>, Problem> {
        let most = |by: &By<'_>| match finds {
            Finds::Several | Finds::Few => FEWER,
            Finds::Many if matches!(by, By::Tag(_)) && (by.has(sort) || self.tags.len() > 1) => {
                FEWER
            }
            Finds::Many => FEW,
        };
        let indexed: Vec<_> = self.indexed().collect();
        let rarest = rarest(db, organisation, &indexed, most).await?;
        Ok(rarest.map(Few::By))
    }

    /// The filter that leaves the fewest of those whose index has an order.
    pub(crate) async fn rarest_along(
        &self,
        db: &mut Reader,
        organisation: OrganisationId,
        sort: UserSort,
    ) -> Result<Option<By<'_>>, Problem> {
        let along: Vec<_> = self.indexed().filter(|by| by.has(sort)).collect();
        let first = along.first().copied();
        if along.len() < 2 {
            return Ok(first);
        }
        let rarest = rarest(db, organisation, &along, |_| COUNTED).await?;
        Ok(rarest.or(first))
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

/// Which of these filters leaves the fewest, if those are not more than so many.
async fn rarest<'a>(
    db: &mut Reader,
    organisation: OrganisationId,
    filters: &[By<'a>],
    most: impl Fn(&By<'a>) -> u32,
) -> Result<Option<By<'a>>, Problem> {
    let mut rarest: Option<(u32, By<'a>)> = None;
    for by in filters {
        // No further than it matters.
        let most = rarest.map_or(most(by), |(fewest, _)| fewest.min(most(by)));
        let n = by.count(db, organisation, most).await?;
        if n <= most {
            rarest = Some((n, *by));
        }
    }
    Ok(rarest.map(|(_, by)| by))
}

/// How many a search seems to find in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finds {
    /// So many that a page is soon full along any order.
    Many,
    /// Fewer, but a page is full before all are read of an index that has the order and the names.
    Several,
    /// So few that all names are read anyway, or found in an index of them.
    Few,
}

/// How many a search finds, to go by those that the statement looks at.
pub(crate) async fn finds(
    db: &mut Reader,
    count: &'static Statement,
    organisation: OrganisationId,
    search: &Search,
) -> Result<Finds, Problem> {
    let count = count.bind(organisation).bind(&search.pattern).bind(SAMPLE);
    let row = count.fetch_one(db).await?;
    let (n, has_trigrams): (i64, i64) = (row.get("n")?, row.get("has_trigrams")?);
    Ok(if n * MANY >= i64::from(2 * SAMPLE) {
        Finds::Many
    } else if n >= SEVERAL && has_trigrams == 0 {
        Finds::Several
    } else {
        Finds::Few
    })
}
