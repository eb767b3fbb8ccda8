//! What a refusal means.

mod rules;
mod wait;

use std::time::Duration;

use crate::{Reply, Stage};

/// What a refusal means for the next attempt, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// We are too fast, or have had our share: the whole lane waits.
    Throttled {
        /// How long, if the relay says so.
        wait: Option<Duration>,
    },
    /// Strangers are asked to come back; that is this mail's matter alone.
    Greylisted {
        /// How long, if the relay says so.
        wait: Option<Duration>,
    },
    /// There is somebody, with a full mailbox.
    MailboxFull,
    /// Nobody has this address, or nobody reads it any more.
    UserUnknown,
    /// It is about us: who we are, what we send. The recipient has no part in it.
    SenderProblem,
    /// The relay does not know us: its settings or ours are wrong.
    Credentials,
    /// It may work later.
    Transient,
    /// It will not work later.
    Permanent,
}

/// Reads what a refusal means.
///
/// Codes decide where they say something; only where they do not, the words do. A wrong suppression
/// shuts a person out, a wrong retry costs one mail: in doubt it is not [`Class::UserUnknown`].
pub fn classify(stage: Stage, reply: &Reply) -> Class {
    let text = reply.text.to_lowercase();
    if rules::CREDENTIALS.contains(&reply.code) {
        return Class::Credentials;
    }
    if reply.code >= 500 {
        permanent(stage, reply, &text)
    } else {
        transient(stage, reply, &text)
    }
}

/// Whether a refusal says in words that nobody has the address, whoever tells of it and how long after.
pub fn names_nobody(text: &str) -> bool {
    let text = text.to_lowercase();
    says(&text, &rules::NOBODY) && !says(&text, &rules::ABOUT_US)
}

/// Whether a refusal says in words that we are too fast, or have had our share.
pub fn names_our_pace(text: &str) -> bool {
    let text = text.to_lowercase();
    says(&text, &rules::TOO_FAST) || says(&text, &rules::SHARE_USED)
}

/// Whether a refusal says in words that its mailbox gets or holds too much, from everybody.
pub fn names_a_busy_mailbox(text: &str) -> bool {
    says(&text.to_lowercase(), &rules::THEIR_PACE)
}

fn transient(stage: Stage, reply: &Reply, text: &str) -> Class {
    let wait = wait::hint(text);
    if says(text, &rules::GREYLISTED) {
        return Class::Greylisted { wait };
    }
    if reply.code == 421 || (says(text, &rules::TOO_FAST) && !says(text, &rules::THEIR_PACE)) {
        return Class::Throttled { wait };
    }
    if is_full(stage, reply, text) {
        return Class::MailboxFull;
    }
    match wait {
        // Who names a time but no reason wants us slower.
        Some(_) if stage != Stage::Rcpt => Class::Throttled { wait },
        Some(_) => Class::Greylisted { wait },
        None => Class::Transient,
    }
}

fn permanent(stage: Stage, reply: &Reply, text: &str) -> Class {
    let enhanced = reply.enhanced.map(|(_, subject, detail)| (subject, detail));
    if says(text, &rules::SHARE_USED) || enhanced == Some((4, 5)) {
        return Class::Throttled {
            wait: wait::hint(text),
        };
    }
    if is_full(stage, reply, text) {
        return Class::MailboxFull;
    }
    let is_about_recipient = matches!(stage, Stage::Rcpt | Stage::Data | Stage::Dot);
    match enhanced {
        Some((1, 1 | 2 | 3 | 6 | 10)) if is_about_recipient => return Class::UserUnknown,
        // Of the sender's address; of the content; of policies.
        Some((1, 7 | 8) | (6 | 7, _) | (3, 4)) => return Class::SenderProblem,
        // It is disabled, unless it is only busy.
        Some((2, 1)) if is_about_recipient && !says(text, &rules::THEIR_PACE) => {
            return Class::UserUnknown;
        }
        // Of this mailbox, or of its system.
        Some((2 | 3, _)) => return Class::Permanent,
        _ => {}
    }
    let is_about_us = says(text, &rules::ABOUT_US) || says(text, &rules::ABOUT_US_IN_A_REPLY);
    if stage == Stage::Rcpt && !is_about_us && says(text, &rules::NOBODY) {
        return Class::UserUnknown;
    }
    // 552: too large; 555: a parameter of ours.
    if is_about_us || !is_about_recipient || matches!(reply.code, 552 | 555) {
        return Class::SenderProblem;
    }
    // What is refused when all of it is known, and not for its recipient, is refused for what it is.
    if stage == Stage::Dot && reply.code == 554 {
        return Class::SenderProblem;
    }
    Class::Permanent
}

fn is_full(stage: Stage, reply: &Reply, text: &str) -> bool {
    let is_about_recipient = matches!(stage, Stage::Rcpt | Stage::Data | Stage::Dot);
    match reply.enhanced {
        Some((_, 2, 2)) => true,
        Some((_, 3 | 7, _)) => false,
        _ => is_about_recipient && says(text, &rules::FULL),
    }
}

fn says(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| text.contains(phrase))
}
