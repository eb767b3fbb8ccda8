//! A file, as it streams in.

mod decode;
pub(crate) mod header;
mod layout;
mod problem;
mod records;
mod sniff;

use crate::{Given, Reason, fold, given::shown, judge, name::person_name, seen::Seen, text};
use decode::Decode;
use layout::Layout;
use records::{Record, Records};

pub use decode::Encoding;
pub use problem::FileProblem;

/// How many bytes of a file are looked at before anything is decided.
const HEAD: usize = 64 * 1024;

/// What a file may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The most pieces it may hold.
    pub most: usize,
    /// The column of addresses, by its header or its number from 1; is found when `None`.
    pub column: Option<String>,
}

/// What a file was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many pieces it held.
    pub given: usize,
    /// How many addresses were taken of it.
    pub taken: usize,
    /// How its text was written.
    pub encoding: Encoding,
    /// The first line with a character that could not be read, and stands as `U+FFFD`.
    pub damaged: Option<u32>,
    /// What the column of addresses is called, where it has a header.
    pub column: Option<String>,
}

/// The end of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The last pieces.
    pub given: Vec<Given>,
    /// What it all was.
    pub summary: Summary,
}

/// Reads a file in whatever cut its bytes come.
#[derive(Debug)]
pub struct CsvReader {
    rules: Rules,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Its start is collected.
    Head(Vec<u8>),
    Body(Box<Body>),
    /// It was given up.
    Over(FileProblem),
}

#[derive(Debug)]
struct Body {
    decode: Decode,
    records: Records,
    text: String,
    rows: Rows,
    /// The first row with a character that could not be read.
    damaged: Option<u32>,
}

/// What is made of rows.
#[derive(Debug)]
struct Rows {
    layout: Layout,
    skips_header: bool,
    most: usize,
    given: usize,
    seen: Seen,
}

impl CsvReader {
    /// A reader of one file.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            stage: Stage::Head(Vec::new()),
        }
    }

    /// Reads more of it: the pieces that are complete. Once it is a problem it stays one.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Given>, FileProblem> {
        let mut given = Vec::new();
        self.read(bytes, false, &mut given)?;
        Ok(given)
    }

    /// There is no more.
    pub fn finish(mut self) -> Result<Finished, FileProblem> {
        let mut given = Vec::new();
        self.read(&[], true, &mut given)?;
        let Stage::Body(body) = self.stage else {
            return Err(FileProblem::Empty);
        };
        if body.rows.given == 0 {
            return Err(FileProblem::Empty);
        }
        let summary = Summary {
            given: body.rows.given,
            taken: body.rows.seen.distinct(),
            encoding: body.decode.encoding(),
            damaged: body.decode.is_damaged.then(|| body.damaged.unwrap_or(1)),
            column: body.rows.layout.title,
        };
        Ok(Finished { given, summary })
    }

    fn read(
        &mut self,
        bytes: &[u8],
        is_last: bool,
        given: &mut Vec<Given>,
    ) -> Result<(), FileProblem> {
        let result = self.advance(bytes, is_last, given);
        if let Err(problem) = &result {
            self.stage = Stage::Over(problem.clone());
        }
        result
    }

    fn advance(
        &mut self,
        bytes: &[u8],
        is_last: bool,
        given: &mut Vec<Given>,
    ) -> Result<(), FileProblem> {
        let body = match &mut self.stage {
            Stage::Over(problem) => return Err(problem.clone()),
            Stage::Body(body) => body,
            Stage::Head(head) => {
                let (start, rest) = bytes.split_at(bytes.len().min(HEAD - head.len()));
                head.extend_from_slice(start);
                if head.len() < HEAD && !is_last {
                    return Ok(());
                }
                let head = std::mem::take(head);
                let mut body = Box::new(Body::open(&head, is_last, &self.rules)?);
                body.rows(is_last, given)?;
                if !is_last {
                    body.read(rest, false, given)?;
                }
                self.stage = Stage::Body(body);
                return Ok(());
            }
        };
        body.read(bytes, is_last, given)
    }
}

