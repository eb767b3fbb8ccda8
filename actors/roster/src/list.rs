//! The people of an organisation, in any of the orders.

use contract::{
    Page, Problem, Timestamp,
    ids::{MembershipId, Ulid},
    users::{ListUsers, User, UserSort},
};
use kernel::{Cx, Serve};
use serde::Serialize;

use crate::{
    Roster,
    filter::Filter,
    person::people,
    place::{Key, Place},
    way::Way,
};

impl Serve<ListUsers> for Roster {
    async fn serve(&mut self, message: ListUsers, _: &Cx) -> Result<Page<User>, Problem> {
        let (sort, wanted) = (message.sort, message.page.rows());
        let place: Option<Place<MembershipId>> = Place::of(sort, kind(sort), &message.page)?;
        let filter = Filter::of(&message.filter)?;
        let place = match filter.inactive_since {
            Some(since) if kind(sort) == Key::Number => Some(behind_the_seen(since, place)),
            _ => place,
        };
        let mut db = self.db.read().await?;
        let way = Way::of(&mut db, message.organisation, &filter, sort).await?;
        let query = way.statement(sort).bind(message.organisation);
        let query = filter
            .bind(query, &way)
            .bind(wanted as u64 + 1)
            .bind(place.as_ref().map(|place| place.id));
        let query = match kind(sort) {
            Key::Id => query.bind(None::<String>),
            Key::Text => query.bind(place.map(|place| place.key)),
            // Parsed when the cursor was.
            Key::Number => query.bind(place.and_then(|place| place.key.parse::<i64>().ok())),
        };
        let query = way.bind(query);
        let rows = query.fetch_all(&mut db).await?;
        let places = rows.iter().map(|row| Place::after(kind(sort), row));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let users = people(&mut db, &rows).await?;
        let rows = users.into_iter().zip(places);
        let rows = rows.map(|(user, place)| Listed { user, place });
        let page = Page::cut(rows.collect(), wanted, |row: &Listed| {
            row.place.cursor(sort)
        });
        Ok(Page {
            items: page.items.into_iter().map(|row| row.user).collect(),
            next_cursor: page.next_cursor,
        })
    }
}

/// Where those begin who were not seen since, by last activity or by redemption: behind all who were, which
/// may be nearly everybody.
fn behind_the_seen(since: Timestamp, place: Option<Place<MembershipId>>) -> Place<MembershipId> {
    let since = since.micros();
    let is_behind = |place: &Place<_>| place.key.parse().is_ok_and(|key: i64| key < since);
    place.filter(is_behind).unwrap_or_else(|| Place {
        id: MembershipId::new(Ulid::nil()),
        key: since.to_string(),
    })
}

const fn kind(sort: UserSort) -> Key {
    match sort {
        UserSort::Newest | UserSort::Oldest => Key::Id,
        UserSort::Name | UserSort::Email => Key::Text,
        UserSort::Redeemed | UserSort::LastActive => Key::Number,
    }
}

#[derive(Debug, Serialize)]
struct Listed {
    user: User,
    place: Place<MembershipId>,
}
