//! HTML and Markdown, as the clipboard brings them, made plain.

use std::borrow::Cow;

use crate::fold;

/// Elements that lists are pasted with.
const ELEMENTS: [&str; 22] = [
    "a", "b", "body", "br", "div", "em", "font", "html", "i", "li", "o:p", "ol", "p", "span",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
];

/// The most bytes of a tag, or of a link's text.
const MOST_TAG: usize = 1024;

/// The text without its markup; untouched where it has none.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    let mut plain = Cow::Borrowed(text);
    if text.contains("](") {
        plain = Cow::Owned(without_links(text));
    }
    if plain.contains('<') && has_elements(&plain) {
        plain = Cow::Owned(without_elements(&plain));
    }
    plain
}

/// `[Ann](mailto:ann@x.edu)` to `Ann <mailto:ann@x.edu>`.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let near = after
            .get(..after.floor_char_boundary(MOST_TAG))
            .unwrap_or_default();
        let label = before.rsplit_once('[');
        let target = near.split_once(')').map(|(target, _)| target);
        match (label, target) {
            (Some((ahead, label)), Some(target))
                if fold::has_at(target) && !label.contains('\n') =>
            {
                plain.push_str(ahead);
                link(label, target, &mut plain);
                rest = after.get(target.len() + 1..).unwrap_or_default();
            }
            _ => {
                plain.push_str(before);
                plain.push_str("](");
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// A link and its text: the text names the address, unless it is one.
fn link(label: &str, target: &str, plain: &mut String) {
    // What stands right before it is no part of its text.
    if !plain.ends_with(char::is_whitespace) {
        plain.push(' ');
    }
    let label = label.trim();
    let bare = target.split('?').next().unwrap_or_default();
    let same = bare.len() >= label.len()
        && bare
            .get(bare.len() - label.len()..)
            .is_some_and(|end| end.eq_ignore_ascii_case(label));
    if fold::has_at(label) && !same {
        // Two addresses: both are told, none is chosen.
        plain.push_str(label);
        plain.push_str("; ");
    } else if !same {
        plain.push_str(label);
        plain.push(' ');
    }
    plain.push('<');
    plain.push_str(target);
    plain.push('>');
}

/// The tag at the start of a text: its name, and its length in bytes.
fn tag(text: &str) -> Option<(&str, usize)> {
    let near = text.get(..text.floor_char_boundary(MOST_TAG))?;
    let end = near.find('>')?;
    let inside = near.get(1..end)?;
    let name = inside.trim_start_matches('/');
    let name = name.split([' ', '/', '\n', '\t']).next()?;
    let known = ELEMENTS
        .iter()
        .any(|element| element.eq_ignore_ascii_case(name));
    // `<a ann@x.edu>` has an address and no attribute: nobody's address is dropped as a tag.
    let bare = fold::has_at(inside) && !inside.contains(['=', ':']);
    (known && !bare).then_some((inside, end + 1))
}

fn has_elements(text: &str) -> bool {
    text.match_indices('<')
        .any(|(at, _)| text.get(at..).and_then(tag).is_some())
}

fn without_elements(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.find('<').map(|at| rest.split_at(at)) {
        push_decoded(before, &mut plain);
        let Some((inside, length)) = tag(from) else {
            plain.push('<');
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        rest = from.get(length..).unwrap_or_default();
        if let Some(target) = target(inside) {
            let near = rest
                .get(..rest.floor_char_boundary(MOST_TAG))
                .unwrap_or_default();
            let end = near.to_ascii_lowercase().find("</a>");
            let label = end.and_then(|end| rest.get(..end)).unwrap_or_default();
            let mut named = String::new();
            push_decoded(&without_tags(label), &mut named);
            link(&named, target, &mut plain);
            rest = end.and_then(|end| rest.get(end + 4..)).unwrap_or(rest);
            continue;
        }
        let name = inside.trim_start_matches('/').to_ascii_lowercase();
        let name = name
            .split([' ', '/', '\n', '\t'])
            .next()
            .unwrap_or_default();
        match name {
            "td" | "th" => plain.push('\t'),
            "a" | "b" | "em" | "font" | "i" | "o:p" | "span" | "strong" => {}
            _ => plain.push('\n'),
        }
    }
    push_decoded(rest, &mut plain);
    plain
}

/// Where a link to an address leads.
fn target(tag: &str) -> Option<&str> {
    let at = tag.to_ascii_lowercase().find("mailto:")?;
    let target = tag.get(at..)?;
    target.split(['"', '\'', ' ', '>']).next()
}

fn without_tags(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('<') {
        plain.push_str(before);
        rest = from.split_once('>').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

/// Appends a text with the entities read that lists have.
fn push_decoded(text: &str, plain: &mut String) {
    if !text.contains('&') {
        plain.push_str(text);
        return;
    }
    let read = text
        .replace("&nbsp;", " ")
        .replace("&#64;", "@")
        .replace("&commat;", "@");
    let read = read
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    plain.push_str(&read.replace("&#39;", "'").replace("&amp;", "&"));
}
