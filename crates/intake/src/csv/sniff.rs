//! What a file is, from its start.

use super::{FileProblem, header, records::Records};

/// What may be between cells, the likelier first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The most rows that are looked at.
const SAMPLE: usize = 500;

/// What is no text, known by its first bytes.
pub(crate) fn refuse_binary(head: &[u8]) -> Result<(), FileProblem> {
    let has = |part: &[u8]| {
        head.windows(part.len())
            .take(4096)
            .any(|window| window == part)
    };
    match head {
        [b'P', b'K', 3, 4, ..]
            if has(b"xl/") || has(b"[Content_Types]") || has(b"opendocument") =>
        {
            Err(FileProblem::Workbook)
        }
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Err(FileProblem::Workbook),
        [b'P', b'K', 3 | 5, 4 | 6, ..]
        | [0x1f, 0x8b, ..]
        | [b'7', b'z', 0xbc, 0xaf, ..]
        | [b'R', b'a', b'r', b'!', ..] => Err(FileProblem::Archive),
        [b'%', b'P', b'D', b'F', ..] => Err(FileProblem::Pdf),
        _ => Ok(()),
    }
}

/// The delimiter that a first line `sep=;` names, and what follows that line.
pub(crate) fn named(text: &str) -> Option<(u8, &str)> {
    let (line, rest) = match text.split_once(['\r', '\n']) {
        Some((line, rest)) => (
            line,
            if text.contains("\r\n") {
                rest.strip_prefix('\n').unwrap_or(rest)
            } else {
                rest
            },
        ),
        None => (text, ""),
    };
    let line = line.trim_matches('"');
    let (word, delimiter) = line.split_at_checked(4)?;
    match delimiter.as_bytes() {
        [delimiter] if word.eq_ignore_ascii_case("sep=") && delimiter.is_ascii() => {
            Some((*delimiter, rest))
        }
        _ => None,
    }
}

/// The delimiter that cuts most addresses free; among those, the one that cuts most rows into equally
/// many cells.
pub(crate) fn delimiter(text: &str, is_whole: bool) -> u8 {
    let mut best = (false, 0, 0, 0);
    let mut found = b',';
    for delimiter in DELIMITERS {
        let score = score(&sample(text, delimiter, 1, is_whole).rows);
        if score > best {
            best = score;
            found = delimiter;
        }
    }
    found
}

/// The start of a file.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) rows: Vec<Vec<String>>,
    /// The line of the first row that is not among them, as its end was not seen; `None`: there is none.
    pub(crate) beyond: Option<u32>,
}

/// The rows of the start of a file, from this line on, cut by a delimiter.
pub(crate) fn sample(text: &str, delimiter: u8, line: u32, is_whole: bool) -> Sample {
    let mut rows = Vec::new();
    let mut records = Records::new(delimiter, line);
    // A row too long to be one is found again when the file is read.
    let _ = records.feed(text, is_whole, |record| {
        let row: Vec<_> = record.cells().map(|cell| cell.trim().to_owned()).collect();
        if rows.len() < SAMPLE && row.iter().any(|cell| !cell.is_empty()) {
            rows.push(row);
        }
        Ok(())
    });
    let is_cut = !is_whole || records.is_within_row();
    Sample {
        rows,
        beyond: is_cut.then(|| records.unread()),
    }
}

/// How well rows are cut: whether they fit below a header, how many addresses stand free, how many rows
/// are equally wide, and how wide.
fn score(rows: &[Vec<String>]) -> (bool, usize, usize, usize) {
    let bare = rows.iter().flatten().filter(|cell| is_bare(cell)).count();
    let mut widths = std::collections::BTreeMap::<usize, usize>::new();
    for row in rows.iter().filter(|row| row.len() > 1) {
        *widths.entry(row.len()).or_default() += 1;
    }
    let usual = widths
        .into_iter()
        .map(|(width, count)| (count, width))
        .max();
    let (count, width) = usual.unwrap_or_default();
    (fits_header(rows), bare, count, width)
}

/// Whether the first row heads a column of addresses and no other is wider. What is between the addresses
/// of one cell would cut wider rows.
fn fits_header(rows: &[Vec<String>]) -> bool {
    let Some((header, below)) = rows.split_first() else {
        return false;
    };
    let is_cut = |cell: &String| !cell.contains([',', ';', '\t', '|']);
    let is_headed = header
        .iter()
        .any(|cell| is_cut(cell) && header::is_email(cell));
    let mut beyond = below.iter().flat_map(|row| row.iter().skip(header.len()));
    is_headed && beyond.all(String::is_empty)
}

/// Whether a cell is one address and nothing else, as far as can be seen at once.
pub(crate) fn is_bare(cell: &str) -> bool {
    let cell = cell.trim();
    let odd = |c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | '|' | '<' | '>' | '"' | ':' | '(' | ')')
    };
    cell.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains('@')
    }) && !cell.contains(odd)
}
