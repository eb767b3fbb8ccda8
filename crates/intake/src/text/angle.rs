//! `Ann Lee <ann@x.edu>`.

use super::{candidate, read_line, split, words};
use crate::{Given, Oddity, Reason, fold, name::person_name};

/// Reads a segment that has an angle bracket.
pub(crate) fn read(number: u32, text: &str, given: &mut Vec<Given>) {
    let first = given.len();
    let mut rest = text;
    while let Some((before, after)) = opened(rest) {
        let closed = after.split_once('>');
        let (inside, left) = closed.unwrap_or_else(|| {
            // Without its end it ends where a word does.
            after.split_at(after.find(fold::is_edge).unwrap_or(after.len()))
        });
        let (left, balanced) = (left.trim_start_matches('>'), closed.is_some());
        rest = left;
        let name = named(number, before, given);
        let start = given.len();
        let inside = inside.trim_matches(fold::is_edge);
        let is_link = inside
            .get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case("mailto:"));
        if !is_link && inside.contains(|c: char| c.is_whitespace() || matches!(c, ',' | ';')) {
            read_line(number, inside, given);
        } else {
            candidate(number, inside, given);
        }
        if let [piece] = given.get_mut(start..).unwrap_or_default() {
            piece.name = name.and_then(person_name);
        }
        for piece in given.iter_mut().skip(start).filter(|_| !balanced) {
            piece.warn(Oddity::Unbalanced);
        }
    }
    tail(number, rest.trim_matches(fold::is_edge), text, first, given);
}

/// What is before and after the next bracket with an address in it.
fn opened(text: &str) -> Option<(&str, &str)> {
    let mut brackets = text.match_indices('<');
    brackets.find_map(|(at, _)| {
        let after = text.get(at + 1..)?;
        let inside = after.split(['<', '>']).next()?;
        fold::has_at(inside).then_some((text.get(..at)?, after))
    })
}

/// The name before a bracket. Addresses that stand there without one are read as well.
fn named<'t>(number: u32, before: &'t str, given: &mut Vec<Given>) -> Option<&'t str> {
    let mut before = before.trim_matches(|c| fold::is_edge(c) || c == '<');
    while let Some((first, rest)) = before.split_once(char::is_whitespace)
        && words::is_connective(first)
    {
        before = rest.trim_start();
    }
    if words::is_connective(before) {
        return None;
    }
    if split::quoted(before) == Some(before.len()) {
        return Some(before);
    }
    if fold::has_at(before) {
        // One word with an `@` is a name that is the address.
        if before.contains(char::is_whitespace) {
            words::read(number, before, given);
        }
        return None;
    }
    let (_, name) = before.rsplit_once(": ").unwrap_or(("", before));
    Some(name)
}

/// What follows the last bracket.
fn tail(number: u32, tail: &str, whole: &str, first: usize, given: &mut Vec<Given>) {
    if tail.is_empty() || words::is_beside(tail) {
        return;
    }
    if given.len() > first && !fold::has_at(tail) {
        if tail.contains('=') {
            // `<ann@x.edu> NOTIFY=NEVER`: parameters of a command.
            given.truncate(first);
            given.push(Given::refused(number, whole, Reason::ControlCharacter));
            return;
        }
        let comment = tail
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'));
        if let (Some(comment), Some(last)) = (comment, given.last_mut()) {
            last.name = last.name.take().or_else(|| person_name(comment));
            return;
        }
    }
    words::read(number, tail, given);
}
