//! The Event Webhook of Twilio `SendGrid`: a batch of events, signed with ECDSA on P-256 over the
//! timestamp and the raw body.

use aws_lc_rs::signature::{self, ParsedPublicKey};
use contract::Timestamp;
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::Value;

use super::{HookProblem, KeyError, MOST_EVENTS, fresh};
use crate::{
    mail::address,
    report::{About, Enhanced, Kind, Report, id, message_id, one_line},
    verdict::{sharper, verdict},
};

/// It tries again for 24 hours; a batch that comes twice has the same ids and changes nothing more.
const TOLERANCE_SECONDS: i64 = 25 * 3_600;

/// A verification key, as its settings page shows it.
pub(super) fn key(public_key: &str) -> Result<Vec<u8>, KeyError> {
    let text = public_key
        .replace("-----BEGIN PUBLIC KEY-----", "")
        .replace("-----END PUBLIC KEY-----", "");
    let text: String = text.split_whitespace().collect();
    let der = BASE64
        .decode(text.as_bytes())
        .map_err(|_| KeyError::Sendgrid)?;
    ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, &der)
        .map_err(|_| KeyError::Sendgrid)?;
    Ok(der)
}

/// Whether one of the keys signed the body.
pub(super) fn check<'h>(
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    keys: &[Vec<u8>],
    now: Timestamp,
) -> Result<(), HookProblem> {
    let given = |name| header(name).ok_or(HookProblem::Unsigned);
    let base64 = given("x-twilio-email-event-webhook-signature")?;
    let timestamp = given("x-twilio-email-event-webhook-timestamp")?;
    let tag = BASE64
        .decode(base64.as_bytes())
        .map_err(|_| HookProblem::Unsigned)?;
    fresh(timestamp, TOLERANCE_SECONDS, now)?;
    let signed = [timestamp.as_bytes(), body].concat();
    let good = |key: &Vec<u8>| {
        signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, key)
            .verify(&signed, &tag)
            .is_ok()
    };
    keys.iter()
        .any(good)
        .then_some(())
        .ok_or(HookProblem::Forged)
}

/// What we read of an event.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    #[serde(rename = "event")]
    name: String,
    email: Value,
    timestamp: Value,
    #[serde(rename = "smtp-id")]
    smtp_id: Value,
    sg_event_id: Value,
    #[serde(rename = "type")]
    kind: Value,
    status: Value,
    reason: Value,
    response: Value,
}

/// The reports of a body that was signed.
pub(super) fn reports(body: &[u8]) -> Result<Vec<Report>, HookProblem> {
    let events: Vec<Event> = serde_json::from_slice(body).map_err(|_| HookProblem::Malformed)?;
    if events.len() > MOST_EVENTS {
        return Err(HookProblem::TooLarge);
    }
    Ok(events.iter().filter_map(report).collect())
}

fn report(event: &Event) -> Option<Report> {
    let said = [&event.reason, &event.response];
    let said = said
        .iter()
        .find_map(|text| text.as_str())
        .unwrap_or_default();
    let status = event.status.as_str().and_then(Enhanced::parse);
    let enhanced = sharper(status, said);
    let kind = match event.name.as_str() {
        // a block is about the sender or the moment
        "bounce" if event.kind.as_str() == Some("blocked") => Kind::Soft,
        "blocked" => Kind::Soft,
        "bounce" => verdict(enhanced, said),
        "dropped" => dropped(said),
        "deferred" => Kind::Delayed,
        "delivered" => Kind::Delivered,
        "spamreport" => Kind::Complaint,
        "unsubscribe" | "group_unsubscribe" => Kind::Unsubscribed,
        // processed, open, click, group_resubscribe
        _ => return None,
    };
    Some(Report {
        about: event
            .smtp_id
            .as_str()
            .and_then(message_id)
            .map(About::Message),
        recipient: event.email.as_str().and_then(address),
        kind,
        enhanced,
        detail: one_line(said),
        event_id: event
            .sg_event_id
            .as_str()
            .and_then(id)
            .map(|event| format!("sendgrid-{event}")),
        at: event
            .timestamp
            .as_i64()
            .map(|seconds| Timestamp::from_micros(0).plus_seconds(seconds)),
    })
}

/// What it did not even send, for what it remembers of the address.
fn dropped(reason: &str) -> Kind {
    let reason = reason.to_ascii_lowercase();
    if reason.contains("bounced address") || reason.contains("invalid") {
        Kind::Hard
    } else if reason.contains("spam report") {
        Kind::Complaint
    } else if reason.contains("unsubscribed") {
        Kind::Unsubscribed
    } else {
        Kind::Soft
    }
}
