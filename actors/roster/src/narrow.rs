//! Which filter leaves so few people that they are best looked for among those.
//!
//! An index serves an order or a filter, not both. Where a filter leaves few, they are sorted;
//! where every one leaves many, a page is soon full along the order.

use contract::{Problem, ids::OrganisationId};
use serde::Serialize;
use store::{Query, Reader, Statement};

use crate::{filter::Filter, sql};

/// So many are few.
const FEW: u32 = 3_000;

/// An id of [`FEW`].
#[derive(Debug, Serialize)]
pub(crate) struct Id {
    id: String,
}

impl Filter<'_> {
    /// The few whom one of the filters leaves; `None` when each leaves many, or there is none.
    pub(crate) async fn few(
        &self,
        db: &mut Reader,
        organisation: OrganisationId,
    ) -> Result<Option<Vec<Id>>, Problem> {
        let of = |statement: &'static Statement| statement.bind(organisation);
        let mut filters: Vec<Query> = Vec::new();
        let with = |tag| most(of(&sql::WITH_TAG).bind(tag));
        filters.extend(self.tags.iter().map(|row| with(row.tag)));
        if let [first, second, ..] = self.tags.as_slice() {
            let both = most(of(&sql::WITH_BOTH).bind(first.tag));
            filters.push(both.bind(second.tag));
        }
        filters.extend(
            self.link
                .map(|link| of(&sql::THROUGH_LINK).bind(link))
                .map(most),
        );
        filters.extend(self.plan.map(|plan| of(&sql::OF_PLAN).bind(plan)).map(most));
        filters.extend(
            self.status
                .map(|status| of(&sql::IN_STATE).bind(status))
                .map(most),
        );
        let since = self.inactive_since;
        filters.extend(since.map(|since| of(&sql::NOT_SEEN).bind(since)).map(most));
        // The dearest: it looks at every name when nobody is called like that.
        let pattern = self.pattern.as_ref();
        filters.extend(
            pattern
                .map(|pattern| of(&sql::CALLED).bind(pattern))
                .map(most),
        );
        for filter in filters {
            let rows = filter.fetch_all(db).await?;
            if rows.len() <= FEW as usize {
                let ids = rows.iter().map(|row| Ok(Id { id: row.get("id")? }));
                return ids
                    .collect::<Result<_, store::StoreError>>()
                    .map(Some)
                    .map_err(Problem::from);
            }
        }
        Ok(None)
    }
}

fn most(query: Query) -> Query {
    query.bind(FEW + 1)
}
