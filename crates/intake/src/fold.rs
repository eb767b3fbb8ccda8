//! Characters that are not seen, or are taken for others.

use unicode_normalization::UnicodeNormalization as _;

/// Whether a character is not seen and has no business in an address.
pub(crate) fn is_invisible(c: char) -> bool {
    is_bidi(c)
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Whether a character changes the direction in which others are shown.
pub(crate) fn is_bidi(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character ends what is before and after it: white space, or nothing to see.
pub(crate) fn is_edge(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Whether a character is an `@`, in any width.
pub(crate) fn is_at(c: char) -> bool {
    matches!(c, '@' | '\u{ff20}' | '\u{fe6b}')
}

/// Whether a text has an `@`.
pub(crate) fn has_at(text: &str) -> bool {
    text.contains(is_at)
}

/// A domain with its full-width characters made plain, and whether it had any.
pub(crate) fn plain_domain(domain: &str) -> (String, bool) {
    let is_dot = |c: char| matches!(c, '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
    let dotted = domain.contains(is_dot);
    let composed: String = domain.nfc().collect();
    let plain: String = domain.nfkc().collect::<String>().replace(is_dot, ".");
    let changed = dotted || plain != composed;
    (plain, changed)
}

/// The Latin letter that a Cyrillic or Greek one looks like.
fn look_alike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'α' => 'a',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' => 'e',
        'һ' => 'h',
        'і' | 'ι' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'ν' => 'v',
        'ѡ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'С' => 'C',
        'Е' | 'Ε' => 'E',
        'Н' | 'Η' => 'H',
        'І' | 'Ι' => 'I',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'Т' | 'Τ' => 'T',
        'Х' | 'Χ' => 'X',
        'Ζ' => 'Z',
        'Ν' => 'N',
        _ => return None,
    })
}

/// Whether a word mixes Latin letters with those of an alphabet that has look-alikes of them.
pub(crate) fn is_mixed(word: &str) -> bool {
    let of_another = |c: char| matches!(c, '\u{370}'..='\u{52f}' | '\u{13a0}'..='\u{13ff}');
    word.contains(|c: char| c.is_ascii_alphabetic()) && word.contains(of_another)
}

/// The text with look-alikes replaced, if nothing but ASCII is left then.
pub(crate) fn latin(text: &str) -> Option<String> {
    let letters = text
        .chars()
        .map(|c| if c.is_ascii() { Some(c) } else { look_alike(c) });
    letters.collect()
}
