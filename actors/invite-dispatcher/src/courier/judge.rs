//! What the session says of a mail, as a verdict: about the mailbox, its domain, us, or our pace. Pure.

use smtp::{Class, ConnectError, Reply, Stage, Trouble, Verdict as Said, classify, names_our_pace};

use super::verdict::{Refusal, Verdict};

/// The most characters that are kept of what the other side says.
const MOST: usize = 500;

/// What became of a mail; `None` where another connection takes it. `is_proven`: this connection has
/// had a verdict before, so that its end says nothing about the relay.
pub(super) fn judge(said: Said, is_proven: bool) -> Option<Verdict> {
    Some(match said {
        Said::Accepted { reply } => Verdict::Accepted(bounded(&reply)),
        Said::Refused { stage, reply } => refused(stage, &reply),
        Said::Unfit { why } => Verdict::Refused(bounded(&why), Refusal::Sender),
        Said::Unknown { why } => Verdict::Unknown(bounded(&format!("the reply was lost: {why}"))),
        // Some close when it is the recipient that must wait.
        Said::NotSent {
            why: Trouble::Ended(stage @ Stage::Rcpt, reply),
        } if is_about_recipient(stage, &reply) => refused(stage, &reply),
        // Relays count the mails of a connection, and close one that was idle.
        Said::NotSent { .. } if is_proven => return None,
        Said::NotSent { why } => match why {
            Trouble::Cancelled => return None,
            Trouble::Ended(_, reply) => refused(Stage::Mail, &reply),
            why => Verdict::HungUp(bounded(&why)),
        },
    })
}

/// Whether what ended the connection was said of this recipient alone: that they have to wait.
fn is_about_recipient(stage: Stage, reply: &Reply) -> bool {
    matches!(classify(stage, reply), Class::Greylisted { .. })
}

/// There is no connection. Whatever the reason, somebody may mend it; no recipient is to blame.
pub(super) fn unreached(error: &ConnectError) -> Verdict {
    Verdict::Away(bounded(error))
}

fn refused(stage: Stage, reply: &Reply) -> Verdict {
    let text = bounded(reply);
    match classify(stage, reply) {
        Class::Throttled { wait: None } if is_about_channel(reply) => Verdict::Closed(text),
        Class::Throttled { wait } => Verdict::Throttled {
            is_domain: is_about_domain(stage, reply),
            wait,
            reply: text,
        },
        Class::Credentials => Verdict::Away(text),
        // Who we are is refused, not whom we write to: the operator may mend that.
        _ if stage == Stage::Mail && !is_about_message(reply) => Verdict::Away(text),
        Class::Greylisted { wait } => Verdict::Deferred { reply: text, wait },
        Class::Transient => Verdict::Deferred {
            reply: text,
            wait: None,
        },
        Class::MailboxFull => Verdict::Refused(text, Refusal::MailboxFull),
        Class::UserUnknown => Verdict::Refused(text, Refusal::UserUnknown),
        Class::SenderProblem => Verdict::Refused(text, Refusal::Sender),
        Class::Permanent => Verdict::Refused(text, Refusal::Other),
    }
}

/// The service closes the channel (RFC 5321, 4.2.2), and says neither in words nor by its code, of policy
/// (RFC 3463, x.7.y), that it is our pace.
fn is_about_channel(reply: &Reply) -> bool {
    let is_policy = matches!(reply.enhanced, Some((_, 7, _)));
    reply.code == 421 && !is_policy && !names_our_pace(&reply.text)
}

/// A recipient that is refused for our pace tells of its domain, unless it is the relay's own count.
fn is_about_domain(stage: Stage, reply: &Reply) -> bool {
    let is_our_share = matches!(reply.enhanced, Some((5, 4, 5)));
    stage == Stage::Rcpt && reply.code != 421 && !is_our_share
}

/// Its size, or bytes that cannot pass: another mail may.
fn is_about_message(reply: &Reply) -> bool {
    let is_said = matches!(reply.enhanced, Some((5, 3, 4) | (5, 6, _)));
    is_said || (reply.code == 552 && reply.enhanced.is_none())
}

