//! Every list is paged by cursor.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// A page of a list, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// Hand it back to get the next page; `None` on the last one.
    pub next_cursor: Option<Cursor>,
}

/// A place in a list: the sort key of the last row seen, opaque to callers. Bounded to 512 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// Which page is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRequest {
    /// After which row; `None` for the first page.
    #[serde(default)]
    pub cursor: Option<Cursor>,
    /// How many rows; [`PageRequest::DEFAULT_LIMIT`] unless said, at most [`PageRequest::MOST`].
    #[serde(default)]
    pub limit: Option<u32>,
}

impl PageRequest {
    /// Rows of a page when nothing is said.
    pub const DEFAULT_LIMIT: u32 = 50;
    /// The most rows of a page.
    pub const MOST: u32 = 200;

    /// How many rows to answer, between 1 and [`PageRequest::MOST`].
    pub fn rows(&self) -> usize {
        let limit = self
            .limit
            .unwrap_or(Self::DEFAULT_LIMIT)
            .clamp(1, Self::MOST);
        usize::try_from(limit).unwrap_or(1)
    }

    /// The cursor as what its list sorts by, mostly an id; refused when it is of another list.
    pub fn after<T: FromStr>(&self) -> Result<Option<T>, Problem> {
        let Some(Cursor(cursor)) = &self.cursor else {
            return Ok(None);
        };
        cursor.parse().map(Some).map_err(|_| {
            Problem::invalid(
                "cursor",
                "not-a-cursor",
                "This cursor does not belong to this list.",
            )
        })
    }
}

impl<T: Serialize> Page<T> {
    /// The most bytes of JSON that the rows of a page make, unless one row alone is larger: half of
    /// what the bus carries.
    const MOST_BYTES: usize = 512 << 10;

    /// A page from one row more than was asked for: the surplus row only says that there is a next
    /// page, `cursor_of` the last row that is kept says where it begins. Large rows make a shorter
    /// page.
    pub fn cut(mut rows: Vec<T>, wanted: usize, cursor_of: impl Fn(&T) -> Cursor) -> Self {
        let (mut kept, mut bytes) = (0, 0);
        for row in rows.iter().take(wanted) {
            bytes += serde_json::to_vec(row).map_or(0, |json| json.len());
            if kept > 0 && bytes > Self::MOST_BYTES {
                break;
            }
            kept += 1;
        }
        let more = rows.len() > kept;
        rows.truncate(kept);
        let next_cursor = rows.last().filter(|_| more).map(cursor_of);
        Self {
            items: rows,
            next_cursor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::ptr_arg, reason = "rows of this list are owned texts")]
    fn cursor(row: &String) -> Cursor {
        Cursor(row.len().to_string())
    }

    #[test]
    fn the_surplus_row_only_says_that_there_is_more() {
        let rows = |count: usize| (1..=count).map(|n| "x".repeat(n)).collect::<Vec<_>>();
        assert_eq!(
            Page::cut(rows(3), 2, cursor).next_cursor,
            Some(Cursor("2".to_owned()))
        );
        assert_eq!(Page::cut(rows(2), 2, cursor).next_cursor, None);
        assert_eq!(Page::cut(rows(0), 2, cursor).items.len(), 0);
    }

    #[test]
    fn large_rows_make_a_shorter_page_but_never_an_empty_one() {
        let rows = vec!["x".repeat(300 << 10), "y".repeat(300 << 10)];
        let page = Page::cut(rows, 2, cursor);
        assert_eq!((page.items.len(), page.next_cursor.is_some()), (1, true));
        assert_eq!(
            Page::cut(vec!["x".repeat(600 << 10)], 1, cursor)
                .items
                .len(),
            1
        );
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        use crate::ids::{LinkId, PlanId};
        let link = LinkId::new(ulid::Ulid::nil());
        let page = PageRequest {
            cursor: Some(Cursor(link.to_string())),
            limit: None,
        };
        assert_eq!(page.after::<LinkId>(), Ok(Some(link)));
        assert_eq!(
            page.after::<PlanId>().unwrap_err().errors[0].field,
            "cursor"
        );
        assert_eq!(PageRequest::default().after::<LinkId>(), Ok(None));
    }
}
