//! Where people are looked for.
//!
//! An index serves an order or a filter, seldom both. Where a filter leaves few, they are sorted; where every
//! one leaves many, a page is soon full along an index that has the order: of everybody, or of the rarest
//! filter. Those whom a filter leaves often stand together: a tag or a link tells of a year, and so do ids and
//! instants. Along everybody the first of them may come last.

use contract::{Problem, ids::OrganisationId, text::Tag, users::UserSort};
use store::{Query, Reader, Statement};

use crate::{
    filter::Filter,
    narrow::{By, Few, Finds, finds},
    sql,
};

/// Where people are looked for.
#[derive(Debug)]
pub(crate) enum Way<'a> {
    /// Along the order, among everybody.
    All,
    /// Along the index of a filter that has the order, too.
    Along(By<'a>),
    /// Among a few.
    Few(Few<'a>),
}

impl<'a> Way<'a> {
    /// The way to those in an organisation whom a filter finds, in an order.
    pub(crate) async fn of(
        db: &mut Reader,
        organisation: OrganisationId,
        filter: &'a Filter<'_>,
        sort: UserSort,
    ) -> Result<Self, Problem> {
        let finds = match &filter.search {
            Some(search) => finds(db, &sql::COUNT_CALLED, organisation, search).await?,
            None => Finds::Many,
        };
        if let Some(few) = filter.few(db, organisation, (finds, sort)).await? {
            return Ok(Self::Few(few));
        }
        // The dear ones, which look at every name, or at everybody with a tag: only where no other
        // leaves few.
        if let (Finds::Few, Some(search)) = (finds, &filter.search) {
            return Ok(Self::Few(Few::Called(search)));
        }
        if let Some(both) = filter.with_both_tags(db, organisation).await? {
            return Ok(Self::Few(both));
        }
        if finds == Finds::Several {
            // The index of an order has the names, that of a filter has not.
            return Ok(Self::All);
        }
        let along = filter.rarest_along(db, organisation, sort).await?;
        Ok(along.map_or(Self::All, Self::Along))
    }

    pub(crate) const fn statement(&self, sort: UserSort) -> &'static Statement {
        match (self, sort) {
            (Self::Along(By::Tag(_)), UserSort::Newest) => &sql::TAGGED_NEWEST,
            (Self::Along(By::Tag(_)), UserSort::Oldest) => &sql::TAGGED_OLDEST,
            (Self::Along(By::Tag(_)), UserSort::Redeemed) => &sql::TAGGED_BY_REDEEMED,
            (Self::Along(By::Tag(_)), UserSort::LastActive) => &sql::TAGGED_BY_LAST_ACTIVE,
            (Self::Along(By::Link(_)), UserSort::Newest) => &sql::THROUGH_NEWEST,
            (Self::Along(By::Link(_)), UserSort::Oldest) => &sql::THROUGH_OLDEST,
            (Self::Along(By::Plan(_)), UserSort::Newest) => &sql::OF_PLAN_NEWEST,
            (Self::Along(By::Plan(_)), UserSort::Oldest) => &sql::OF_PLAN_OLDEST,
            (Self::Along(By::Status(_)), UserSort::Newest) => &sql::IN_STATE_NEWEST,
            (Self::Along(By::Status(_)), UserSort::Oldest) => &sql::IN_STATE_OLDEST,
            (Self::Few(_), UserSort::Newest) => &sql::FEW_NEWEST,
            (Self::Few(_), UserSort::Oldest) => &sql::FEW_OLDEST,
            (Self::Few(_), UserSort::Name) => &sql::FEW_BY_NAME,
            (Self::Few(_), UserSort::Email) => &sql::FEW_BY_EMAIL,
            (Self::Few(_), UserSort::Redeemed) => &sql::FEW_BY_REDEEMED,
            (Self::Few(_), UserSort::LastActive) => &sql::FEW_BY_LAST_ACTIVE,
            (Self::All | Self::Along(_), UserSort::Newest) => &sql::LIST_NEWEST,
            (Self::All | Self::Along(_), UserSort::Oldest) => &sql::LIST_OLDEST,
            (Self::All | Self::Along(_), UserSort::Name) => &sql::LIST_BY_NAME,
            (Self::All | Self::Along(_), UserSort::Email) => &sql::LIST_BY_EMAIL,
            (Self::All | Self::Along(_), UserSort::Redeemed) => &sql::LIST_BY_REDEEMED,
            (Self::All | Self::Along(_), UserSort::LastActive) => &sql::LIST_BY_LAST_ACTIVE,
        }
    }

    pub(crate) const fn statement_of_ids(&self) -> &'static Statement {
        match self {
            Self::Along(By::Tag(_)) => &sql::TAGGED_IDS,
            Self::Along(By::Link(_)) => &sql::THROUGH_IDS,
            Self::Along(By::Plan(_)) => &sql::OF_PLAN_IDS,
            Self::Along(By::Status(_)) => &sql::IN_STATE_IDS,
            Self::Few(_) => &sql::FEW_IDS,
            Self::All | Self::Along(By::NotSeen(_)) => &sql::LIST_IDS,
        }
    }

    /// Whether all who are looked at have a tag.
    pub(crate) fn assures(&self, tag: &Tag) -> bool {
        match self {
            Self::Along(By::Tag(other)) | Self::Few(Few::By(By::Tag(other))) => *other == tag,
            Self::All | Self::Along(_) | Self::Few(_) => false,
        }
    }

    /// Binds where they are looked for, last.
    pub(crate) fn bind(&self, query: Query) -> Query {
        match self {
            Self::All => query,
            Self::Along(by) => by.bind(query),
            Self::Few(few) => few.bind(query),
        }
    }
}