/// What is kept of it.
fn bounded(text: &impl ToString) -> String {
    text.to_string().chars().take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(line: &str) -> Reply {
        let (code, text) = line.split_at(3);
        Reply::new(code.parse().unwrap(), [text.trim().as_bytes()])
    }

    fn name(verdict: Option<Verdict>) -> String {
        match verdict {
            None => "another connection".to_owned(),
            Some(Verdict::Throttled {
                is_domain, wait, ..
            }) => {
                let of = if is_domain { "domain" } else { "relay" };
                format!("{of} {}", wait.map_or(0, |wait| wait.as_secs()))
            }
            Some(Verdict::Deferred {
                wait: Some(wait), ..
            }) => format!("deferred {}", wait.as_secs()),
            Some(Verdict::HungUp(_)) => "hung up".to_owned(),
            Some(Verdict::Closed(_)) => "closed".to_owned(),
            Some(verdict) => verdict.name().to_owned(),
        }
    }

    #[test]
    fn a_refusal_says_whom_it_is_about() {
        use Stage::{Data, Dot, Mail, Rcpt};
        for (stage, line, expected) in [
            (Rcpt, "550 5.1.1 no such user", "user-unknown"),
            (Rcpt, "550 User unknown", "user-unknown"),
            (Dot, "550 5.1.1 no such user", "user-unknown"),
            (Rcpt, "552 5.2.2 mailbox full", "mailbox-full"),
            (Rcpt, "452 4.2.2 mailbox full", "mailbox-full"),
            (Rcpt, "550 5.7.1 blocked by policy", "sender"),
            (Rcpt, "550 5.0.0 no", "refused"),
            (Dot, "554 rejected as spam", "sender"),
            (Rcpt, "451 4.7.1 Greylisted, come back later", "deferred"),
            (Rcpt, "450 4.2.0 try again in 5 minutes", "deferred 300"),
            (Rcpt, "451 Greylisted, retry in 60s", "deferred 60"),
            (Dot, "451 4.3.0 local error", "deferred"),
            (Data, "451 4.3.0 local error", "deferred"),
            (
                Rcpt,
                "450 4.7.0 too many messages, wait 5 min",
                "domain 300",
            ),
            (Rcpt, "550 5.4.5 daily sending quota exceeded", "relay 0"),
            (Dot, "454 Throttling failure: rate exceeded", "relay 0"),
            (Dot, "451 rate limit, retry in 90s please", "relay 90"),
            (Dot, "421 4.7.0 too many today", "relay 0"),
            (Dot, "421 Too many messages", "relay 0"),
            (Dot, "421 4.7.0 Try again later, closing", "relay 0"),
            (Dot, "421 4.3.2 wait 2 minutes", "relay 120"),
            (Dot, "421 4.3.2 shutting down", "closed"),
            (Dot, "421 Service not available", "closed"),
            (Mail, "451 4.7.1 try again in 30 seconds", "relay 30"),
            (Mail, "550 5.7.1 not for you", "away"),
            (Mail, "451 4.3.0 local error", "away"),
            (Mail, "452 4.3.1 insufficient storage", "away"),
            (Mail, "530 5.7.0 authentication required", "away"),
            (Rcpt, "530 5.7.0 authentication required", "away"),
            // What the session says itself of a mail that the relay would not take.
            (Mail, "552 5.3.4 larger than the relay takes", "sender"),
            (Mail, "552 5.6.3 no bytes beyond ASCII", "sender"),
            (Mail, "552 too large", "sender"),
        ] {
            let said = Said::Refused {
                stage,
                reply: reply(line),
            };
            assert_eq!(name(judge(said, true)), expected, "{stage:?} {line}");
        }
    }

    #[test]
    fn a_connection_that_ends_is_the_fault_of_the_relay_only_if_it_never_worked() {
        let closes = |stage| {
            let reply = reply("421 4.7.0 too many messages, wait 2 minutes");
            Trouble::Ended(stage, reply)
        };
        let goes = |stage| Trouble::Ended(stage, reply("421 4.3.2 shutting down"));
        let greylists = |stage| Trouble::Ended(stage, reply("421 4.7.0 greylisted"));
        for (why, is_proven, expected) in [
            (Trouble::Closed, true, "another connection"),
            (closes(Stage::Mail), true, "another connection"),
            (closes(Stage::Rcpt), true, "another connection"),
            (goes(Stage::Rcpt), true, "another connection"),
            (goes(Stage::Rcpt), false, "closed"),
            (goes(Stage::Mail), false, "closed"),
            (greylists(Stage::Rcpt), true, "deferred"),
            (greylists(Stage::Rcpt), false, "deferred"),
            (greylists(Stage::Mail), true, "another connection"),
            (Trouble::Late(Stage::Rcpt), true, "another connection"),
            (Trouble::Cancelled, false, "another connection"),
            (Trouble::Closed, false, "hung up"),
            (Trouble::Late(Stage::Mail), false, "hung up"),
            (closes(Stage::Mail), false, "relay 120"),
            (closes(Stage::Rcpt), false, "relay 120"),
        ] {
            let said = Said::NotSent { why: why.clone() };
            assert_eq!(name(judge(said, is_proven)), expected, "{why:?}");
        }
    }

    #[test]
    fn a_lost_reply_is_unknown_whatever_was_before() {
        for is_proven in [true, false] {
            let why = Trouble::Closed;
            let Some(Verdict::Unknown(text)) = judge(Said::Unknown { why }, is_proven) else {
                panic!("it is not known");
            };
            assert!(text.starts_with("the reply was lost: "), "{text}");
        }
    }
}
