//! A mail to its reports.

mod arf;
mod dsn;
mod fields;
mod noise;
mod origin;
mod prose;
mod tree;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;

pub(crate) use self::tree::address;
use self::{origin::Origin, tree::Mail};
use crate::{
    report::{About, Kind, Report, one_line},
    return_path::ReturnPath,
};

/// How much of a mail is read. Reports begin with what matters; the rest is a copy of ours.
pub const MOST_BYTES: usize = 256 * 1024;
/// The most recipients of one report. Our mails have one each.
const MOST_REPORTS: usize = 100;

/// Who a mail came from and for, as the transport said it; a folder does not know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Envelope<'a> {
    /// `MAIL FROM`, empty for a report.
    pub from: Option<&'a str>,
    /// `RCPT TO`.
    pub to: Option<&'a str>,
}

/// What a mail turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A report: one for each recipient it names, at least one.
    Reports(Vec<Report>),
    /// Something that changes nothing.
    Ignored(Ignored),
}

/// Why a mail changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ignored {
    /// Somebody's machine answers: on holiday, received with thanks.
    AutoReply,
    /// Somebody's machine asks for a proof that we are human.
    Challenge,
    /// Read, or deleted unread (RFC 8098).
    Receipt,
    /// A report, but of nothing that a mail of ours did: authentication, not spam after all.
    OtherReport,
    /// A mail like any other.
    NoReport,
    /// Not a mail.
    Unreadable,
}

impl Ignored {
    /// Its name, for a metric.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AutoReply => "auto-reply",
            Self::Challenge => "challenge",
            Self::Receipt => "receipt",
            Self::OtherReport => "other-report",
            Self::NoReport => "no-report",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Reads a mail that came to the return path, or to the address for complaints.
pub fn read(bytes: &[u8], envelope: Envelope<'_>, path: &ReturnPath) -> Reading {
    let bytes = bytes.get(..MOST_BYTES).unwrap_or(bytes);
    let Some(mail) = Mail::parse(bytes) else {
        return Reading::Ignored(Ignored::Unreadable);
    };
    let origin = Origin {
        mail: &mail,
        envelope,
        path,
    };
    match understand(&mail, &origin) {
        Ok(mut reports) => {
            reports.truncate(MOST_REPORTS);
            number(&mut reports, &mail, bytes);
            Reading::Reports(reports)
        }
        Err(ignored) => Reading::Ignored(ignored),
    }
}

fn understand(mail: &Mail<'_>, origin: &Origin<'_>) -> Result<Vec<Report>, Ignored> {
    if let Some(status) = mail.part(&["message/delivery-status", "message/global-delivery-status"])
    {
        let reports = dsn::reports(mail, &status, origin);
        if !reports.is_empty() {
            return Ok(reports);
        }
    }
    if let Some(feedback) = mail.part(&["message/feedback-report"]) {
        return arf::report(mail, &feedback, origin).map(|report| vec![report]);
    }
    if mail.has(&[
        "message/disposition-notification",
        "message/global-disposition-notification",
    ]) {
        return Err(Ignored::Receipt);
    }
    let prose = prose::reports(mail, origin);
    if !prose.is_empty() {
        return Ok(prose);
    }
    if let Some(noise) = noise::of(mail) {
        return Err(noise);
    }
    unsubscribed(mail, origin)
        .map(|report| vec![report])
        .ok_or(Ignored::NoReport)
}

/// The mail that `List-Unsubscribe: <mailto:…?subject=unsubscribe>` makes, to a token's address.
fn unsubscribed(mail: &Mail<'_>, origin: &Origin<'_>) -> Option<Report> {
    let subject = mail.header("subject")?;
    let about = origin.token()?;
    subject
        .trim()
        .eq_ignore_ascii_case("unsubscribe")
        .then(|| Report {
            about: Some(About::Token(about)),
            recipient: mail.sender(),
            kind: Kind::Unsubscribed,
            enhanced: None,
            detail: one_line("unsubscribed by mail"),
            event_id: None,
            at: mail.date(),
        })
}

/// Gives the reports of a mail their ids: from its `Message-ID`, which stays when it is sent again.
fn number(reports: &mut [Report], mail: &Mail<'_>, bytes: &[u8]) {
    let name = mail.header("message-id").unwrap_or_default();
    let seed = if name.trim().is_empty() {
        bytes
    } else {
        name.trim().as_bytes()
    };
    let digest = digest::digest(&digest::SHA256, seed);
    let hex = HEXLOWER.encode(digest.as_ref().get(..16).unwrap_or_default());
    for (index, report) in reports.iter_mut().enumerate() {
        report.event_id = Some(format!("mail-{hex}-{index}"));
    }
}
