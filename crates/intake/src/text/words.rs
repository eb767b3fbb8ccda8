//! Addresses between words.

use super::{candidate, split};
use crate::{
    Given, Reason, Refusal, csv::header, fold, given::shown, judge::suggest, name::person_name,
};

/// Words between two addresses.
const CONNECTIVES: [&str; 18] = [
    "&", "+", "and", "as", "cc", "e", "en", "et", "i", "og", "och", "or", "oder", "to", "u", "und",
    "y", "и",
];

/// Words of a name that are written small.
const PARTICLES: [&str; 22] = [
    "al", "bin", "da", "dal", "das", "de", "del", "den", "der", "di", "do", "dos", "du", "el",
    "ibn", "la", "le", "ten", "ter", "van", "von", "zu",
];

/// Reads a segment that has an `@` and no angle bracket.
pub(crate) fn read(number: u32, text: &str, given: &mut Vec<Given>) {
    if let Some(refusal) = obfuscated(text) {
        let mut piece = Given::refused(number, text, refusal.reason);
        piece.outcome = Err(refusal);
        given.push(piece);
        return;
    }
    let first = given.len();
    let words = words(text);
    let mut rest = words.as_slice();
    let mut loose = Loose::default();
    while let [word, after @ ..] = rest {
        rest = after;
        let next = after.first().filter(|next| !fold::has_at(next.text));
        if let Some(comment) = word.comment() {
            if let Some(last) = given.get_mut(first..).and_then(<[Given]>::last_mut)
                && last.name.is_none()
            {
                last.name = person_name(comment);
            }
        } else if !fold::has_at(word.text) {
            loose.add(word);
        } else if let Some((start, end, refusal)) = spaced(&loose, word, next) {
            loose.give_back(start);
            loose.settle(number, text, given);
            let mut piece = Given::refused(number, "", refusal.reason);
            piece.input = shown(text.get(start..end).unwrap_or_default());
            piece.outcome = Err(refusal);
            given.push(piece);
            if end > word.end() {
                rest = after.get(1..).unwrap_or_default();
            }
        } else {
            loose.settle(number, text, given);
            candidate(number, word.text, given);
        }
    }
    loose.settle(number, text, given);
}

#[derive(Clone, Copy, Debug)]
struct Word<'t> {
    start: usize,
    text: &'t str,
}

impl Word<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// What is in the brackets of a comment.
    fn comment(&self) -> Option<&str> {
        let inside = self.text.strip_prefix('(')?.strip_suffix(')')?;
        (!fold::has_at(inside)).then_some(inside)
    }
}

/// Cuts at white space, but not inside quotes and comments.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(skipped) = rest.find(|c: char| !c.is_whitespace())
    {
        let start = at + skipped;
        let rest = rest.get(skipped..).unwrap_or_default();
        let near = rest
            .get(..rest.floor_char_boundary(512))
            .unwrap_or_default();
        let comment = near
            .find(')')
            .filter(|end| near.starts_with('(') && !near.get(..*end).is_some_and(fold::has_at));
        let held = match comment {
            Some(end) => end + 1,
            None if near.starts_with('"') => split::quoted(near).unwrap_or(0),
            None => 0,
        };
        let after = rest.get(held..).unwrap_or_default();
        let end = held + after.find(char::is_whitespace).unwrap_or(after.len());
        let text = rest.get(..end).unwrap_or_default();
        words.push(Word { start, text });
        at = start + end;
    }
    words
}

/// Words without an `@` that follow each other.
#[derive(Default)]
struct Loose<'t> {
    words: Vec<Word<'t>>,
}

impl<'t> Loose<'t> {
    fn add(&mut self, word: &Word<'t>) {
        self.words.push(*word);
    }

    /// Leaves to an address what starts there.
    fn give_back(&mut self, start: usize) {
        self.words.retain(|word| word.start < start);
    }

    /// Refuses them, unless they are what is written beside an address.
    fn settle(&mut self, number: u32, text: &str, given: &mut Vec<Given>) {
        let words = std::mem::take(&mut self.words);
        let is_broken =
            |word: &Word<'_>| !is_beside(word.text) && (is_host(word.text) || is_small(word.text));
        if let (Some(first), Some(last)) = (words.first(), words.last())
            && words.iter().any(is_broken)
        {
            let run = text.get(first.start..last.end()).unwrap_or_default();
            given.push(Given::refused(number, run, Reason::NotAnAddress));
        }
    }
}

/// An address with a space inside: from where to where, and what it would be without.
fn spaced(
    loose: &Loose<'_>,
    word: &Word<'_>,
    next: Option<&Word<'_>>,
) -> Option<(usize, usize, Refusal)> {
    let bare = word.text.trim_matches(fold::is_invisible);
    let before = loose.words.last().filter(|_| bare.starts_with(fold::is_at));
    let lacks_domain = bare.ends_with(fold::is_at);
    let lacks_dot = bare
        .rsplit(fold::is_at)
        .next()
        .is_some_and(|domain| !domain.contains('.'));
    let after = next.filter(|next| lacks_domain || lacks_dot && is_host(next.text));
    if before.is_none() && after.is_none() {
        return None;
    }
    let start = before.map_or(word.start, |before| before.start);
    let end = after.map_or(word.end(), Word::end);
    let parts = [
        before.map_or("", |word| word.text),
        bare,
        after.map_or("", |word| word.text),
    ];
    let whole = parts.concat().replace(fold::is_at, "@");
    let (whole, _) = unwrapped(&whole);
    let meant = suggest(whole)?;
    Some((
        start,
        end,
        Refusal::meaning(Reason::SpaceInside, Some(meant)),
    ))
}

