//! Where pending invites are looked for: few are sorted, many are walked along an order.

use contract::{Problem, Timestamp, ids::OrganisationId, users::UserSort};
use store::{Query, Reader, Statement};

use super::{links, sql};
use crate::{
    narrow::{Finds, finds},
    search::Search,
};

/// So many are few.
const FEW: u32 = 3_000;

/// Where they are looked for.
#[derive(Debug)]
pub(super) enum Way<'a> {
    /// Along the order, as far as they are of these links.
    Along(Vec<links::Id>),
    /// Among all of these links: they are few.
    Links(Vec<links::Id>),
    /// Among all of a name, as far as they are of these links: they are few.
    Called(Vec<links::Id>, &'a Search),
}

impl<'a> Way<'a> {
    /// The way to those of some links, of an organisation and at an instant, that a search finds.
    pub(super) async fn of(
        db: &mut Reader,
        (organisation, now): (OrganisationId, Timestamp),
        links: Vec<links::Id>,
        search: Option<&'a Search>,
    ) -> Result<Self, Problem> {
        let count = sql::COUNT_OPEN.bind_rows(&links).bind(now).bind(FEW + 1);
        let n: i64 = count.fetch_one(db).await?.get("n")?;
        if n <= i64::from(FEW) {
            return Ok(Self::Links(links));
        }
        if let Some(search) = search
            && finds(db, &sql::COUNT_CALLED, organisation, search).await? != Finds::Many
        {
            return Ok(Self::Called(links, search));
        }
        Ok(Self::Along(links))
    }

    pub(super) const fn statement(&self, sort: UserSort) -> &'static Statement {
        let (along, links, called) = match sort {
            UserSort::Oldest => (&sql::ALONG_OLDEST, &sql::LINKS_OLDEST, &sql::CALLED_OLDEST),
            UserSort::Name => (&sql::ALONG_NAME, &sql::LINKS_NAME, &sql::CALLED_NAME),
            UserSort::Email => (&sql::ALONG_EMAIL, &sql::LINKS_EMAIL, &sql::CALLED_EMAIL),
            UserSort::Newest | UserSort::Redeemed | UserSort::LastActive => {
                (&sql::ALONG_NEWEST, &sql::LINKS_NEWEST, &sql::CALLED_NEWEST)
            }
        };
        match self {
            Self::Along(_) => along,
            Self::Links(_) => links,
            Self::Called(..) => called,
        }
    }

    /// Binds where they are looked for, last.
    pub(super) fn bind(&self, query: Query) -> Query {
        match self {
            Self::Along(links) | Self::Links(links) => query.bind_rows(links),
            Self::Called(links, search) => query.bind_rows(links).bind(&search.text),
        }
    }
}
