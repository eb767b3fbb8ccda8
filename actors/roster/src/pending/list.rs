//! Pending invites, in any of the orders.

use contract::{
    Page, Problem,
    ids::{InviteId, LinkId},
    invited::{ListPending, Pending},
    text::Tag,
    users::{UserFilter, UserSort},
};
use kernel::{Cx, Serve};
use serde::Serialize;
use store::Row;

use super::{links::Links, way::Way};
use crate::{
    Roster,
    place::{Key, Place},
    search::search,
};

/// The door that everybody who is invited comes through.
const DOOR: &str = "invite";

impl Serve<ListPending> for Roster {
    async fn serve(&mut self, message: ListPending, _: &Cx) -> Result<Page<Pending>, Problem> {
        let (sort, filter, wanted) = (message.sort, &message.filter, message.page.rows());
        let by = kind(sort);
        let place: Option<Place<InviteId>> = Place::of(sort, by, &message.page)?;
        if filter.tags.len() > Tag::MOST_PER_ROW {
            let detail = format!("Nobody has more than {} tags.", Tag::MOST_PER_ROW);
            return Err(Problem::invalid("tag", "too-many", detail));
        }
        let search = search(filter.q.as_deref())?;
        let mut db = self.db.read().await?;
        let links = Links::of(&mut db, message.organisation, filter).await?;
        if is_about_others(filter) || links.is_empty() {
            return Ok(Page {
                items: Vec::new(),
                next_cursor: None,
            });
        }
        let about = (message.organisation, self.clock.now());
        let way = Way::of(&mut db, about, links.ids(), search.as_ref()).await?;
        let (id, key) = place.map_or((None, None), |place| (Some(place.id), Some(place.key)));
        let query = way
            .statement(sort)
            .bind(about.0)
            .bind(about.1)
            .bind(wanted as u64 + 1)
            .bind(search.as_ref().map(|search| &search.pattern))
            .bind(id)
            .bind(key.filter(|_| by == Key::Text));
        let rows = way.bind(query).fetch_all(&mut db).await?;
        let listed = rows.iter().map(|row| listed(&links, by, row));
        let listed = listed.collect::<Result<Vec<_>, Problem>>()?;
        let page = Page::cut(listed, wanted, |row: &Listed| row.place.cursor(sort));
        Ok(Page {
            items: page.items.into_iter().map(|row| row.pending).collect(),
            next_cursor: page.next_cursor,
        })
    }
}

/// Whether a filter asks for what nobody has who is only invited.
fn is_about_others(filter: &UserFilter) -> bool {
    filter.status.is_some() || filter.door.as_deref().is_some_and(|door| door != DOOR)
}

/// What an order of pending invites sorts by: seats and visits they have none of.
const fn kind(sort: UserSort) -> Key {
    match sort {
        UserSort::Name | UserSort::Email => Key::Text,
        UserSort::Newest | UserSort::Oldest | UserSort::Redeemed | UserSort::LastActive => Key::Id,
    }
}

#[derive(Debug, Serialize)]
struct Listed {
    pending: Pending,
    place: Place<InviteId>,
}

fn listed(links: &Links, by: Key, row: &Row) -> Result<Listed, Problem> {
    let link: LinkId = row.get("link_id")?;
    // Found by these links and no others.
    let given = links.get(link);
    let given = given.ok_or_else(|| row.bad("link_id", "is not one that was asked for"))?;
    let given = given.clone();
    Ok(Listed {
        place: Place::after(by, row)?,
        pending: Pending {
            id: row.get("id")?,
            name: row.get("name")?,
            email: row.get("email")?,
            tags: given.tags,
            link: given.link,
            plan_id: given.plan_id,
            plan_name: given.plan_name,
            invited_at: row.get("created_at")?,
            expires_at: row.get("expires_at")?,
        },
    })
}
