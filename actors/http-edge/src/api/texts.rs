//! The parsers of single fields: the types of the contract, as strict as the description says.

use std::{borrow::Cow, fmt, ops::RangeInclusive, str::FromStr};

use contract::{
    Role, Timestamp,
    problem::FieldReason,
    text::{Language, Name, NotALanguage, Tag, TextError},
};
use url::Url;

/// The longest address of the web, in bytes: a little less than its owner takes, because a parsed
/// one can be longer than what was typed.
pub(super) const URL_MOST: usize = 2_000;

/// The longest that its owner keeps, in bytes.
pub(super) const URL_KEPT: usize = 2_048;

/// Why a field is refused: a word for programs, a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason(pub(super) &'static str, pub(super) Cow<'static, str>);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.1)
    }
}

impl FieldReason for Reason {
    fn code(&self) -> &'static str {
        self.0
    }
}

/// A text is measured as it came, spaces around it included: so says the description.
fn measured(text: &str, most: usize) -> Result<&str, TextError> {
    if text.chars().take(most + 1).count() > most {
        return Err(TextError::TooLong(most));
    }
    Ok(text)
}

pub(super) fn name(text: &str) -> Result<Name, TextError> {
    Name::parse(measured(text, Name::MOST)?)
}

pub(super) fn tag(text: &str) -> Result<Tag, TextError> {
    Tag::parse(measured(text, Tag::MOST)?)
}

pub(super) fn language(text: &str) -> Result<Language, NotALanguage> {
    Language::parse(text)
}

pub(super) fn instant(text: &str) -> Result<Timestamp, Reason> {
    Timestamp::parse(text).ok_or(Reason(
        "not-an-instant",
        "must be an instant such as 2026-11-25T08:00:00Z".into(),
    ))
}

pub(super) fn url(text: &str) -> Result<Url, Reason> {
    if text.len() > URL_MOST {
        return Err(Reason(
            "too-long",
            format!("must be at most {URL_MOST} characters long").into(),
        ));
    }
    Url::parse(text).map_err(|_| Reason("not-a-url", "is not an address of the web".into()))
}

pub(super) fn role(text: &str) -> Result<Role, Reason> {
    Role::parse(text).ok_or(Reason(
        "unknown",
        "must be one of owner, manager, viewer".into(),
    ))
}

/// An id of the kind that is wanted.
pub(super) fn id<T: FromStr>(text: &str) -> Result<T, T::Err> {
    text.parse()
}

/// Yes or no that came as a text.
pub(super) fn flag(text: &str) -> Result<bool, Reason> {
    let flag = text.parse();
    flag.map_err(|_| Reason("not-a-flag", "must be true or false".into()))
}

/// A number that came as a text.
pub(super) fn number(text: &str, range: RangeInclusive<u64>) -> Result<u64, Reason> {
    let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_plain);
    let number: u64 = number.ok_or(Reason("not-a-number", "must be a whole number".into()))?;
    if range.contains(&number) {
        return Ok(number);
    }
    let detail = format!("must be between {} and {}", range.start(), range.end());
    Err(Reason("out-of-range", detail.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_measured_with_the_spaces_around_it() {
        assert!(name(&format!(" {}", "x".repeat(119))).is_ok());
        assert_eq!(
            name(&format!(" {}", "x".repeat(120))),
            Err(TextError::TooLong(120))
        );
    }

    #[test]
    fn a_number_is_digits_within_its_bounds() {
        assert_eq!(number("200", 1..=200), Ok(200));
        for (text, code) in [
            ("201", "out-of-range"),
            ("0", "out-of-range"),
            ("+5", "not-a-number"),
            ("-1", "not-a-number"),
            ("", "not-a-number"),
            ("99999999999999999999", "not-a-number"),
        ] {
            assert_eq!(number(text, 1..=200).unwrap_err().0, code, "{text:?}");
        }
    }
}
