//! How many are invited and have not answered.

use contract::{
    Problem,
    invited::{CountPending, PENDING_COUNTED, PendingCount},
    users::UserFilter,
};
use kernel::{Cx, Serve};

use super::{links::Links, sql};
use crate::Roster;

impl Serve<CountPending> for Roster {
    async fn serve(&mut self, message: CountPending, _: &Cx) -> Result<PendingCount, Problem> {
        let mut db = self.db.read().await?;
        let links = Links::of(&mut db, message.organisation, &UserFilter::default()).await?;
        let count = sql::COUNT_PENDING
            .bind_rows(&links.ids())
            .bind(self.clock.now())
            .bind(PENDING_COUNTED + 1);
        let n: u64 = count.fetch_one(&mut db).await?.get("n")?;
        let counted = u32::try_from(n).unwrap_or(u32::MAX);
        Ok(PendingCount {
            count: counted.min(PENDING_COUNTED),
            is_more: counted > PENDING_COUNTED,
        })
    }
}