/// Whether a word is a host's name or a web address.
pub(crate) fn is_host(word: &str) -> bool {
    let word = word.trim_matches(|c: char| fold::is_edge(c) || "()[]<>\"',:;.!?".contains(c));
    let (rest, top) = word.rsplit_once('.').unwrap_or_default();
    let is_label = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    word.contains("://")
        || !rest.is_empty()
            && rest.chars().all(is_label)
            && top.len() >= 2
            && top.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Whether a word begins with a small letter and no name does so.
fn is_small(word: &str) -> bool {
    let first = word.chars().find(|c| c.is_alphabetic());
    first.is_some_and(|first| first.is_ascii_lowercase())
        && !PARTICLES.contains(&word.trim_end_matches('.'))
}

pub(crate) fn is_connective(word: &str) -> bool {
    CONNECTIVES.contains(&word.to_lowercase().as_str())
}

/// Whether a text stands beside addresses and is no attempt at one: a connective, a label, a bullet.
pub(crate) fn is_beside(text: &str) -> bool {
    let number = text.trim_end_matches(['.', ')', ':']);
    let is_bullet = number.len() < text.len() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_mark = !text.contains(char::is_alphanumeric) && !text.contains(fold::is_at);
    let is_label = text.ends_with([':', '：']) && !is_host(text);
    is_bullet
        || is_mark && !crate::known::is_placeholder(text)
        || is_label
        || is_connective(text)
        || header::is_email_word(text)
}

/// The inside of a segment that is one quoted list.
pub(crate) fn quoted_whole(text: &str) -> Option<&str> {
    if text.len() > 512 || split::quoted(text) != Some(text.len()) {
        return None;
    }
    let mut inside = text.chars();
    inside.next();
    inside.next_back();
    Some(inside.as_str())
}

/// A word without what wraps it, and whether every wrapping had a partner.
pub(crate) fn unwrapped(word: &str) -> (&str, bool) {
    let mut word = word.trim_matches(fold::is_edge);
    let mut balanced = true;
    while let (Some(first), Some(last)) = (word.chars().next(), word.chars().next_back()) {
        let inside = word
            .strip_prefix(first)
            .and_then(|rest| rest.strip_suffix(last));
        let pair = partners(first).is_some_and(|partners| partners.contains(last));
        let next = if let (true, Some(inside)) = (pair, inside) {
            Some(inside)
        } else if ".,:;!?…".contains(last) {
            word.strip_suffix(last)
        } else if let Some(rest) = word
            .strip_suffix(last)
            .filter(|rest| is_stray_end(last, rest))
        {
            balanced = false;
            Some(rest)
        } else if let Some(rest) = word
            .strip_prefix(first)
            .filter(|rest| is_stray_start(first, rest))
        {
            balanced = false;
            Some(rest)
        } else {
            None
        };
        let Some(next) = next else { break };
        word = next.trim_matches(fold::is_edge);
    }
    (word, balanced)
}

/// What closes a bracket or a quote.
fn partners(open: char) -> Option<&'static str> {
    Some(match open {
        '<' => ">",
        '(' => ")",
        '[' => "]",
        '{' => "}",
        '（' => "）",
        _ => return split::closers(open),
    })
}

fn is_stray_end(last: char, rest: &str) -> bool {
    let opens = match last {
        '>' => "<",
        ')' => "(",
        ']' => "[",
        '"' => "\"",
        '”' | '“' => "“„",
        '»' => "«",
        '\'' | '’' => "'‘",
        _ => return false,
    };
    !rest.contains(|c| opens.contains(c)) || matches!(last, '\'' | '’')
}

fn is_stray_start(first: char, rest: &str) -> bool {
    let is_wrap = matches!(
        first,
        '<' | '(' | '[' | '"' | '“' | '”' | '„' | '«' | '‘' | '\''
    );
    is_wrap
        && partners(first)
            .is_some_and(|partners| first == '\'' || !rest.contains(|c| partners.contains(c)))
}

/// `Email:ann@x.edu`, `SMTP:ann@x.edu`: without the label, where it is known to be one.
pub(crate) fn unlabelled(word: &str) -> &str {
    let Some((label, rest)) = word.split_once([':', '：']) else {
        return word;
    };
    let is_label = ["to", "cc", "smtp"]
        .iter()
        .any(|known| label.eq_ignore_ascii_case(known));
    if is_label || header::is_email_word(label) {
        rest.trim_start_matches('/')
    } else {
        word
    }
}

/// The refusal of an address that is written in words.
pub(crate) fn obfuscated(text: &str) -> Option<Refusal> {
    if text.len() > 400 {
        return None;
    }
    let lower = text.to_lowercase();
    let bracketed = |word: &str| {
        ["()", "[]", "{}", "<>"].map(|pair| {
            let (open, close) = pair.split_at(1);
            format!("{open}{word}{close}")
        })
    };
    let mut plain = format!(" {lower} ");
    let mut found = false;
    for (word, sign) in [
        ("at", " @ "),
        ("ät", " @ "),
        ("dot", " . "),
        ("punkt", " . "),
    ] {
        for pattern in bracketed(word) {
            found |= plain.contains(&pattern);
            plain = plain.replace(&pattern, sign);
        }
    }
    let words = plain.split_whitespace().map(|word| match word {
        "at" => "@",
        "dot" => ".",
        other => other,
    });
    let spaced = words.collect::<Vec<_>>().join(" ");
    let glued = spaced.replace(" @ ", "@").replace(" . ", ".");
    let meant = suggest(&glued);
    if found || meant.is_some() && !fold::has_at(text) {
        return Some(Refusal::meaning(Reason::Obfuscated, meant));
    }
    None
}
