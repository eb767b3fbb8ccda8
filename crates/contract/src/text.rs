//! Bounded texts: a value of one of these types was trimmed, measured and found free of control
//! characters.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use unicode_normalization::UnicodeNormalization as _;

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// More characters than the type allows.
    #[error("must be at most {0} characters long")]
    TooLong(usize),
    /// A control character, a line break, an invisible mark, or what stands for something that could
    /// not be read.
    #[error("must not contain control characters")]
    ControlCharacter,
}

impl TextError {
    /// The stable code of a field error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "required",
            Self::TooLong(_) => "too-long",
            Self::ControlCharacter => "control-character",
        }
    }
}

fn is_unwelcome(character: char) -> bool {
    // Controls break headers and CSV; direction marks and zero-width characters make two names that
    // look alike.
    character.is_control()
        || matches!(character, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffd}')
}

/// Whether a joiner stands where no script needs one. Persian and Indic names are written with them,
/// and so are many emoji; beside a Latin letter, or at an end, it is only invisible.
fn has_stray_joiner(text: &str) -> bool {
    let is_joiner = |c: char| matches!(c, '\u{200c}' | '\u{200d}');
    let bears_joiner = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !is_joiner(c));
    text.char_indices()
        .filter(|(_, c)| is_joiner(*c))
        .any(|(at, _)| {
            let (before, from) = text.split_at(at);
            let after = from.chars().nth(1);
            !bears_joiner(before.chars().next_back()) || !bears_joiner(after)
        })
}

fn bounded(text: &str, most: usize) -> Result<String, TextError> {
    // Measured before it is normalised, so that the work on a hostile text is bounded as well.
    if text.len() > most * 16 {
        return Err(TextError::TooLong(most));
    }
    let text: String = text.trim().nfc().collect();
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().count() > most {
        return Err(TextError::TooLong(most));
    }
    if text.chars().any(is_unwelcome) || has_stray_joiner(&text) {
        return Err(TextError::ControlCharacter);
    }
    Ok(text)
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $most:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The most characters it has.
            pub const MOST: usize = $most;

            /// Trims, brings to NFC, measures.
            pub fn parse(text: &str) -> Result<Self, TextError> {
                bounded(text, $most).map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

text!(/** What an organisation, plan, link, or token is called. */ Name, 120);
text!(/** A first or last name of a person. */ PersonName, 80);
text!(/** A tag: copied from the link to whoever joins through it. */ Tag, 50);

impl Tag {
    /// The most tags a link or a membership bears.
    pub const MOST_PER_ROW: usize = 20;
}

/// A word of an inviter to the invited: plain text of several lines, at most 1,000 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct InviteMessage(String);

impl InviteMessage {
    /// The most characters it has.
    pub const MOST: usize = 1_000;

    /// Trims, brings line ends to `\n`, and measures; each line is held to the rules of a name.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim().replace("\r\n", "\n").replace('\r', "\n");
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.chars().count() > Self::MOST {
            return Err(TextError::TooLong(Self::MOST));
        }
        let line = |line: &str| match bounded(line, Self::MOST) {
            Err(TextError::Empty) => Ok(String::new()),
            other => other,
        };
        let lines = text.split('\n').map(line).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(lines.join("\n")))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for InviteMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The text is not the code of a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a language such as `en` or `pt-br`")]
pub struct NotALanguage;

/// A language as mails are written in: a BCP 47 tag of a language and perhaps a region, in lower
/// case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Language(String);

impl Language {
    /// Reads `en`, `pt-BR`, `fil`.
    pub fn parse(text: &str) -> Result<Self, NotALanguage> {
        let text = text.to_ascii_lowercase();
        let is_word = |word: &str, least: usize, most: usize| {
            (least..=most).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let (language, region) = match text.split_once('-') {
            Some((language, region)) => (language, Some(region)),
            None => (text.as_str(), None),
        };
        let is_language = language.bytes().all(|b| b.is_ascii_lowercase());
        if is_language
            && is_word(language, 2, 3)
            && region.is_none_or(|region| is_word(region, 2, 8))
        {
            Ok(Self(text))
        } else {
            Err(NotALanguage)
        }
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Language {
    /// English.
    fn default() -> Self {
        Self("en".to_owned())
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_measured_in_characters() {
        assert_eq!(Name::parse("  Law 2026 \n").unwrap().as_str(), "Law 2026");
        assert_eq!(Name::parse(" \t"), Err(TextError::Empty));
        assert!(Name::parse(&"é".repeat(120)).is_ok());
        assert_eq!(Name::parse(&"é".repeat(121)), Err(TextError::TooLong(120)));
    }

    #[test]
    fn a_line_break_or_a_direction_mark_never_gets_into_a_name() {
        for text in [
            "a\r\nBcc: x@y",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\0b",
            "a\u{200d}b",
            "é\u{200c}",
            "é\u{200c}\u{200c}é",
            "what could not be read: \u{fffd}",
        ] {
            assert_eq!(
                Name::parse(text),
                Err(TextError::ControlCharacter),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_name_that_is_written_with_joiners_is_a_name() {
        for text in [
            "علی\u{200c}رضا",
            "ශ\u{dca}\u{200d}රී",
            "👩\u{200d}👩\u{200d}👧",
        ] {
            assert_eq!(Name::parse(text).unwrap().as_str(), text);
        }
    }
}
