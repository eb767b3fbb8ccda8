//! A pasted text.

mod angle;
mod mailto;
mod markup;
mod split;
mod words;

use std::collections::HashMap;

use crate::{Given, Reason, csv::header, fold, given::shown, judge, known, seen::Seen};
use split::{After, Segment};

/// What a pasted text holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pasted {
    /// Every piece, in its order.
    pub given: Vec<Given>,
}

impl Pasted {
    /// How many different addresses were taken.
    pub fn distinct(&self) -> usize {
        self.given
            .iter()
            .filter(|given| given.outcome.is_ok())
            .count()
    }

    /// How many pieces were not taken, by their reason.
    pub fn refused(&self) -> HashMap<Reason, usize> {
        let mut refused = HashMap::new();
        for reason in self.given.iter().filter_map(Given::reason) {
            *refused.entry(reason).or_default() += 1;
        }
        refused
    }
}

/// Reads a pasted text. How many addresses it may hold is for the caller to say.
pub fn read_text(text: &str) -> Pasted {
    let plain = markup::plain(text);
    let mut pasted = Pasted::default();
    let mut above_all = true;
    for (number, line) in lines(&plain) {
        if above_all && header::is_header_line(line) {
            above_all = false;
            continue;
        }
        above_all &= line.trim_matches(fold::is_edge).is_empty();
        read_line(number, line, &mut pasted.given);
    }
    let mut seen = Seen::default();
    for given in &mut pasted.given {
        seen.note(given);
    }
    pasted
}

/// Reads the cell of a table: what comes twice is left to the caller.
pub(crate) fn read_cell(cell: &str, line: u32) -> Vec<Given> {
    let mut given = Vec::new();
    let plain = markup::plain(cell);
    for (below, part) in lines(&plain) {
        read_line(line.saturating_add(below - 1), part, &mut given);
    }
    given
}

/// The lines of a text, counted from 1: ended by CR, LF or both, or as Unicode ends them.
fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    let mut number = 0_u32;
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let is_end = |c: char| {
            matches!(
                c,
                '\r' | '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
            )
        };
        let whole = rest?;
        number = number.saturating_add(1);
        let Some(end) = whole.find(is_end) else {
            rest = None;
            return Some((number, whole));
        };
        let (line, from) = whole.split_at(end);
        let after = from.strip_prefix("\r\n").unwrap_or_else(|| {
            let mut characters = from.chars();
            characters.next();
            characters.as_str()
        });
        rest = Some(after);
        Some((number, line))
    })
}

/// Lines that are commands to a mail server, or a header that would add receivers.
const COMMANDS: [&str; 3] = ["bcc:", "rcpt to:", "mail from:"];

fn read_line(number: u32, line: &str, given: &mut Vec<Given>) {
    let bare = line.trim_matches(fold::is_edge);
    if bare.is_empty() {
        return;
    }
    let is_command = |command: &&str| {
        let start = bare.get(..command.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(command))
    };
    if bare.contains(|c: char| c.is_control() && c != '\t') || COMMANDS.iter().any(is_command) {
        given.push(Given::refused(number, bare, Reason::ControlCharacter));
        return;
    }
    let mut segments = split::segments(line);
    segments.retain(|segment| !segment.text.trim_matches(fold::is_edge).is_empty());
    let is_table = segments.iter().any(|segment| segment.after == After::Tab);
    if !fold::has_at(line) {
        if is_table {
            without_address(number, bare, given);
        } else {
            for segment in &segments {
                without_address(number, segment.text, given);
            }
        }
        return;
    }
    let mut rest = segments.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        if let [second, later @ ..] = after
            && let Some(whole) = joined(line, first, second)
        {
            rest = later;
            segment(number, whole, given);
        } else if is_table && !fold::has_at(first.text) && !words::is_host(first.text.trim()) {
            // Another column of the same row.
        } else {
            segment(number, first.text, given);
        }
    }
}

/// `Doe, John <j@x.edu>`: a name before a comma belongs to what follows.
fn joined<'t>(line: &'t str, first: &Segment<'_>, second: &Segment<'_>) -> Option<&'t str> {
    let is_name = first.after == After::Comma
        && !fold::has_at(first.text)
        && !first.text.split_whitespace().any(words::is_host);
    let names = second.text.find('<').is_some_and(|open| {
        let (name, address) = second.text.split_at(open);
        fold::has_at(address) && !fold::has_at(name)
    });
    (is_name && names).then(|| line.get(first.start..second.start + second.text.len()))?
}

fn segment(number: u32, text: &str, given: &mut Vec<Given>) {
    let text = text.trim_matches(fold::is_edge);
    if !fold::has_at(text) {
        without_address(number, text, given);
    } else if let Some(inside) = words::quoted_whole(text) {
        // A quoted list is a list.
        read_line(number, inside, given);
    } else if text.contains(['<', '>']) {
        angle::read(number, text, given);
    } else {
        words::read(number, text, given);
    }
}

/// A segment without an `@`.
fn without_address(number: u32, text: &str, given: &mut Vec<Given>) {
    let text = text.trim_matches(fold::is_edge);
    if text.is_empty() || words::is_beside(text) {
        return;
    }
    let mut piece = Given::refused(number, text, Reason::NotAnAddress);
    if known::is_placeholder(text) {
        piece.outcome = Err(Reason::Placeholder.into());
    } else if let Some(refusal) = words::obfuscated(text) {
        piece.outcome = Err(refusal);
    }
    given.push(piece);
}

/// One word with an `@`, as a piece: unwrapped, and opened where it is a `mailto:`.
fn candidate(number: u32, word: &str, given: &mut Vec<Given>) {
    let (bare, balanced) = words::unwrapped(word);
    let before = given.len();
    if let Some(list) = mailto::addresses(bare) {
        let copies = mailto::has_copies(bare);
        for address in list {
            push(number, &address, &address, given);
        }
        if copies && let Some(first) = given.get_mut(before) {
            first.warn(crate::Oddity::CopiesLeftOut);
        }
    } else {
        push(number, word, words::unlabelled(bare), given);
    }
    if !balanced {
        for piece in given.iter_mut().skip(before) {
            piece.warn(crate::Oddity::Unbalanced);
        }
    }
}

fn push(number: u32, input: &str, word: &str, given: &mut Vec<Given>) {
    let verdict = judge::judge(word);
    given.push(Given {
        line: number,
        input: shown(input),
        name: None,
        outcome: verdict.outcome,
        warning: verdict.warning,
    });
}
