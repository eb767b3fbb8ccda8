//! A provider's signed event to its reports.
//!
//! The signature is over the raw bytes and is checked before they are decoded. What a valid batch
//! holds beside reports (a mail opened, a link clicked) is passed over.

mod sendgrid;
mod standard;

use std::fmt;

use aws_lc_rs::hmac;
use contract::{Secret, Timestamp};

use crate::report::Report;

/// The most bytes of one POST.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;
/// The most events of one POST.
pub const MOST_EVENTS: usize = 5_000;

/// Who sends events, by the form that they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    /// Standard Webhooks, the open specification, with the events that `standard.rs` lists.
    Standard,
    /// The Event Webhook of Twilio `SendGrid`.
    Sendgrid,
}

impl Provider {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Standard, Self::Sendgrid];

    /// Its name, in a path and in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Sendgrid => "sendgrid",
        }
    }

    /// The provider of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|provider| provider.name() == name)
    }
}

/// Why a POST changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum HookProblem {
    /// Nobody has set a key for this provider.
    #[error("no key is set for this provider")]
    NotConfigured,
    /// A header of the signature is missing or cannot be read.
    #[error("the event is not signed")]
    Unsigned,
    /// Signed too long ago, or in the future.
    #[error("the signature is too old")]
    Stale,
    /// No key of ours made the signature.
    #[error("the signature is not valid")]
    Forged,
    /// More than [`MOST_BYTES`] or [`MOST_EVENTS`].
    #[error("the batch is too large")]
    TooLarge,
    /// Signed, and not what the provider's form is.
    #[error("the events cannot be read")]
    Malformed,
}

impl HookProblem {
    /// The HTTP status that says so.
    pub const fn status(self) -> u16 {
        match self {
            Self::NotConfigured => 404,
            Self::Unsigned | Self::Stale | Self::Forged => 401,
            Self::TooLarge => 413,
            Self::Malformed => 400,
        }
    }
}

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not `whsec_` and 24 to 64 bytes in base64.
    #[error("must be `whsec_` and 24 to 64 bytes in base64")]
    Standard,
    /// Not a P-256 public key in base64, as `SendGrid` shows it.
    #[error("must be a P-256 public key in base64")]
    Sendgrid,
}

/// The keys that events are believed for; several of one provider while one replaces another.
#[derive(Clone, Default)]
pub struct HookKeys {
    standard: Vec<hmac::Key>,
    sendgrid: Vec<Vec<u8>>,
}

impl fmt::Debug for HookKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookKeys")
            .field("standard", &self.standard.len())
            .field("sendgrid", &self.sendgrid.len())
            .finish()
    }
}

impl HookKeys {
    /// Adds a secret of Standard Webhooks, `whsec_…`.
    pub fn add_standard(&mut self, secret: &Secret) -> Result<(), KeyError> {
        self.standard.push(standard::key(secret)?);
        Ok(())
    }

    /// Adds a verification key of `SendGrid`.
    pub fn add_sendgrid(&mut self, public_key: &str) -> Result<(), KeyError> {
        self.sendgrid.push(sendgrid::key(public_key)?);
        Ok(())
    }

    /// Whether anything of this provider can be believed.
    pub fn has(&self, provider: Provider) -> bool {
        match provider {
            Provider::Standard => !self.standard.is_empty(),
            Provider::Sendgrid => !self.sendgrid.is_empty(),
        }
    }
}

/// The reports in a POST, if a provider signed it. `header` gives a header by its name in lower case.
pub fn verify<'h>(
    provider: Provider,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    keys: &HookKeys,
    now: Timestamp,
) -> Result<Vec<Report>, HookProblem> {
    if !keys.has(provider) {
        return Err(HookProblem::NotConfigured);
    }
    if body.len() > MOST_BYTES {
        return Err(HookProblem::TooLarge);
    }
    match provider {
        Provider::Standard => {
            let id = standard::check(header, body, &keys.standard, now)?;
            standard::reports(body, id)
        }
        Provider::Sendgrid => {
            sendgrid::check(header, body, &keys.sendgrid, now)?;
            sendgrid::reports(body)
        }
    }
}

/// Seconds since 1970 in a header, if they are no further from now than allowed.
fn fresh(text: &str, tolerance: i64, now: Timestamp) -> Result<(), HookProblem> {
    let digits = !text.is_empty() && text.len() <= 11 && text.bytes().all(|b| b.is_ascii_digit());
    let seconds: i64 = text.parse().map_err(|_| HookProblem::Unsigned)?;
    if !digits {
        return Err(HookProblem::Unsigned);
    }
    let off = now.micros() / 1_000_000 - seconds;
    if off.abs() > tolerance {
        return Err(HookProblem::Stale);
    }
    Ok(())
}
