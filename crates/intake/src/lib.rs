//! Address lists as people paste them and files as Excel writes them, read into addresses.
//!
//! # Map
//! - [`given`]: [`Given`], one piece of what was handed in and what was made of it.
//! - [`reason`]: [`Reason`], why a piece was not taken. [`oddity`]: what is odd about one that was.
//! - [`read_text`]: a pasted text. `text::split` cuts lines into segments, `text::angle`
//!   (`Ann <a@x.edu>`) and `text::words` read those, `text::markup` turns HTML and Markdown to text.
//! - [`CsvReader`]: a file that streams in. `csv::decode` makes text of bytes, `csv::sniff` finds the
//!   delimiter, `csv::layout` the columns, `csv::header` knows their names, `csv::records` is RFC 4180.
//! - `judge` decides about one word with an `@`; `fold` knows invisible and look-alike characters,
//!   `known` the lists of domains and mailboxes, `name` reads the name beside an address, `seen`
//!   finds what comes twice.
//!
//! # What it promises
//! - Every piece is answered, in the order it came: taken, or refused with a reason. What is no attempt
//!   at an address (a header, a label, `and`, other cells of a table) is no piece.
//! - No address is guessed: one that is taken is what was written, but for what cannot be part of an
//!   address. What was probably meant is a suggestion, for a person to accept.
//! - An address counts once, by its key; the first wins and the others are `duplicate`.
//! - A file is the same to it in any cut of its bytes. Memory does not grow with the file, but for 16
//!   bytes per address; one line has at most 64 KiB.
//! - Nothing panics, whatever comes. There is no network, no clock, and no table here: whether somebody
//!   is a member already, or a domain takes mail, is decided by whoever calls.
//!
//! # To add
//! - a separator: `text::split::is_separator`, or `csv::sniff::DELIMITERS` for files.
//! - a word in a header: the lists of `csv::header`, in lower case without spaces and hyphens.
//! - a reason: a variant of [`Reason`], its slug and its sentence, where it is found, and a row in
//!   `tests/it/the_72.rs`.
//! - a disposable domain, a role or a common slip: the lists of `known`.

mod csv;
mod fold;
pub mod given;
mod judge;
mod known;
mod name;
pub mod oddity;
pub mod reason;
mod seen;
mod text;

pub use csv::{CsvReader, Encoding, FileProblem, Finished, Rules, Summary};
pub use given::{Given, Refusal, Warning};
pub use oddity::Oddity;
pub use reason::Reason;
pub use text::{Pasted, read_text};
