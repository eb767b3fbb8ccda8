//! Every list is paged by cursor.

use serde::{Deserialize, Serialize};

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
        let limit = self.limit.unwrap_or(Self::DEFAULT_LIMIT).clamp(1, Self::MOST);
        usize::try_from(limit).unwrap_or(1)
    }
}

impl<T> Page<T> {
    /// A page from one row more than was asked for: the surplus row only says that there is a next
    /// page, `cursor_of` the last row that is kept says where it begins.
    pub fn cut(mut rows: Vec<T>, wanted: usize, cursor_of: impl Fn(&T) -> Cursor) -> Self {
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let next_cursor = rows.last().filter(|_| more).map(cursor_of);
        Self { items: rows, next_cursor }
    }
}
