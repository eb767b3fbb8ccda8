//! Where a page of a list begins.

use std::{fmt::Display, str::FromStr};

use contract::{Cursor, PageRequest, Problem, users::UserSort};
use serde::Serialize;
use store::{Column, Row, StoreError};

/// The longest cursor: 254 characters of an address or 100 of a name, the id, the order.
const CURSOR_MOST: usize = 512;

/// What an order sorts by, before the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// Nothing else.
    Id,
    /// `sort_key`, a text.
    Text,
    /// `sort_key`, an instant or 0.
    Number,
}

/// A place in an order: behind the row of this id, which had this key when it was seen.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Place<I> {
    pub(crate) id: I,
    pub(crate) key: String,
}

impl<I: Display + FromStr> Place<I> {
    /// Where a page begins; `None` for the first one.
    pub(crate) fn of(sort: UserSort, by: Key, page: &PageRequest) -> Result<Option<Self>, Problem> {
        let Some(Cursor(text)) = &page.cursor else {
            return Ok(None);
        };
        let place = Self::parse(sort, by, text);
        place.map(Some).ok_or_else(|| {
            let detail = "This cursor does not belong to this list in this order.";
            Problem::invalid("cursor", "not-a-cursor", detail)
        })
    }

    fn parse(sort: UserSort, by: Key, text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        let is_key = match by {
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

    /// Behind a row.
    pub(crate) fn after(by: Key, row: &Row) -> Result<Self, StoreError>
    where
        I: Column,
    {
        let key = match by {
            Key::Id => String::new(),
            Key::Text => row.get("sort_key")?,
            Key::Number => row.get::<i64>("sort_key")?.to_string(),
        };
        let id = row.get("id")?;
        Ok(Self { id, key })
    }

    /// As it is handed out.
    pub(crate) fn cursor(&self, sort: UserSort) -> Cursor {
        let Self { id, key } = self;
        Cursor(format!("{}:{id}:{key}", sort.name()))
    }
}

#[cfg(test)]
mod tests {
    use contract::ids::{InviteId, MembershipId, Ulid};

    use super::*;

    const ID: MembershipId = MembershipId::new(Ulid::nil());

    fn parse(sort: UserSort, by: Key, text: &str) -> Option<Place<MembershipId>> {
        Place::parse(sort, by, text)
    }

    #[test]
    fn a_place_is_read_back_in_its_own_order_only() {
        for (sort, by, key) in [
            (UserSort::Newest, Key::Id, ""),
            (UserSort::Name, Key::Text, "ann: lee"),
            (UserSort::LastActive, Key::Number, "17"),
        ] {
            let place = Place {
                id: ID,
                key: key.to_owned(),
            };
            let Cursor(text) = place.cursor(sort);
            assert_eq!(parse(sort, by, &text), Some(place));
            let others = UserSort::ALL.into_iter().filter(|other| *other != sort);
            for other in others {
                assert_eq!(parse(other, by, &text), None, "{text}");
            }
            // Nor in the same order of another list.
            assert_eq!(Place::<InviteId>::parse(sort, by, &text), None);
        }
        let (number, text) = (format!("redeemed:{ID}:x"), format!("name:{ID}:\0"));
        assert_eq!(parse(UserSort::Redeemed, Key::Number, &number), None);
        assert_eq!(parse(UserSort::Name, Key::Text, &text), None);
    }

    #[test]
    fn the_longest_name_fits_in_a_cursor() {
        let place = Place {
            id: ID,
            key: "\u{10ffff}".repeat(100),
        };
        assert!(place.cursor(UserSort::Name).0.len() <= CURSOR_MOST);
    }
}
