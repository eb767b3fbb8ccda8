//! One piece of what was handed in.

use contract::{address::EmailAddress, batches::GivenRow, text::PersonName};

use crate::{Oddity, Reason};

/// The most characters of a piece that are kept to be shown.
const MOST_SHOWN: usize = 200;

/// One piece of what was handed in, and what was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The line it stood on, counted from 1.
    pub line: u32,
    /// What stood there, at most 200 characters of it.
    pub input: String,
    /// The name beside it.
    pub name: Option<PersonName>,
    /// The address, or why there is none.
    pub outcome: Result<EmailAddress, Refusal>,
    /// What is odd about an address that was taken.
    pub warning: Option<Warning>,
}

/// Why a piece was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// What was meant, perhaps.
    pub suggestion: Option<EmailAddress>,
}

/// What is odd about an address that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What.
    pub oddity: Oddity,
    /// What was meant, perhaps.
    pub suggestion: Option<EmailAddress>,
}

impl Given {
    /// The address, where one was taken.
    pub fn email(&self) -> Option<&EmailAddress> {
        self.outcome.as_ref().ok()
    }

    /// Why none was taken.
    pub fn reason(&self) -> Option<Reason> {
        self.outcome.as_ref().err().map(|refusal| refusal.reason)
    }

    /// What was meant, perhaps, whether or not it was taken.
    pub fn suggestion(&self) -> Option<&EmailAddress> {
        match &self.outcome {
            Ok(_) => self.warning.as_ref()?.suggestion.as_ref(),
            Err(refusal) => refusal.suggestion.as_ref(),
        }
    }

    pub(crate) fn refused(line: u32, input: &str, reason: Reason) -> Self {
        Self {
            line,
            input: shown(input),
            name: None,
            outcome: Err(reason.into()),
            warning: None,
        }
    }

    /// Notes an oddity, unless a greater one is noted.
    pub(crate) fn warn(&mut self, oddity: Oddity) {
        let noted = self.warning.as_ref().map(|warning| warning.oddity);
        if self.outcome.is_ok() && noted < Some(oddity) {
            self.warning = Some(oddity.into());
        }
    }
}

impl Refusal {
    pub(crate) fn meaning(reason: Reason, suggestion: Option<EmailAddress>) -> Self {
        Self { reason, suggestion }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            suggestion: None,
        }
    }
}

impl From<Oddity> for Warning {
    fn from(oddity: Oddity) -> Self {
        Self {
            oddity,
            suggestion: None,
        }
    }
}

impl From<Given> for GivenRow {
    /// A warning without a suggestion becomes one that says its sentence.
    fn from(given: Given) -> Self {
        let odd = given.warning.as_ref().map(|warning| warning.oddity);
        let suggestion = given.suggestion().map(ToString::to_string);
        let reason = given.reason().map(|reason| reason.slug().to_owned());
        Self {
            line: given.line,
            input: given.input,
            email: given.outcome.ok(),
            name: given.name,
            reason,
            suggestion: suggestion.or_else(|| odd.map(|odd| odd.sentence().to_owned())),
        }
    }
}

/// What is kept of a piece to be shown.
pub(crate) fn shown(piece: &str) -> String {
    let piece = piece.trim();
    match piece.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => piece.get(..end).unwrap_or_default().to_owned(),
        None => piece.to_owned(),
    }
}
