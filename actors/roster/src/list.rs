//! The people of an organisation, the newest first.

use contract::{
    Cursor, Page, Problem,
    ids::MembershipId,
    users::{ListUsers, User},
};
use kernel::{Cx, Serve};

use crate::{Roster, person::people, search, sql};

impl Serve<ListUsers> for Roster {
    async fn serve(&mut self, message: ListUsers, _: &Cx) -> Result<Page<User>, Problem> {
        let wanted = message.page.rows();
        let pattern = search::pattern(message.q.as_deref())?;
        let mut db = self.db.read().await?;
        let rows = sql::LIST_PEOPLE
            .bind(message.organisation)
            .bind(message.page.after::<MembershipId>()?)
            .bind(message.status.map(contract::seats::Status::name))
            .bind(message.plan)
            .bind(message.link)
            .bind(pattern)
            .bind(message.tag.as_ref())
            .bind(wanted as u64 + 1)
            .fetch_all(&mut db)
            .await?;
        let users = people(&mut db, &rows).await?;
        Ok(Page::cut(users, wanted, |user: &User| {
            Cursor(user.id.to_string())
        }))
    }
}
