//! The people of an organisation, in any of the orders.

use contract::{
    Page, Problem, Timestamp,
    ids::{MembershipId, Ulid},
    users::{ListUsers, User, UserSort},
};
use kernel::{Cx, Serve};
use serde::Serialize;
use store::Statement;

use crate::{
    Roster,
    filter::Filter,
    person::people,
    place::{Key, Place},
    sql,
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
        let few = filter.few(&mut db, message.organisation).await?;
        let way = match (&few, filter.tags.first()) {
            (Some(_), _) => Way::Few,
            (None, Some(_)) if kind(sort) == Key::Id => Way::Tag,
            (None, _) => Way::All,
        };
        let query = filter
            .bind(statement(sort, way).bind(message.organisation))
            .bind(wanted as u64 + 1)
            .bind(place.as_ref().map(|place| place.id));
        let query = match kind(sort) {
            Key::Id => query.bind(None::<String>),
            Key::Text => query.bind(place.map(|place| place.key)),
            // Parsed when the cursor was.
            Key::Number => query.bind(place.and_then(|place| place.key.parse::<i64>().ok())),
        };
        let query = match (way, &few, filter.tags.first()) {
            (Way::Few, Some(few), _) => few.bind(query),
            (Way::Tag, _, Some(first)) => query.bind(first.tag),
            _ => query,
        };
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

/// Where people are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Along the order, among everybody.
    All,
    /// Among a few.
    Few,
    /// Along the index of a tag, which has them by id. Tags tell of years, and so do ids: along the
    /// order the first of them may come last.
    Tag,
}

fn statement(sort: UserSort, way: Way) -> &'static Statement {
    let (few, all) = match sort {
        UserSort::Newest if way == Way::Tag => return &sql::TAGGED_NEWEST,
        UserSort::Oldest if way == Way::Tag => return &sql::TAGGED_OLDEST,
        UserSort::Newest => (&sql::FEW_NEWEST, &sql::LIST_NEWEST),
        UserSort::Oldest => (&sql::FEW_OLDEST, &sql::LIST_OLDEST),
        UserSort::Name => (&sql::FEW_BY_NAME, &sql::LIST_BY_NAME),
        UserSort::Email => (&sql::FEW_BY_EMAIL, &sql::LIST_BY_EMAIL),
        UserSort::Redeemed => (&sql::FEW_BY_REDEEMED, &sql::LIST_BY_REDEEMED),
        UserSort::LastActive => (&sql::FEW_BY_LAST_ACTIVE, &sql::LIST_BY_LAST_ACTIVE),
    };
    if way == Way::Few { few } else { all }
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
