//! The ids of the people that a filter finds, for a change of all of them.

use contract::{
    Problem,
    users::{ListUserIds, USER_IDS_MOST, UserIds, UserSort},
};
use kernel::{Cx, Serve};

use crate::{Roster, filter::Filter, way::Way};

impl Serve<ListUserIds> for Roster {
    async fn serve(&mut self, message: ListUserIds, _: &Cx) -> Result<UserIds, Problem> {
        let filter = Filter::of(&message.filter)?;
        let mut db = self.db.read().await?;
        // The newest first, as the statements have them.
        let way = Way::of(&mut db, message.organisation, &filter, UserSort::Newest).await?;
        let query = way.statement_of_ids().bind(message.organisation);
        let query = filter
            .bind(query, &way)
            .bind(USER_IDS_MOST)
            .bind(message.after);
        let rows = way.bind(query).fetch_all(&mut db).await?;
        let ids = rows.iter().map(|row| row.get("id"));
        let ids: Vec<_> = ids.collect::<Result<_, _>>()?;
        let is_full = u32::try_from(ids.len()).is_ok_and(|count| count >= USER_IDS_MOST);
        let next = ids.last().copied().filter(|_| is_full);
        Ok(UserIds { ids, next })
    }
}
