//! The people of an organisation, in any of the orders.

use contract::{
    Cursor, Page, PageRequest, Problem,
    ids::MembershipId,
    users::{ListUsers, User, UserSort},
};
use kernel::{Cx, Serve};
use serde::Serialize;
use store::{Row, Statement, StoreError};

use crate::{Roster, filter::Filter, person::people, sql};

impl Serve<ListUsers> for Roster {
    async fn serve(&mut self, message: ListUsers, _: &Cx) -> Result<Page<User>, Problem> {
        let (sort, wanted) = (message.sort, message.page.rows());
        let place = Place::of(sort, &message.page)?;
        let filter = Filter::of(&message.filter)?;
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
            (Way::Few, Some(ids), _) => query.bind_rows(ids),
            (Way::Tag, _, Some(first)) => query.bind(first.tag),
            _ => query,
        };
        let rows = query.fetch_all(&mut db).await?;
        let places = rows.iter().map(|row| Place::after(sort, row));
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

/// What an order sorts by, before the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// Nothing else.
    Id,
    /// `sort_key`, a text.
    Text,
    /// `sort_key`, an instant or 0.
    Number,
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
    place: Place,
}

/// A place in an order: behind the row of this id, which had this key when it was seen.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Place {
    id: MembershipId,
    key: String,
}

impl Place {
    /// Where a page begins; `None` for the first one.
    fn of(sort: UserSort, page: &PageRequest) -> Result<Option<Self>, Problem> {
        let Some(Cursor(text)) = &page.cursor else {
            return Ok(None);
        };
        let place = Self::parse(sort, text);
        place.map(Some).ok_or_else(|| {
            let detail = "This cursor does not belong to this list in this order.";
            Problem::invalid("cursor", "not-a-cursor", detail)
        })
    }

    fn parse(sort: UserSort, text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        let is_key = match kind(sort) {
            Key::Id => key.is_empty(),
            Key::Text => !key.contains('\0'),
            Key::Number => key.parse::<i64>().is_ok(),
        };
        let is_ours = name == sort.name() && is_key && text.len() <= CURSOR_MOST;
        let id = id.parse().ok().filter(|_| is_ours)?;
        Some(Self {
            id,
            key: key.to_owned(),
        })
    }

    fn after(sort: UserSort, row: &Row) -> Result<Self, StoreError> {
        let key = match kind(sort) {
            Key::Id => String::new(),
            Key::Text => row.get("sort_key")?,
            Key::Number => row.get::<i64>("sort_key")?.to_string(),
        };
        let id = row.get("id")?;
        Ok(Self { id, key })
    }

    fn cursor(&self, sort: UserSort) -> Cursor {
        let Self { id, key } = self;
        Cursor(format!("{}:{id}:{key}", sort.name()))
    }
}

/// The longest cursor: 100 characters of a name, the id, the order.
const CURSOR_MOST: usize = 512;

#[cfg(test)]
mod tests {
    use contract::ids::Ulid;

    use super::*;

    #[test]
    fn a_place_is_read_back_in_its_own_order_only() {
        let id = MembershipId::new(Ulid::nil());
        for (sort, key) in [
            (UserSort::Newest, ""),
            (UserSort::Name, "ann: lee"),
            (UserSort::LastActive, "17"),
        ] {
            let place = Place {
                id,
                key: key.to_owned(),
            };
            let Cursor(text) = place.cursor(sort);
            assert_eq!(Place::parse(sort, &text), Some(place));
            let others = UserSort::ALL.into_iter().filter(|other| *other != sort);
            for other in others {
                assert_eq!(Place::parse(other, &text), None, "{text}");
            }
        }
        assert_eq!(
            Place::parse(UserSort::Redeemed, &format!("redeemed:{id}:x")),
            None
        );
        assert_eq!(Place::parse(UserSort::Name, &format!("name:{id}:\0")), None);
    }

    #[test]
    fn the_longest_name_fits_in_a_cursor() {
        let place = Place {
            id: MembershipId::new(Ulid::nil()),
            key: "\u{10ffff}".repeat(100),
        };
        assert!(place.cursor(UserSort::Name).0.len() <= CURSOR_MOST);
    }
}
