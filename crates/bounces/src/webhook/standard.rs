//! Standard Webhooks (the open specification), with a small form of events of our own:
//!
//! ```json
//! { "type": "mail.bounced",
//!   "timestamp": "2026-11-25T10:00:00Z",
//!   "data": { "message_id": "<inv_01…@example.edu>", "token": "…", "recipient": "bob@x.edu",
//!             "reply": "550 5.1.1 user unknown", "status": "5.1.1",
//!             "event_id": "…" } }
//! ```
//!
//! `type` is `mail.bounced`, `mail.deferred`, `mail.delivered`, `mail.complained` or
//! `mail.unsubscribed`; others are passed over. Everything in `data` may be left out. A body is one
//! event or an array of them.

use aws_lc_rs::hmac;
use contract::{Secret, Timestamp};
use data_encoding::BASE64;
use serde::Deserialize;

use super::{HookProblem, KeyError, MOST_EVENTS, fresh};
use crate::{
    mail::address,
    report::{About, Enhanced, Kind, Report, id, message_id, one_line},
    verdict::{sharper, verdict},
};

/// How far the clock of the sender may be off, and how long an event may be on its way.
const TOLERANCE_SECONDS: i64 = 300;
/// The most signatures that are looked at: a sender that changes its key sends two.
const MOST_SIGNATURES: usize = 8;

/// A key from its text.
pub(super) fn key(secret: &Secret) -> Result<hmac::Key, KeyError> {
    let text = secret.expose().trim();
    let bytes = text
        .strip_prefix("whsec_")
        .and_then(|base64| BASE64.decode(base64.as_bytes()).ok())
        .filter(|bytes| (24..=64).contains(&bytes.len()))
        .ok_or(KeyError::Standard)?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// The id of the message, if one of the keys signed it.
pub(super) fn check<'h>(
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    keys: &[hmac::Key],
    now: Timestamp,
) -> Result<&'h str, HookProblem> {
    let given = |name| header(name).ok_or(HookProblem::Unsigned);
    let message = given("webhook-id")?;
    let timestamp = given("webhook-timestamp")?;
    let signatures = given("webhook-signature")?;
    // The id is signed with a full stop behind it: one inside would move the border.
    if id(message).is_none() || message.contains('.') {
        return Err(HookProblem::Unsigned);
    }
    fresh(timestamp, TOLERANCE_SECONDS, now)?;
    let signed = [message.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    let is_ours = signatures
        .split(' ')
        .filter_map(|one| one.strip_prefix("v1,"))
        .take(MOST_SIGNATURES)
        .filter_map(|base64| BASE64.decode(base64.as_bytes()).ok())
        // compares in constant time
        .any(|tag| {
            keys.iter()
                .any(|key| hmac::verify(key, &signed, &tag).is_ok())
        });
    is_ours.then_some(message).ok_or(HookProblem::Forged)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Many(Vec<Event>),
    One(Box<Event>),
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    timestamp: Option<String>,
    #[serde(default)]
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    token: Option<String>,
    message_id: Option<String>,
    recipient: Option<String>,
    reply: Option<String>,
    status: Option<String>,
    event_id: Option<String>,
}

/// The reports of a body that was signed.
pub(super) fn reports(body: &[u8], message: &str) -> Result<Vec<Report>, HookProblem> {
    let body: Body = serde_json::from_slice(body).map_err(|_| HookProblem::Malformed)?;
    let events = match body {
        Body::Many(events) => events,
        Body::One(event) => vec![*event],
    };
    if events.len() > MOST_EVENTS {
        return Err(HookProblem::TooLarge);
    }
    let read = |(index, event)| report(event, message, index);
    Ok(events.into_iter().enumerate().filter_map(read).collect())
}

fn report(event: Event, message: &str, index: usize) -> Option<Report> {
    let Event {
        kind,
        timestamp,
        data,
    } = event;
    let reply = data.reply.unwrap_or_default();
    let status = data.status.as_deref().and_then(Enhanced::parse);
    let enhanced = sharper(status, &reply);
    let kind = match kind.as_str() {
        "mail.bounced" => verdict(enhanced, &reply),
        "mail.deferred" => Kind::Delayed,
        "mail.delivered" => Kind::Delivered,
        "mail.complained" => Kind::Complaint,
        "mail.unsubscribed" => Kind::Unsubscribed,
        _ => return None,
    };
    let token = data.token.as_deref().and_then(id).map(About::Token);
    let mail = || data.message_id.as_deref().and_then(message_id);
    let event = data.event_id.as_deref().and_then(id);
    Some(Report {
        about: token.or_else(|| mail().map(About::Message)),
        recipient: data.recipient.as_deref().and_then(address),
        kind,
        enhanced,
        detail: one_line(&reply),
        event_id: Some(match event {
            Some(event) => format!("standard-{event}"),
            None => format!("standard-{message}-{index}"),
        }),
        at: timestamp.as_deref().and_then(Timestamp::parse),
    })
}
