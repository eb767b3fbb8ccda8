//! What a relay answers.

use std::fmt;

/// How much of the words of a reply is kept, in characters.
const TEXT_MOST: usize = 500;

/// A reply, all its lines in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub code: u16,
    /// The enhanced code (RFC 3463), if there is one.
    pub enhanced: Option<(u8, u16, u16)>,
    /// The words without the codes: one line of at most 500 characters, nothing in it that controls.
    pub text: String,
}

impl Reply {
    /// Makes one of a code and the texts of its lines.
    pub fn new<'a>(code: u16, lines: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut enhanced = None;
        let mut text = String::new();
        let mut length = 0;
        for line in lines {
            let line = String::from_utf8_lossy(line);
            let mut words = line.trim();
            if let Some((found, rest)) = split_enhanced(words) {
                words = rest;
                enhanced = enhanced.or(Some(found));
            }
            if words.is_empty() || length >= TEXT_MOST {
                continue;
            }
            if length > 0 {
                text.push(' ');
                length += 1;
            }
            for c in words.chars().take(TEXT_MOST.saturating_sub(length)) {
                text.push(if is_harmless(c) { c } else { ' ' });
                length += 1;
            }
        }
        Self {
            code,
            enhanced,
            text,
        }
    }

    /// 2xx.
    pub const fn is_positive(&self) -> bool {
        matches!(self.code, 200..=299)
    }

    /// 4xx or 5xx.
    pub const fn is_negative(&self) -> bool {
        matches!(self.code, 400..=599)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some((class, subject, detail)) = self.enhanced {
            write!(f, " {class}.{subject}.{detail}")?;
        }
        if !self.text.is_empty() {
            write!(f, " {}", self.text)?;
        }
        Ok(())
    }
}

/// No control, and nothing that turns the direction of what is shown after it.
fn is_harmless(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `5.1.1 no such user` as its code and its words.
fn split_enhanced(text: &str) -> Option<((u8, u16, u16), &str)> {
    let (first, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    // Some write a colon or a hash around it.
    let code = first.trim_matches(|c| matches!(c, ':' | '#' | ';' | '-'));
    let mut parts = code.split('.');
    let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    let is_number =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let is_code = parts.next().is_none()
        && matches!(class, "2" | "4" | "5")
        && is_number(subject)
        && is_number(detail);
    if !is_code {
        return None;
    }
    let found = (
        class.parse().ok()?,
        subject.parse().ok()?,
        detail.parse().ok()?,
    );
    Some((found, rest.trim_start()))
}
