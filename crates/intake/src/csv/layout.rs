//! Which column is what.

use super::{
    FileProblem, header,
    sniff::{Sample, is_bare},
};
use crate::fold;

/// Where the cells of a row are that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The column of addresses; `None`: every cell is one.
    pub(crate) address: Option<usize>,
    pub(crate) names: Names,
    /// Whether the first row heads the others.
    pub(crate) has_header: bool,
    /// What the column of addresses is called.
    pub(crate) title: Option<String>,
}

/// Columns of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    first: Option<usize>,
    last: Option<usize>,
    full: Option<usize>,
}

impl Names {
    fn of(header: &[String]) -> Self {
        let find = |is: fn(&str) -> bool| header.iter().position(|cell| is(cell));
        Self {
            first: find(header::is_first_name),
            last: find(header::is_last_name),
            full: find(header::is_full_name),
        }
    }

    /// The name in a row; `Name` beside `First name` is the last name.
    pub(crate) fn read<'r>(&self, cell: impl Fn(usize) -> Option<&'r str>) -> Option<String> {
        let of = |column: Option<usize>| {
            column
                .and_then(&cell)
                .map(str::trim)
                .filter(|name| !name.is_empty())
        };
        let last = of(self.last.or(self.full));
        match (of(self.first), last) {
            (Some(first), Some(last)) => Some(format!("{first} {last}")),
            (first, last) => of(self.full).or(first).or(last).map(str::to_owned),
        }
    }
}

/// Decides by the first rows of a file, and by the column that somebody named.
pub(crate) fn decide(sample: &Sample, column: Option<&str>) -> Result<Layout, FileProblem> {
    let rows = sample.rows.as_slice();
    // Where no row was seen to its end although there is one, it is too long.
    let none = sample
        .beyond
        .map_or(FileProblem::Empty, |line| FileProblem::LineTooLong { line });
    let Some(first) = rows.first() else {
        return Err(none);
    };
    let names_column =
        column.is_some_and(|column| first.iter().any(|cell| is_called(cell, column)));
    let has_header = names_column && !first.iter().any(|cell| fold::has_at(cell))
        || header::is_header(first.iter().map(String::as_str));
    let body = if has_header {
        rows.get(1..).unwrap_or_default()
    } else {
        rows
    };
    let names = if has_header {
        Names::of(first)
    } else {
        Names::default()
    };
    let title = |column: usize| has_header.then(|| first.get(column).cloned()).flatten();
    let at = |column: usize| Layout {
        address: Some(column),
        names,
        has_header,
        title: title(column),
    };
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let called = |column: usize| match title(column) {
        Some(title) if !title.is_empty() => title,
        _ => (column + 1).to_string(),
    };
    if let Some(column) = column {
        let by_title = first
            .iter()
            .position(|cell| has_header && is_called(cell, column));
        let by_number = column
            .trim()
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        return match by_title.or(by_number.filter(|number| *number < width)) {
            Some(found) => Ok(at(found)),
            None => Err(FileProblem::NoSuchColumn {
                column: column.chars().take(100).collect(),
                columns: (0..width).take(50).map(called).collect(),
            }),
        };
    }
    let titled = first
        .iter()
        .position(|cell| has_header && header::is_email(cell));
    let candidates = candidates(body, width);
    match candidates.as_slice() {
        [] if body.is_empty() && has_header => match titled {
            Some(titled) if sample.beyond.is_some() => Ok(at(titled)),
            _ => Err(none),
        },
        [] => titled.map(at).ok_or(FileProblem::NoAddresses),
        [(only, _)] => Ok(at(*only)),
        _ if !has_header && is_list(body) => Ok(Layout::default()),
        several => {
            let most = several.iter().map(|(_, count)| *count).max().unwrap_or(0);
            let rivals: Vec<_> = several
                .iter()
                .filter(|(_, count)| count * 2 >= most)
                .collect();
            match rivals.as_slice() {
                [(only, _)] => Ok(at(*only)),
                _ => Err(FileProblem::WhichColumn {
                    columns: rivals
                        .iter()
                        .take(50)
                        .map(|(column, _)| called(*column))
                        .collect(),
                }),
            }
        }
    }
}

/// The columns that hold addresses, and how many. One with something around each is a column of its own
/// only where that is not an address of its row that stands free elsewhere, as in `Ann (ann@x.edu)`.
fn candidates(rows: &[Vec<String>], width: usize) -> Vec<(usize, usize)> {
    let mut counts = vec![0; width];
    for row in rows {
        let free: Vec<_> = row.iter().filter(|cell| is_bare(cell)).collect();
        let repeats = |cell: &str| free.iter().any(|free| cell.contains(free.as_str()));
        for (count, cell) in counts.iter_mut().zip(row) {
            if is_bare(cell) || fold::has_at(cell) && !repeats(cell) {
                *count += 1;
            }
        }
    }
    let held = counts.into_iter().enumerate();
    held.filter(|(_, count)| *count > 0).collect()
}

/// Whether rows are not those of a table, but a list that runs through them.
fn is_list(rows: &[Vec<String>]) -> bool {
    let mut cells = rows.iter().flatten().filter(|cell| !cell.is_empty());
    let filled = |row: &Vec<String>| row.iter().filter(|cell| !cell.is_empty()).count();
    let mut widths = rows.iter().map(filled);
    let first = widths.next();
    cells.all(|cell| fold::has_at(cell))
        && (rows.len() == 1 || widths.any(|width| Some(width) != first))
}

fn is_called(cell: &str, column: &str) -> bool {
    cell.trim() == column.trim()
        || header::plain(cell) == header::plain(column) && !header::plain(cell).is_empty()
}
