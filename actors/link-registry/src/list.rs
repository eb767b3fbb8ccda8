//! The links of an organisation, the newest first.

use contract::{
    Cursor, Page, Problem,
    ids::LinkId,
    links::{Link, ListLinks},
};
use kernel::{Cx, Serve};

use crate::{LinkRegistry, sql};

impl Serve<ListLinks> for LinkRegistry {
    async fn serve(&mut self, message: ListLinks, _: &Cx) -> Result<Page<Link>, Problem> {
        let wanted = message.page.rows();
        let mut db = self.db.read().await?;
        let rows = sql::LIST_LINKS
            .bind(message.organisation)
            .bind(message.page.after::<LinkId>()?)
            .bind(wanted as u64 + 1)
            .fetch_all(&mut db)
            .await?;
        let links = rows
            .iter()
            .map(|row| self.link(row))
            .collect::<Result<_, _>>()?;
        Ok(Page::cut(links, wanted, |link: &Link| {
            Cursor(link.id.to_string())
        }))
    }
}
