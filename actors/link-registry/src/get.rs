//! One link, deleted or not.

use contract::{
    Kind, Problem,
    links::{GetLink, Link},
};
use kernel::{Cx, Serve};

use crate::{LinkRegistry, sql};

impl Serve<GetLink> for LinkRegistry {
    async fn serve(&mut self, message: GetLink, _: &Cx) -> Result<Link, Problem> {
        let mut db = self.db.read().await?;
        let found = sql::FIND_LINK
            .bind(message.organisation)
            .bind(message.link_id);
        let row = found.fetch_optional(&mut db).await?;
        self.link(&row.ok_or_else(|| Problem::new(Kind::NotFound))?)
    }
}
