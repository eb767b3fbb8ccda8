//! RFC 4180, as text comes.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::FileProblem;

/// The most bytes of a row.
pub(crate) const MOST_ROW: usize = 64 * 1024;

/// Cuts text into rows. Lines may end in CR, LF, or both.
#[derive(Debug)]
pub(crate) struct Records {
    reader: Reader,
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// How much of `cells` and of `ends` the row under way has.
    filled: (usize, usize),
    /// How many bytes of the file that row has.
    size: usize,
    /// Where it started.
    start: u32,
    line: u32,
    after_return: bool,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'r> {
    cells: &'r [u8],
    ends: &'r [usize],
    /// The line it starts on.
    pub(crate) line: u32,
}

impl<'r> Record<'r> {
    pub(crate) fn cell(&self, column: usize) -> Option<&'r str> {
        let end = *self.ends.get(column)?;
        let start = match column.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        std::str::from_utf8(self.cells.get(start..end)?).ok()
    }

    pub(crate) fn cells(self) -> impl Iterator<Item = &'r str> + Clone {
        (0..self.ends.len()).map(move |column| self.cell(column).unwrap_or_default())
    }
}

impl Records {
    pub(crate) fn new(delimiter: u8, line: u32) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            cells: vec![0; MOST_ROW],
            ends: vec![0; 64],
            filled: (0, 0),
            size: 0,
            start: line,
            line,
            after_return: false,
        }
    }

    /// Whether there is a row whose end was not read.
    pub(crate) fn is_within_row(&self) -> bool {
        self.size > 0
    }

    /// The line of the first row whose end was not read.
    pub(crate) fn unread(&self) -> u32 {
        if self.is_within_row() {
            self.start
        } else {
            self.line
        }
    }

    /// Reads more; with `is_last`, a row without an end as well.
    pub(crate) fn feed(
        &mut self,
        text: &str,
        is_last: bool,
        mut each: impl FnMut(Record<'_>) -> Result<(), FileProblem>,
    ) -> Result<(), FileProblem> {
        if text.contains('\r') || self.after_return {
            let text = self.with_line_feeds(text);
            self.rows(text.as_bytes(), &mut each)?;
        } else {
            self.rows(text.as_bytes(), &mut each)?;
        }
        if is_last && self.size > 0 {
            // Nothing more is how the reader learns that the row is over.
            self.row(&[], &mut each)?;
        }
        Ok(())
    }

    fn with_line_feeds(&mut self, text: &str) -> String {
        let mut plain = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '\r' => plain.push('\n'),
                '\n' if self.after_return => {}
                other => plain.push(other),
            }
            self.after_return = c == '\r';
        }
        plain
    }

    fn rows(
        &mut self,
        text: &[u8],
        each: &mut impl FnMut(Record<'_>) -> Result<(), FileProblem>,
    ) -> Result<(), FileProblem> {
        let mut rest = text;
        while !rest.is_empty() {
            if let (0, [b'\n', after @ ..]) = (self.size, rest) {
                self.line = self.line.saturating_add(1);
                rest = after;
                continue;
            }
            let read = self.row(rest, each)?;
            rest = rest.get(read..).unwrap_or_default();
        }
        Ok(())
    }

    /// Reads up to the end of one row, or of the text; how much of it that was.
    fn row(
        &mut self,
        text: &[u8],
        each: &mut impl FnMut(Record<'_>) -> Result<(), FileProblem>,
    ) -> Result<usize, FileProblem> {
        if self.size == 0 {
            self.start = self.line;
        }
        let too_long = FileProblem::LineTooLong { line: self.start };
        let (cells, ends) = self.filled;
        let (result, read, wrote, ended) = self.reader.read_record(
            text,
            self.cells.get_mut(cells..).unwrap_or_default(),
            self.ends.get_mut(ends..).unwrap_or_default(),
        );
        let lines = text
            .iter()
            .take(read)
            .filter(|byte| **byte == b'\n')
            .count();
        self.line = self
            .line
            .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.size += read;
        self.filled = (cells + wrote, ends + ended);
        if self.size > MOST_ROW {
            return Err(too_long);
        }
        match result {
            ReadRecordResult::OutputFull => return Err(too_long),
            ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            ReadRecordResult::Record => {
                let record = Record {
                    cells: self.cells.get(..self.filled.0).unwrap_or_default(),
                    ends: self.ends.get(..self.filled.1).unwrap_or_default(),
                    line: self.start,
                };
                self.filled = (0, 0);
                self.size = 0;
                each(record)?;
            }
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
        }
        Ok(read)
    }
}
