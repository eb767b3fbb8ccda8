//! The name beside an address.

use contract::{address::EmailAddress, text::PersonName};
use data_encoding::BASE64;
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::fold;

/// The most bytes of a text that are looked at for a name.
const MOST_READ: usize = 4096;

/// Reads a display name: decoded once, without quotes, invisible marks and line breaks, cut between two
/// letters. A name that is an address is none.
pub(crate) fn person_name(text: &str) -> Option<PersonName> {
    let (text, _) = text.split_at(text.floor_char_boundary(MOST_READ));
    let decoded = decode_words(text);
    let is_joiner = |c: char| matches!(c, '\u{200c}' | '\u{200d}');
    let is_kept = |c: &char| {
        let is_seen = !fold::is_invisible(*c) || is_joiner(*c) || is_variant(*c);
        is_seen && !c.is_control() && *c != '\u{fffd}'
    };
    // A line break keeps words apart, as any white space does.
    let spaced = decoded.split(|c: char| c.is_whitespace() || c.is_control());
    let words = spaced.filter(|word| !word.is_empty()).collect::<Vec<_>>();
    let kept: String = words.join(" ").chars().filter(is_kept).nfc().collect();
    let bare = unquoted(&kept);
    if bare.is_empty() || EmailAddress::parse(bare).is_ok() {
        return None;
    }
    let bare = bare.replace("\\\"", "\"").replace("\"\"", "\"");
    let cut = cut(&bare);
    // Joiners that no script needs are left out rather than the name.
    PersonName::parse(&cut)
        .or_else(|_| PersonName::parse(&cut.replace(is_joiner, "")))
        .ok()
}

/// Whether a character chooses how the one before it looks.
fn is_variant(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}')
}

fn cut(name: &str) -> String {
    let mut left = PersonName::MOST;
    let fits = name.graphemes(true).take_while(|letter| {
        let size = letter.chars().count();
        let fits = size <= left;
        left = left.saturating_sub(if fits { size } else { left });
        fits
    });
    fits.collect()
}

/// Without the quotes around it, and without a comma or a colon that is left of its surroundings.
fn unquoted(name: &str) -> &str {
    let quotes = [
        '"', '\'', '`', '“', '”', '„', '‟', '«', '»', '‹', '›', '‘', '’', '‚',
    ];
    let edges = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '|');
    let mut name = name.trim_matches(edges);
    // One at an end only may be an apostrophe of the name itself.
    while let Some(inner) = name
        .strip_prefix(quotes)
        .and_then(|rest| rest.strip_suffix(quotes))
    {
        name = inner.trim_matches(edges);
    }
    name.trim_matches(['"', '“', '”', '„', '«', '»', '<', '>'])
        .trim_matches(edges)
}

/// Decodes the encoded words of RFC 2047, once; what is not one stays as it is.
fn decode_words(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("=?") {
        // White space between two encoded words is no part of the text.
        let glue = !decoded.is_empty() && before.trim().is_empty();
        if let Some((word, left)) = decode_word(after) {
            decoded.push_str(if glue { "" } else { before });
            decoded.push_str(&word);
            rest = left;
        } else {
            decoded.push_str(before);
            decoded.push_str("=?");
            rest = after;
        }
    }
    decoded.push_str(rest);
    decoded
}

/// Reads `utf-8?q?J?=` and what follows.
fn decode_word(text: &str) -> Option<(String, &str)> {
    let (charset, rest) = text.split_once('?')?;
    let (form, rest) = rest.split_once('?')?;
    let (word, rest) = rest.split_once("?=")?;
    let charset = charset.split('*').next().unwrap_or_default();
    let encoding = encoding_rs::Encoding::for_label(charset.as_bytes())?;
    let bytes = match form {
        "q" | "Q" => quoted(word),
        "b" | "B" => BASE64.decode(word.as_bytes()).ok()?,
        _ => return None,
    };
    let (text, _) = encoding.decode_without_bom_handling(&bytes);
    Some((text.into_owned(), rest))
}

fn quoted(word: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => {
                let digits = [rest.next().unwrap_or(b'3'), rest.next().unwrap_or(b'F')];
                let digits = std::str::from_utf8(&digits).unwrap_or("3F");
                u8::from_str_radix(digits, 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<String> {
        person_name(text).map(|name| name.as_str().to_owned())
    }

    #[test]
    fn a_name_loses_its_wrapping_and_nothing_else() {
        for (text, read) in [
            ("\"Doe, John\"", "Doe, John"),
            ("„Jürgen“", "Jürgen"),
            ("«J»", "J"),
            ("'Doe, John'", "Doe, John"),
            ("James O'", "James O'"),
            ("  Ann \t Lee ", "Ann Lee"),
            (
                "=?utf-8?q?J=C3=BCrgen_M?= =?utf-8?b?w7xsbGVy?=",
                "Jürgen Müller",
            ),
            ("=?iso-8859-1?Q?M=FCller?=", "Müller"),
            ("=?nonsense", "=?nonsense"),
            ("a\u{202e}b\u{200b}c", "abc"),
            ("<script>", "script"),
            ("=?utf-8?q?a=0D=0ABcc:_b?=", "a Bcc: b"),
        ] {
            assert_eq!(name(text).as_deref(), Some(read), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_name_is_dropped() {
        for text in ["", "   ", "\"\"", "ann@x.edu", "'ann@x.edu'", "\u{200b}"] {
            assert_eq!(name(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_letters() {
        assert_eq!(name(&"x".repeat(500)).unwrap().len(), PersonName::MOST);
        let families = "👩\u{200d}👩\u{200d}👧".repeat(30);
        let cut = name(&families).unwrap();
        assert_eq!(cut, "👩\u{200d}👩\u{200d}👧".repeat(PersonName::MOST / 5));
    }
}
