//! Where pending invites are looked for: few are sorted, many are walked along an order.

use contract::{Problem, Timestamp, ids::OrganisationId, users::UserSort};
use store::{Query, Reader, Statement};

use super::{links, sql};
use crate::narrow::{FEW, Id, ids};

/// Where they are looked for.
#[derive(Debug)]
pub(super) enum Way {
    /// Along the order, as far as they are of these links.
    Along(Vec<links::Id>),
    /// Among all of these links: they are few.
    Links(Vec<links::Id>),
    /// Among these.
    Ids(Vec<Id>),
}

impl Way {
    /// The way to those of some links, of an organisation and at an instant, that are called like a
    /// pattern.
    pub(super) async fn of(
        db: &mut Reader,
        (organisation, now): (OrganisationId, Timestamp),
        links: Vec<links::Id>,
        pattern: Option<&str>,
    ) -> Result<Self, Problem> {
        let count = sql::COUNT_OPEN.bind_rows(&links).bind(now).bind(FEW + 1);
        let n: i64 = count.fetch_one(db).await?.get("n")?;
        if n <= i64::from(FEW) {
            return Ok(Self::Links(links));
        }
        if let Some(pattern) = pattern {
            let called = sql::CALLED.bind(organisation).bind(pattern).bind(FEW + 1);
            let rows = called.bind_rows(&links).fetch_all(db).await?;
            if rows.len() <= FEW as usize {
                return Ok(Self::Ids(ids(&rows)?));
            }
        }
        Ok(Self::Along(links))
    }

    pub(super) const fn statement(&self, sort: UserSort) -> &'static Statement {
        let (along, links, ids) = match sort {
            UserSort::Oldest => (&sql::ALONG_OLDEST, &sql::LINKS_OLDEST, &sql::IDS_OLDEST),
            UserSort::Name => (&sql::ALONG_NAME, &sql::LINKS_NAME, &sql::IDS_NAME),
            UserSort::Email => (&sql::ALONG_EMAIL, &sql::LINKS_EMAIL, &sql::IDS_EMAIL),
            UserSort::Newest | UserSort::Redeemed | UserSort::LastActive => {
                (&sql::ALONG_NEWEST, &sql::LINKS_NEWEST, &sql::IDS_NEWEST)
            }
        };
        match self {
            Self::Along(_) => along,
            Self::Links(_) => links,
            Self::Ids(_) => ids,
        }
    }

    /// Binds where they are looked for, last.
    pub(super) fn bind(&self, query: Query) -> Query {
        match self {
            Self::Along(links) | Self::Links(links) => query.bind_rows(links),
            Self::Ids(ids) => query.bind_rows(ids),
        }
    }
}
