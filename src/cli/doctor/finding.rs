//! What one check found, in a line.

use std::fmt;

use super::dns::DnsError;

/// The longest piece of a text in the DNS, in bytes.
const PIECE: usize = 255;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is as it should be.
    Fine,
    /// It is not there.
    Missing,
    /// It is there, and does not do.
    Wrong,
    /// Nobody answered.
    Unknown,
    /// It is not asked for, or cannot be seen from here.
    Skipped,
}

/// A line of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) what: &'static str,
    pub(super) verdict: Verdict,
    /// What was found, and what to do about it.
    pub(super) text: String,
}

impl Finding {
    pub(super) fn new(what: &'static str, verdict: Verdict, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            what,
            verdict,
            text,
        }
    }

    /// The DNS did not say what is at a name.
    pub(super) fn unknown(what: &'static str, name: &str, error: &DnsError) -> Self {
        Self::new(what, Verdict::Unknown, format!("{name}: {error}"))
    }

    /// Nobody has to do anything about it.
    pub(super) const fn is_fine(&self) -> bool {
        matches!(self.verdict, Verdict::Fine | Verdict::Skipped)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Fine => "ok",
            Verdict::Missing => "missing",
            Verdict::Wrong => "wrong",
            Verdict::Unknown => "unknown",
            Verdict::Skipped => "skipped",
        };
        write!(f, "{verdict:<8} {:<14} {}", self.what, self.text)
    }
}

/// A record to publish, as a zone has it: a long text is in pieces.
pub(super) fn publish(name: &str, text: &str) -> String {
    let pieces = text.as_bytes().chunks(PIECE);
    let pieces = pieces.map(|piece| format!("\"{}\"", String::from_utf8_lossy(piece)));
    let pieces = pieces.collect::<Vec<_>>().join(" ");
    format!("publish: {name}. TXT {pieces}")
}
