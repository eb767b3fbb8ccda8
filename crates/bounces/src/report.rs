//! What one report says about one mail of ours.

use std::fmt;

use contract::{
    EmailAddress, Timestamp,
    suppressions::{self, MailReport, ReportKind},
};
use serde::{Deserialize, Serialize};

/// The most characters of [`Report::detail`].
pub const MOST_DETAIL: usize = 500;
/// The most bytes of an id that somebody else made.
const MOST_ID: usize = 250;

/// What one incoming message or event says about one recipient of one mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Which mail; `None` if nothing in the report says.
    pub about: Option<About>,
    /// Who the mail was for, as the report names them: behind a forwarding that is somebody else than
    /// it was sent to, and a redacted complaint names nobody. What `about` leads to is to be believed.
    pub recipient: Option<EmailAddress>,
    /// What happened.
    pub kind: Kind,
    /// The enhanced status code (RFC 3463).
    pub enhanced: Option<Enhanced>,
    /// What the other side said, in one line of at most [`MOST_DETAIL`] characters.
    pub detail: String,
    /// The same for the same report, however often it comes.
    pub event_id: Option<String>,
    /// When it happened, by the clock of whoever says so.
    pub at: Option<Timestamp>,
}

impl Report {
    /// The report as the bus carries it; `None` when it does not say about which mail.
    pub fn told(self) -> Option<MailReport> {
        let about = match self.about? {
            About::Token(token) => suppressions::About::ReturnPath(token),
            About::Message(id) => suppressions::About::MessageId(id),
        };
        let kind = match self.kind {
            Kind::Hard => ReportKind::HardBounce,
            Kind::Soft => ReportKind::SoftBounce,
            Kind::Delayed => ReportKind::Delayed,
            Kind::Delivered => ReportKind::Delivered,
            Kind::Complaint => ReportKind::Complaint,
            Kind::Unsubscribed => ReportKind::Unsubscribed,
        };
        Some(MailReport {
            about,
            recipient: self.recipient,
            kind,
            detail: self.detail,
            event_id: self.event_id,
        })
    }
}

/// How a report names the mail that it is about; the first that is found, in this order.
///
/// Nothing of it is proved here: whoever has seen the mail knows both, and a `Message-ID` is made of
/// what is no secret. The `Feedback-ID` of our mails names no single one, and is not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The token of the return path, also out of the `List-Unsubscribe` of our mail.
    Token(String),
    /// The `Message-ID`, without its angle brackets.
    Message(String),
}

/// What happened to a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It did not arrive, and none will: there is no such mailbox or domain.
    Hard,
    /// It did not arrive, for a reason that is not the address: a full mailbox, a policy, the content.
    Soft,
    /// It is still being tried.
    Delayed,
    /// It arrived, or was passed on to where nothing more is reported.
    Delivered,
    /// The recipient calls it unwanted.
    Complaint,
    /// The recipient wants no more of it.
    Unsubscribed,
}

/// An enhanced status code, `5.1.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Enhanced(pub u8, pub u16, pub u16);

impl Enhanced {
    /// Reads a text that is a code and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let class = parts.next()?;
        if !matches!(class, "2" | "4" | "5") {
            return None;
        }
        let mut number = || {
            let part = parts.next()?;
            let digits = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        };
        let code = Self(class.parse().ok()?, number()?, number()?);
        parts.next().is_none().then_some(code)
    }

    /// The first code in a text: `550-5.1.1 …`, `(#5.1.1)`; not a part of an address or a version.
    pub fn find(text: &str) -> Option<Self> {
        let apart = |c: char| !c.is_ascii_alphanumeric() && c != '.';
        text.split(apart)
            .find_map(|word| Self::parse(word.trim_end_matches('.')))
    }

    /// Whether it says only "something": `5.0.0`.
    pub(crate) const fn is_vague(self) -> bool {
        self.1 == 0 && self.2 == 0
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Brings a text of somebody else's to one bounded line without controls and direction marks.
pub(crate) fn one_line(text: &str) -> String {
    let unwelcome = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let mut line = String::new();
    let mut left = MOST_DETAIL;
    for word in text.split(|c: char| c.is_whitespace() || unwelcome(c)) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() && left > 0 {
            line.push(' ');
            left -= 1;
        }
        let before = line.len();
        line.extend(word.chars().take(left));
        left -= line.get(before..).unwrap_or_default().chars().count();
        if left == 0 {
            break;
        }
    }
    line
}

/// An id in printable ASCII of bounded length, or nothing.
pub(crate) fn id(text: &str) -> Option<String> {
    let text = text.trim();
    let fits =
        !text.is_empty() && text.len() <= MOST_ID && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

/// A message id, with its angle brackets or without.
pub(crate) fn message_id(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = text.strip_prefix('<').unwrap_or(text);
    id(bare.strip_suffix('>').unwrap_or(bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_where_servers_write_it() {
        for (text, code) in [
            ("550-5.1.1 The email account", Some(Enhanced(5, 1, 1))),
            ("Sorry, no mailbox. (#5.1.1)", Some(Enhanced(5, 1, 1))),
            ("rejected with 4.2.2.", Some(Enhanced(4, 2, 2))),
            ("550 5.7.515 Access denied", Some(Enhanced(5, 7, 515))),
            ("from 5.1.1.4 and v5.2.1", None),
            ("550 no code", None),
            ("5.1.1000 6.1.1 3.0.0", None),
        ] {
            assert_eq!(Enhanced::find(text), code, "{text}");
        }
    }

    #[test]
    fn a_detail_is_one_bounded_line() {
        assert_eq!(one_line("a\r\n\tb\0c \u{202e}d"), "a b c d");
        assert_eq!(one_line(&"é ".repeat(1000)).chars().count(), MOST_DETAIL);
        assert_eq!(one_line(&"é".repeat(1000)).chars().count(), MOST_DETAIL);
    }
}
