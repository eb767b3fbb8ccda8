//! Reports that only a person was meant to read: qmail, Exim, old Sendmail and their like.
//!
//! They are taken for reports only if a mail system sent them: anybody can write such words.

use contract::EmailAddress;

use super::{
    MOST_REPORTS,
    fields::Fields,
    origin::Origin,
    tree::{Mail, address},
};
use crate::{
    report::{Enhanced, Kind, Report, one_line},
    verdict::{reply_code, verdict},
};

/// What announces the copy of our mail, in lower case.
const COPIES: [&str; 14] = [
    "--- below this line is a copy of the message",
    "--- enclosed is a copy of the message",
    "--- the header of the original message is following",
    "------ this is a copy of the message",
    "------ this is a copy of your message",
    "----- original message -----",
    "-----original message-----",
    "----- unsent message follows",
    "----- message header follows -----",
    "--- original message follows",
    "original message headers:",
    "--------message not delivered",
    "message text follows",
    "--- 元のメッセージ",
];

/// How a report says that it is only late, in lower case.
const LATE: [&str; 8] = [
    "this is a warning message only",
    "no action is required on your part",
    "delivery attempts will continue",
    "will continue to try",
    "will be retried",
    "delivery will be attempted until",
    "has been delayed",
    "you do not need to resend",
];

/// Who writes reports, by what stands before the `@`.
const DAEMONS: [&str; 5] = [
    "mailer-daemon",
    "postmaster",
    "mail-daemon",
    "mailerdaemon",
    "bounce",
];

/// What such a report is called, in lower case.
const SUBJECTS: [&str; 14] = [
    "undeliver",
    "delivery",
    "failure notice",
    "returned mail",
    "returned to sender",
    "mail system error",
    "could not send message",
    "message delayed",
    "not delivered",
    "nondeliverable",
    "unzustellbar",
    "non remis",
    "配信",
    "配送",
];

/// The reports of a mail in words, or none.
pub(super) fn reports(mail: &Mail<'_>, origin: &Origin<'_>) -> Vec<Report> {
    let failed = mail.header("x-failed-recipients");
    if failed.is_none() && !is_from_a_mail_system(mail, origin) {
        return Vec::new();
    }
    let text = mail.text();
    let (told, copy) = apart(&text);
    let original = mail.original().or_else(|| copy.map(original_in));
    let about = origin.about(&Fields::default(), original.as_ref());
    let named: Vec<EmailAddress> = failed
        .iter()
        .flat_map(|list| list.split(','))
        .filter_map(address)
        .take(MOST_REPORTS)
        .collect();
    let mut found = recipients(told, &named);
    if found.is_empty() {
        let certain = Enhanced::find(told).is_some() || reply_code(told).is_some();
        // No address: only a report if it speaks in codes, or if it must be one.
        if !certain && !named.is_empty() {
            found.extend(named.into_iter().map(|one| (Some(one), told.to_owned())));
        } else if certain && about.is_some() {
            found.push((None, told.to_owned()));
        }
    }
    let is_late = {
        let told = told.to_lowercase();
        LATE.iter().any(|words| told.contains(words))
    };
    let report = |(recipient, said): (Option<EmailAddress>, String)| {
        let enhanced = Enhanced::find(&said);
        let kind = match enhanced {
            _ if is_late => Kind::Delayed,
            Some(Enhanced(2, ..)) => Kind::Delivered,
            _ => verdict(enhanced, &said),
        };
        Report {
            about: about.clone(),
            recipient,
            kind,
            enhanced,
            detail: one_line(&said),
            event_id: None,
            at: mail.date(),
        }
    };
    found.into_iter().map(report).collect()
}

fn is_from_a_mail_system(mail: &Mail<'_>, origin: &Origin<'_>) -> bool {
    let from = mail.header("from").unwrap_or_default();
    let local = from.rsplit('<').next().unwrap_or_default();
    let local = local.split('@').next().unwrap_or_default().trim();
    let is_a_daemon = DAEMONS.iter().any(|name| local.eq_ignore_ascii_case(name));
    let nobody = |path: &str| matches!(path.trim(), "" | "<>");
    let from_nobody = match origin.envelope.from {
        Some(from) => nobody(from),
        None => mail.header("return-path").is_some_and(|path| nobody(&path)),
    };
    let subject = mail.header("subject").unwrap_or_default().to_lowercase();
    let is_called_so = SUBJECTS.iter().any(|words| subject.contains(words));
    (is_a_daemon && (from_nobody || is_called_so)) || (from_nobody && is_called_so)
}

/// What is told, and the copy of our mail behind it.
fn apart(text: &str) -> (&str, Option<&str>) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.trim().to_lowercase();
        if COPIES.iter().any(|words| lower.starts_with(words)) {
            let (told, rest) = text.split_at_checked(at).unwrap_or((text, ""));
            let copy = rest.split_once('\n').map(|(_, copy)| copy);
            return (told, copy);
        }
        at += line.len();
    }
    (text, None)
}

/// The headers of a copy: the first block that has some; "including all the headers. ------" goes on
/// over lines.
fn original_in(copy: &str) -> Fields {
    let mut groups = Fields::groups(copy).into_iter();
    groups
        .find(|group| group.get("message-id").is_some() || group.get("return-path").is_some())
        .unwrap_or_default()
}

/// The recipients that stand alone on a line, each with what is said below, up to the next.
fn recipients(told: &str, named: &[EmailAddress]) -> Vec<(Option<EmailAddress>, String)> {
    let mut found: Vec<(Option<EmailAddress>, String)> = Vec::new();
    for line in told.lines() {
        if let Some(recipient) = alone(line) {
            let known = named.is_empty() || named.iter().any(|one| one.key() == recipient.key());
            let again = found
                .iter()
                .any(|(one, _)| one.as_ref().is_some_and(|one| one.key() == recipient.key()));
            if known && !again && found.len() < MOST_REPORTS {
                found.push((Some(recipient), String::new()));
            }
        } else if let Some((_, said)) = found.last_mut()
            && said.len() < 4_000
        {
            said.push_str(line);
            said.push('\n');
        }
    }
    for (_, said) in &mut found {
        if said.trim().is_empty() {
            told.clone_into(said);
        }
    }
    found
}

/// The address that is all of a line: `<bob@x.edu>:`, `    bob@x.edu`.
fn alone(line: &str) -> Option<EmailAddress> {
    let line = line.trim().trim_end_matches(':');
    let bare = match line.strip_prefix('<') {
        Some(rest) => rest.strip_suffix('>')?,
        None => line,
    };
    address(bare.strip_prefix("mailto:").unwrap_or(bare))
}
