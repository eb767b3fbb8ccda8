//! Delivery status notifications (RFC 3464): what a server says to a machine.

use contract::EmailAddress;

use super::{
    fields::{Fields, untyped},
    origin::Origin,
    tree::{Mail, address, date},
};
use crate::{
    report::{Enhanced, Kind, Report, one_line},
    verdict::{sharper, verdict},
};

/// The report of each recipient that the status names.
pub(super) fn reports(mail: &Mail<'_>, status: &str, origin: &Origin<'_>) -> Vec<Report> {
    let groups = Fields::groups(status);
    let none = Fields::default();
    let of_the_mail = groups.first().unwrap_or(&none);
    let original = mail.original();
    let about = origin.about(of_the_mail, original.as_ref());
    let text = mail.text();
    let is_of_a_recipient = |group: &&Fields| {
        let marks = ["final-recipient", "original-recipient", "action", "status"];
        marks.iter().any(|name| group.get(name).is_some())
    };
    groups
        .iter()
        .filter(is_of_a_recipient)
        .filter_map(|group| {
            let said = said(group, &text);
            let code = group.get("status").and_then(Enhanced::find);
            let enhanced = sharper(code, said);
            let kind = kind(group, enhanced, said)?;
            Some(Report {
                about: about.clone(),
                recipient: recipient(group),
                kind,
                enhanced,
                detail: one_line(said),
                event_id: None,
                at: group
                    .get("last-attempt-date")
                    .and_then(date)
                    .or_else(|| mail.date()),
            })
        })
        .collect()
}

/// What happened to the recipient of a group; nothing if it does not say.
fn kind(group: &Fields, enhanced: Option<Enhanced>, said: &str) -> Option<Kind> {
    let action = group.get("action").map(|action| {
        let word = action.split([' ', ';', '(']).next().unwrap_or_default();
        word.to_ascii_lowercase()
    });
    match action.as_deref() {
        Some("failed") => Some(verdict(enhanced, said)),
        Some("delayed") => Some(Kind::Delayed),
        Some("delivered" | "relayed" | "expanded") => Some(Kind::Delivered),
        // Some gateways leave the action out, or translate it.
        _ => match enhanced? {
            Enhanced(2, ..) => Some(Kind::Delivered),
            Enhanced(4, ..) => Some(Kind::Delayed),
            Enhanced(..) => Some(verdict(enhanced, said)),
        },
    }
}

fn recipient(group: &Fields) -> Option<EmailAddress> {
    let named = [
        "original-recipient",
        "final-recipient",
        "x-actual-recipient",
    ];
    let mut named = named.iter().filter_map(|name| group.get(name));
    named.find_map(|value| address(untyped(value)))
}

/// What the refusing server said; else what the reporting one tells a person.
fn said<'a>(group: &'a Fields, text: &'a str) -> &'a str {
    match group.get("diagnostic-code").map(untyped) {
        Some(said) if !said.is_empty() => said,
        _ => text.trim(),
    }
}
