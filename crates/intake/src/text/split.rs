//! A line, cut where lists are cut.

use crate::fold;

/// The most bytes that a quote or a bracket holds together.
const MOST_HELD: usize = 512;

/// What follows a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Comma,
    Tab,
    /// Another separator, or the end of the line.
    End,
}

/// What is between two separators.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'t> {
    /// Where it starts in its line.
    pub(crate) start: usize,
    pub(crate) text: &'t str,
    pub(crate) after: After,
}

/// What a separator says about what is before it; `None`: it is none.
fn is_separator(c: char) -> Option<After> {
    match c {
        ',' | '，' => Some(After::Comma),
        '\t' => Some(After::Tab),
        ';' | '；' | '、' | '،' | '؛' => Some(After::End),
        _ => None,
    }
}

/// Cuts a line at its separators, but not inside quotes, brackets and `mailto:`.
pub(crate) fn segments(line: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    let (mut start, mut at, mut before) = (0, 0, ' ');
    while let Some(rest) = line.get(at..)
        && let Some(c) = rest.chars().next()
    {
        let is_fresh =
            fold::is_edge(before) || is_separator(before).is_some() || "(<[".contains(before);
        if let Some(held) = held(rest, is_fresh) {
            before = 'x';
            at += held;
            continue;
        }
        let next = rest.chars().nth(1);
        let is_bar = c == '|' && before.is_whitespace() && next.is_none_or(char::is_whitespace);
        let after = if is_bar {
            Some(After::End)
        } else {
            is_separator(c)
        };
        let end = at;
        at += c.len_utf8();
        before = c;
        if let Some(after) = after {
            let text = line.get(start..end).unwrap_or_default();
            segments.push(Segment { start, text, after });
            start = at;
        }
    }
    let text = line.get(start..).unwrap_or_default();
    segments.push(Segment {
        start,
        text,
        after: After::End,
    });
    segments
}

/// How many bytes at the start of a text stay together.
fn held(text: &str, is_fresh: bool) -> Option<usize> {
    let (near, _) = text.split_at(text.floor_char_boundary(MOST_HELD));
    let first = near.chars().next()?;
    if first == '<' {
        let end = near.find('>')?;
        let again = near
            .get(1..)
            .and_then(|rest| rest.trim_start_matches('<').find('<'));
        return again.is_none_or(|again| again > end).then_some(end + 1);
    }
    if !is_fresh {
        return None;
    }
    if first == '(' {
        let end = near.find(')')?;
        return (!fold::has_at(near.get(..end)?)).then_some(end + 1);
    }
    if near
        .get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case("mailto:"))
    {
        let is_end = |c: char| c.is_whitespace() || matches!(c, ';' | '>' | '<' | '"' | ')' | ']');
        return Some(near.find(is_end).unwrap_or(near.len()));
    }
    quoted(near)
}

/// How many bytes a quote at the start of a text has, with both its ends.
pub(crate) fn quoted(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    let (_, open) = characters.next()?;
    let closes = closers(open)?;
    let mut escaped = false;
    for (at, c) in characters {
        if escaped {
            escaped = false;
        } else if c == '\\' && open == '"' {
            escaped = true;
        } else if closes.contains(c) {
            let end = at + c.len_utf8();
            let next = text.get(end..).and_then(|rest| rest.chars().next());
            // The apostrophe of a name is followed by a letter, the end of a quote is not.
            let ends = next.is_none_or(|next| !next.is_alphanumeric());
            if open == '"' || ends {
                return Some(end);
            }
        }
    }
    None
}

/// What ends a quote that begins so.
pub(crate) fn closers(open: char) -> Option<&'static str> {
    Some(match open {
        '"' => "\"",
        '\'' | '‘' | '‚' => "'’‘",
        '`' => "`'´",
        '“' | '„' | '‟' => "”“",
        '”' => "”",
        '«' => "»",
        '»' => "«",
        '‹' => "›",
        '「' => "」",
        _ => return None,
    })
}
