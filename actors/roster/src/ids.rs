//! The ids of the people that a filter finds, for a change of all of them.

use contract::{
    Problem,
    users::{ListUserIds, USER_IDS_MOST, UserIds},
};
use kernel::{Cx, Serve};

use crate::{Roster, filter::Filter, sql};

impl Serve<ListUserIds> for Roster {
    async fn serve(&mut self, message: ListUserIds, _: &Cx) -> Result<UserIds, Problem> {
        let filter = Filter::of(&message.filter)?;
        let mut db = self.db.read().await?;
        let few = filter.few(&mut db, message.organisation).await?;
        let statement = match (&few, filter.tags.first()) {
            (Some(_), _) => &sql::FEW_IDS,
            (None, Some(_)) => &sql::TAGGED_IDS,
            (None, None) => &sql::LIST_IDS,
        };
        let query = filter
            .bind(statement.bind(message.organisation))
            .bind(USER_IDS_MOST)
            .bind(message.after);
        let query = match (&few, filter.tags.first()) {
            (Some(few), _) => few.bind(query),
            (None, Some(first)) => query.bind(first.tag),
            (None, None) => query,
        };
        let rows = query.fetch_all(&mut db).await?;
        let ids = rows.iter().map(|row| row.get("id"));
        let ids: Vec<_> = ids.collect::<Result<_, _>>()?;
        let is_full = u32::try_from(ids.len()).is_ok_and(|count| count >= USER_IDS_MOST);
        let next = ids.last().copied().filter(|_| is_full);
        Ok(UserIds { ids, next })
    }
}
