//! Every organisation, by name.

use std::str::FromStr;

use contract::{
    Cursor, Page, Problem,
    ids::OrganisationId,
    organisations::{ListOrganisations, Organisation},
    text::Name,
};
use kernel::{Cx, Serve};

use super::organisation;
use crate::{AdminDirectory, sql};

/// Behind which organisation a page begins. Names repeat, so the id decides between equal ones.
struct Place {
    id: OrganisationId,
    name: Name,
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (id, name) = text.split_once(' ').ok_or(())?;
        let name = Name::parse(name).map_err(|_| ())?;
        Ok(Self {
            id: id.parse().map_err(|_| ())?,
            name,
        })
    }
}

fn cursor(row: &Organisation) -> Cursor {
    Cursor(format!("{} {}", row.id, row.name))
}

impl Serve<ListOrganisations> for AdminDirectory {
    async fn serve(
        &mut self,
        message: ListOrganisations,
        _: &Cx,
    ) -> Result<Page<Organisation>, Problem> {
        let wanted = message.page.rows();
        let (name, id) = match message.page.after::<Place>()? {
            Some(place) => (place.name.to_string(), place.id.to_string()),
            None => (String::new(), String::new()),
        };
        let mut db = self.db.read().await?;
        let rows = sql::LIST_ORGANISATIONS
            .bind(name)
            .bind(id)
            .bind(wanted as u64 + 1)
            .fetch_all(&mut db)
            .await?;
        let organisations = rows.iter().map(organisation).collect::<Result<_, _>>()?;
        Ok(Page::cut(organisations, wanted, cursor))
    }
}
