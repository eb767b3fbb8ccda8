//! The queue of a plan.

use std::str::FromStr;

use contract::{
    Cursor, Kind, Page, Problem,
    ids::MembershipId,
    users::{ListWaiting, Waiting},
};
use kernel::{Cx, Serve};
use store::{Row, StoreError};

use crate::{Roster, sql};

impl Serve<ListWaiting> for Roster {
    async fn serve(&mut self, message: ListWaiting, _: &Cx) -> Result<Page<Waiting>, Problem> {
        let wanted = message.page.rows();
        let after = message.page.after::<Place>()?;
        let (since, id) = after.map(|Place { since, id }| (since, id)).unzip();
        let mut db = self.db.read().await?;
        let plan = sql::FIND_PLAN
            .bind(message.organisation)
            .bind(message.plan_id);
        if plan.fetch_optional(&mut db).await?.is_none() {
            return Err(Problem::new(Kind::NotFound));
        }
        let before = sql::COUNT_BEFORE
            .bind(message.plan_id)
            .bind(since)
            .bind(id)
            .fetch_one(&mut db)
            .await?;
        let before: u64 = before.get("n")?;
        let rows = sql::LIST_WAITING
            .bind(message.plan_id)
            .bind(since)
            .bind(id)
            .bind(wanted as u64 + 1)
            .fetch_all(&mut db)
            .await?;
        let queue = (before + 1..).zip(&rows).map(waiting);
        let queue = queue.collect::<Result<_, _>>()?;
        Ok(Page::cut(queue, wanted, |row: &Waiting| {
            Cursor(format!("{}:{}", row.waiting_since.micros(), row.id))
        }))
    }
}

/// A place in a queue: behind whoever came then.
#[derive(Debug)]
struct Place {
    since: i64,
    id: MembershipId,
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (since, id) = text.split_once(':').ok_or(())?;
        let since = since.parse().map_err(drop)?;
        let id = id.parse().map_err(drop)?;
        Ok(Self { since, id })
    }
}

fn waiting((position, row): (u64, &Row)) -> Result<Waiting, StoreError> {
    Ok(Waiting {
        position,
        id: row.get("id")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        email: row.get("email")?,
        waiting_since: row.get("waiting_since")?,
    })
}
