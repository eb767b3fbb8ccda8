//! One person of an organisation.

use contract::{
    Kind, Problem,
    users::{GetUser, User},
};
use kernel::{Cx, Serve};

use crate::{Roster, domains::needed, person::people, sql};

impl Serve<GetUser> for Roster {
    async fn serve(&mut self, message: GetUser, _: &Cx) -> Result<User, Problem> {
        let mut db = self.db.read().await?;
        let found = sql::FIND_PERSON
            .bind(message.organisation)
            .bind(message.membership_id);
        let rows = found.fetch_all(&mut db).await?;
        let user = people(&mut db, &rows).await?.pop();
        let (mut user, row) = user
            .zip(rows.first())
            .ok_or_else(|| Problem::new(Kind::NotFound))?;
        user.domains_needed = needed(row, user.status)?;
        Ok(user)
    }
}
