//! What comes to the return path and is no report.

use super::{Ignored, tree::Mail};

/// Headers that only services write which ask senders for a proof.
const CHALLENGERS: [&str; 6] = [
    "x-boxtrapper-verified",
    "x-challenge-response",
    "x-spamarrest-challenge",
    "x-tmda-confirm-accept",
    "x-asksender",
    "x-sender-verification-request",
];

/// What such services write in their subjects, in lower case.
const CHALLENGES: [&str; 8] = [
    "please confirm your message",
    "confirm your email",
    "your email requires verification",
    "sender verification",
    "verify your identity",
    "challenge",
    "boxtrapper",
    "spam arrest",
];

/// Headers that only answering machines write.
const ANSWERING: [&str; 5] = [
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-vacation",
    "x-mail-autoreply",
];

/// What answering machines write at the beginning of their subjects, in lower case.
const ANSWERS: [&str; 12] = [
    "auto:",
    "automatic reply",
    "autoreply",
    "auto-reply",
    "auto reply",
    "out of office",
    "out of the office",
    "vacation",
    "abwesen",
    "absence",
    "réponse automatique",
    "自動応答",
];

/// Why a mail that is no report is none.
pub(super) fn of(mail: &Mail<'_>) -> Option<Ignored> {
    let has = |names: &[&str]| names.iter().any(|name| mail.header(name).is_some());
    let subject = mail.header("subject").unwrap_or_default();
    let subject = subject.trim().to_lowercase();
    if has(&CHALLENGERS) || CHALLENGES.iter().any(|words| subject.contains(words)) {
        return Some(Ignored::Challenge);
    }
    let word = |name: &str| {
        let value = mail.header(name).unwrap_or_default().to_ascii_lowercase();
        value
            .split([';', ' '])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let submitted = word("auto-submitted");
    let automatic = submitted.starts_with("auto-")
        || word("precedence") == "auto_reply"
        || has(&ANSWERING)
        || ANSWERS.iter().any(|words| subject.starts_with(words));
    automatic.then_some(Ignored::AutoReply)
}
