//! What a refusal is about: the mailbox, its domain, us, or our pace. Pure.

use std::time::Duration;

use bounces::{Enhanced, Kind};

use crate::courier::{Refusal, Verdict};

/// Where a mail was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Who sends it.
    Sender,
    /// To whom it goes.
    Recipient,
    /// The mail itself.
    Message,
}

/// What says that we are too fast, in lower case.
const TOO_FAST: [&str; 10] = [
    "throttl",
    "too many",
    "too fast",
    "too much mail",
    "rate limit",
    "rate exceeded",
    "sending rate",
    "rate of",
    "limit exceeded",
    "quota exceeded for the day",
];

/// The verdict of a reply that is not positive.
pub(super) fn refused(stage: Stage, code: u16, reply: String) -> Verdict {
    let text = reply.to_lowercase();
    let is_throttle =
        code == 421 || code == 454 || TOO_FAST.iter().any(|words| text.contains(words));
    let is_full = text.contains("mailbox full")
        || text.contains("mailbox is full")
        || text.contains("over quota")
        || text.contains(".2.2 ");
    match (stage, code) {
        (_, 400..=499) if is_throttle => Verdict::Throttled {
            is_domain: stage == Stage::Recipient && code != 421,
            wait: hint(&text),
            reply,
        },
        // Who we are is refused, not whom we write to: the operator may mend that.
        (Stage::Sender, _) | (_, 530 | 534 | 535) => Verdict::Away(reply),
        (_, 400..=499) => Verdict::Deferred(reply),
        _ if is_full => Verdict::Refused(reply, Refusal::MailboxFull),
        _ => {
            let enhanced = Enhanced::find(&text);
            let refusal = match (bounces::verdict(enhanced, &reply), enhanced) {
                (Kind::Hard, _) => Refusal::UserUnknown,
                (_, Some(Enhanced(5, 3 | 6 | 7, _))) => Refusal::Sender,
                _ if stage == Stage::Message => Refusal::Sender,
                _ => Refusal::Other,
            };
            Verdict::Refused(reply, refusal)
        }
    }
}

/// How long to wait, where a reply says so: `in 300 seconds`, `5 minutes`, `60s`.
fn hint(text: &str) -> Option<Duration> {
    let words: Vec<_> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    for pair in words.windows(2) {
        let [number, unit] = pair else { continue };
        let digits = number.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let Ok(number_of) = digits.parse::<u64>() else {
            continue;
        };
        let unit = if digits.len() < number.len() {
            number.get(digits.len()..).unwrap_or_default()
        } else {
            unit
        };
        let seconds = match unit {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3_600,
            _ => continue,
        };
        return Some(Duration::from_secs(number_of.saturating_mul(seconds)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(stage: Stage, code: u16, text: &str) -> String {
        match refused(stage, code, format!("{code} {text}")) {
            Verdict::Deferred(_) => "deferred".to_owned(),
            Verdict::Refused(_, refusal) => format!("{refusal:?}"),
            Verdict::Throttled {
                is_domain, wait, ..
            } => {
                let of = if is_domain { "domain" } else { "relay" };
                format!("{of} {}", wait.map_or(0, |wait| wait.as_secs()))
            }
            Verdict::Away(_) => "away".to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_reply_says_whom_it_is_about() {
        use Stage::{Message, Recipient, Sender};
        for (stage, code, text, expected) in [
            (Recipient, 550, "5.1.1 no such user", "UserUnknown"),
            (Recipient, 550, "User unknown", "UserUnknown"),
            (Recipient, 552, "5.2.2 mailbox full", "MailboxFull"),
            (Recipient, 550, "5.7.1 blocked by policy", "Sender"),
            (Recipient, 550, "5.0.0 no", "Other"),
            (Message, 554, "rejected as spam", "Sender"),
            (
                Recipient,
                451,
                "4.7.1 Greylisted, please come back later",
                "deferred",
            ),
            (Recipient, 452, "4.2.2 mailbox full", "deferred"),
            (
                Recipient,
                450,
                "4.7.0 too many messages, try again in 5 minutes",
                "domain 300",
            ),
            (
                Message,
                454,
                "Throttling failure: Maximum sending rate exceeded",
                "relay 0",
            ),
            (Message, 451, "rate limit, retry in 90s please", "relay 90"),
            (Sender, 421, "4.7.0 too many today", "relay 0"),
            (Sender, 550, "5.7.1 not for you", "away"),
            (Sender, 530, "5.7.0 authentication required", "away"),
            (Message, 451, "4.3.0 local error", "deferred"),
        ] {
            assert_eq!(name(stage, code, text), expected, "{code} {text}");
        }
    }
}
