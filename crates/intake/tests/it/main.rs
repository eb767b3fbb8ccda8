//! What people hand in, and what is made of it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail this way"
)]

mod files;
mod never;
mod text;
mod the_72;

use intake::{CsvReader, FileProblem, Finished, Given, Reason, Rules};

/// A file that comes as one piece.
fn read_file(bytes: &[u8]) -> Result<Finished, FileProblem> {
    read_column(bytes, None)
}

/// A file whose column is named.
fn read_column(bytes: &[u8], column: Option<&str>) -> Result<Finished, FileProblem> {
    read_pieces(bytes, bytes.len().max(1), column)
}

/// A file that comes in pieces of a size; the answer has all of it.
fn read_pieces(bytes: &[u8], size: usize, column: Option<&str>) -> Result<Finished, FileProblem> {
    let mut reader = CsvReader::new(Rules {
        most: 100_000,
        column: column.map(str::to_owned),
    });
    let mut given = Vec::new();
    for piece in bytes.chunks(size) {
        given.extend(reader.push(piece)?);
    }
    let mut finished = reader.finish()?;
    given.append(&mut finished.given);
    finished.given = given;
    Ok(finished)
}

/// The addresses that were taken.
fn taken(given: &[Given]) -> Vec<&str> {
    let emails = given.iter().filter_map(Given::email);
    emails
        .map(contract::address::EmailAddress::as_str)
        .collect()
}

/// Why others were not.
fn refused(given: &[Given]) -> Vec<Reason> {
    given.iter().filter_map(Given::reason).collect()
}
