//! What is wrong with the settings: which key, and where it was set.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `section.key`; empty when it is about the whole source.
    pub key: String,
    /// A file, a variable, or `default`.
    pub place: String,
    /// What is wrong, without the value: it may be a secret.
    pub text: String,
}

impl Problem {
    /// A problem.
    pub(super) fn new(key: &str, place: &str, text: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            place: place.to_owned(),
            text: text.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            return write!(f, "{}: {}", self.place, self.text);
        }
        write!(f, "{} ({}): {}", self.key, self.place, self.text)
    }
}

/// Everything that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "the settings are not usable: {one}"),
            all => {
                write!(f, "the settings are not usable:")?;
                all.iter()
                    .try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl std::error::Error for Problems {}
