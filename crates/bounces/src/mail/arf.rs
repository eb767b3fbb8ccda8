//! Complaints (the Abuse Reporting Format, RFC 5965), with their recipients often made unreadable.

use super::{
    Ignored,
    fields::{Fields, untyped},
    origin::Origin,
    tree::{Mail, address, date},
};
use crate::report::{Kind, Report, one_line};

/// The report of a feedback, if it is about a mail of ours that somebody did not want.
pub(super) fn report(
    mail: &Mail<'_>,
    feedback: &str,
    origin: &Origin<'_>,
) -> Result<Report, Ignored> {
    let facts = Fields::first(feedback);
    let kind = facts.get("feedback-type").unwrap_or("abuse");
    let kind = match kind.to_ascii_lowercase().as_str() {
        "opt-out" | "opt-out-list" | "unsubscribe" => Kind::Unsubscribed,
        "abuse" | "fraud" | "virus" | "other" | "complaint" | "miscategorized" => Kind::Complaint,
        // not-spam, auth-failure, dmarc
        _ => return Err(Ignored::OtherReport),
    };
    let original = mail.original();
    let named = ["original-rcpt-to", "removal-recipient"];
    let mut named = named.iter().filter_map(|name| facts.get(name));
    let told = facts.get("user-agent").unwrap_or_default();
    let from = facts.get("reporting-mta").map(untyped).unwrap_or_default();
    Ok(Report {
        about: origin.about(&facts, original.as_ref()),
        recipient: named.find_map(address),
        kind,
        enhanced: None,
        detail: one_line(&format!("reported by {from} {told}")),
        event_id: None,
        at: facts
            .get("arrival-date")
            .or_else(|| facts.get("received-date"))
            .and_then(date)
            .or_else(|| mail.date()),
    })
}