impl Body {
    /// Decides what a file is by its start, whose text is then left to be read.
    fn open(head: &[u8], is_whole: bool, rules: &Rules) -> Result<Self, FileProblem> {
        sniff::refuse_binary(head)?;
        let (mut decode, mark) = Decode::new(head);
        let mut text = String::with_capacity(HEAD * 2);
        decode.read(head.get(mark..).unwrap_or_default(), is_whole, &mut text);
        if text.trim_matches(fold::is_edge).is_empty() {
            return Err(FileProblem::Empty);
        }
        let named =
            sniff::named(&text).map(|(delimiter, rest)| (delimiter, text.len() - rest.len()));
        let (delimiter, line) = match named {
            Some((delimiter, above)) => {
                text.drain(..above);
                (delimiter, 2)
            }
            None => (sniff::delimiter(&text, is_whole), 1),
        };
        let sample = sniff::sample(&text, delimiter, line, is_whole);
        let layout = layout::decide(&sample, rules.column.as_deref())?;
        let rows = Rows {
            skips_header: layout.has_header,
            layout,
            most: rules.most,
            given: 0,
            seen: Seen::default(),
        };
        let records = Records::new(delimiter, line);
        Ok(Self {
            decode,
            records,
            text,
            rows,
            damaged: None,
        })
    }

    fn read(
        &mut self,
        bytes: &[u8],
        is_last: bool,
        given: &mut Vec<Given>,
    ) -> Result<(), FileProblem> {
        self.decode.read(bytes, is_last, &mut self.text);
        self.rows(is_last, given)
    }

    fn rows(&mut self, is_last: bool, given: &mut Vec<Given>) -> Result<(), FileProblem> {
        let Self {
            records,
            text,
            rows,
            damaged,
            decode,
        } = self;
        let is_damaged = decode.is_damaged;
        let result = records.feed(text, is_last, |record| {
            if is_damaged && damaged.is_none() && record.cells().any(is_unread) {
                *damaged = Some(record.line);
            }
            rows.read(record, given)
        });
        text.clear();
        result
    }
}

impl Rows {
    fn read(&mut self, record: Record<'_>, given: &mut Vec<Given>) -> Result<(), FileProblem> {
        let is_blank = |cell: &str| cell.trim_matches(fold::is_edge).is_empty();
        if record.cells().all(is_blank) {
            return Ok(());
        }
        if std::mem::take(&mut self.skips_header) {
            return Ok(());
        }
        let start = given.len();
        match self.layout.address {
            Some(column) => {
                let cell = record.cell(column).unwrap_or_default().trim();
                given.extend(cell_with_name(cell, &record, &self.layout));
            }
            None => {
                for cell in record.cells().filter(|cell| !is_blank(cell)) {
                    read_cell(cell.trim(), record.line, given);
                }
            }
        }
        for piece in given.iter_mut().skip(start) {
            self.seen.note(piece);
        }
        self.given += given.len() - start;
        if self.given > self.most {
            return Err(FileProblem::TooMany { most: self.most });
        }
        Ok(())
    }
}

/// Whether a cell has a character that could not be read.
fn is_unread(cell: &str) -> bool {
    cell.contains(char::REPLACEMENT_CHARACTER)
}

/// The pieces of the one cell of a row that matters.
fn cell_with_name(cell: &str, record: &Record<'_>, layout: &Layout) -> Vec<Given> {
    let mut given = Vec::with_capacity(1);
    read_cell(cell, record.line, &mut given);
    if given.is_empty() {
        let row = record
            .cells()
            .map(str::trim)
            .filter(|cell| !cell.is_empty());
        let row = row.take(20).collect::<Vec<_>>().join(" ");
        given.push(Given::refused(record.line, &row, Reason::Missing));
    }
    let [piece] = given.as_mut_slice() else {
        return given;
    };
    if piece.name.is_none() {
        piece.name = layout
            .names
            .read(|column| record.cell(column))
            .and_then(|name| person_name(&name));
    }
    if let Err(refusal) = &mut piece.outcome
        && refusal.suggestion.is_none()
        && !fold::has_at(cell)
    {
        // Nothing here, and one address elsewhere in the row: perhaps cells have moved.
        let mut others = record.cells().filter(|cell| sniff::is_bare(cell));
        if let (Some(other), None) = (others.next(), others.next()) {
            refusal.suggestion = judge::suggest(other.trim());
        }
    }
    given
}

fn read_cell(cell: &str, line: u32, given: &mut Vec<Given>) {
    if cell.is_ascii() && sniff::is_bare(cell) && cell.bytes().all(is_plain) {
        let verdict = judge::judge(cell);
        given.push(Given {
            line,
            input: shown(cell),
            name: None,
            outcome: verdict.outcome,
            warning: verdict.warning,
        });
    } else {
        given.extend(text::read_cell(cell, line));
    }
}

/// Whether a byte is one of an address that nothing is wrapped around.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'@')
}
