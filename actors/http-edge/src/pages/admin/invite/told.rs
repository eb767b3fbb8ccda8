//! How an invite is told: where it stands, and what happened to it.

use contract::{
    Kind, Problem,
    audit::AuditEntry,
    invites::{Invite, InviteState, Life},
};

use crate::pages::{
    admin::invites,
    words::{self, instant},
};

/// Whether its mail has not left, or may leave once more.
pub(super) fn is_on_its_way(invite: &Invite) -> bool {
    match invite.state {
        InviteState::Queued | InviteState::Sending | InviteState::Deferred => true,
        InviteState::Unknown => invite.next_try_at.is_some(),
        _ => false,
    }
}

/// Whether nobody knows any more whom it was for: then it has a pseudonym, and is not sent again.
pub(super) fn is_forgotten(invite: &Invite) -> bool {
    invite.email.domain().as_str() == "forgotten.invalid"
}

/// In a word, and its colour.
pub(super) fn badge(invite: &Invite) -> (&'static str, &'static str) {
    match (invite.life, invite.state) {
        (Life::Accepted, _) => ("Accepted", "good"),
        (Life::Cancelled, _) => ("Cancelled", "bad"),
        (Life::Expired, _) => ("Expired", "bad"),
        (Life::Declined, _) => ("Declined", "bad"),
        (Life::Pending, InviteState::Bounced) => ("Came back", "bad"),
        (Life::Pending, InviteState::Complained) => ("Complaint", "bad"),
        (Life::Pending, InviteState::Failed) => ("Not sent", "bad"),
        (Life::Pending, InviteState::Suppressed) => ("Gets no invites", "bad"),
        (Life::Pending, InviteState::Unknown) => ("Perhaps sent", "warn"),
        (Life::Pending, InviteState::Sent | InviteState::Delivered) => ("Invite pending", "warn"),
        (Life::Pending, _) => ("On its way", "warn"),
    }
}

/// Where it stands, in sentences.
pub(super) fn stands(invite: &Invite) -> String {
    match invite.life {
        Life::Accepted => format!("Accepted on {}.", instant(&invite.accepted_at)),
        Life::Cancelled => cancelled(invite),
        Life::Expired | Life::Declined if is_forgotten(invite) => format!(
            "Its time was over on {}. For whom it was is not kept.",
            instant(&invite.expires_at)
        ),
        Life::Expired => format!(
            "Its time was over on {}. Sending it again renews it.",
            instant(&invite.expires_at)
        ),
        Life::Declined => format!(
            "Its receiver declined on {}. No reminder is sent; it can still be accepted.",
            instant(&invite.declined_at)
        ),
        Life::Pending => mail(invite),
    }
}

fn cancelled(invite: &Invite) -> String {
    if invite.cancelled_at.is_none() {
        return "Over: its access link was deleted.".to_owned();
    }
    let at = instant(&invite.cancelled_at);
    format!("Cancelled on {at}. Nobody can accept it any more.")
}

/// Where the mail of a pending one stands.
fn mail(invite: &Invite) -> String {
    let (sent, next) = (instant(&invite.sent_at), instant(&invite.next_try_at));
    match invite.state {
        InviteState::Draft | InviteState::Skipped | InviteState::Queued => {
            "Its mail waits for its turn.".to_owned()
        }
        InviteState::Sending => {
            "Its mail is being handed to the mail server at this moment.".to_owned()
        }
        InviteState::Deferred => {
            format!("The mail server did not take its mail yet. The next try is on {next}.")
        }
        InviteState::Unknown if invite.next_try_at.is_some() => format!(
            "The connection ended before the mail server answered. One more try is made on {next}."
        ),
        InviteState::Unknown => "The connection ended before the mail server answered: its mail \
                                 may have arrived, or not."
            .to_owned(),
        InviteState::Sent => {
            format!("The mail server took its mail on {sent}. There is no answer yet.")
        }
        InviteState::Delivered => {
            format!(
                "Its mail is in the mailbox since {sent}, or soon after. There is no answer yet."
            )
        }
        InviteState::Bounced => format!("Its mail came back.{}", why(invite)),
        InviteState::Complained => {
            "Its receiver called the mail unwanted. Nothing more is sent to them.".to_owned()
        }
        InviteState::Failed => format!("Its mail could not be sent.{}", why(invite)),
        InviteState::Suppressed => "This address gets no invites, so no mail was sent.".to_owned(),
        InviteState::Cancelled | InviteState::Expired => "Its mail did not leave.".to_owned(),
        InviteState::Unneeded => "It was accepted before its mail left.".to_owned(),
    }
}

/// Why it came back or failed, in words; without any, what the mail server said is on the page.
fn why(invite: &Invite) -> String {
    let reason = invite.reason.as_deref();
    reason.map_or_else(String::new, |reason| {
        format!(" {}", invites::told::why(reason))
    })
}

/// Whose words are shown: those of a mail server begin with a code of three digits.
pub(super) fn whose(reply: &str) -> &'static str {
    let (code, rest) = reply.split_at_checked(3).unwrap_or((reply, ""));
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    if is_code && (rest.is_empty() || rest.starts_with([' ', '-'])) {
        "The mail server said"
    } else {
        "About its mail"
    }
}

/// What happened to it, in a sentence.
pub(super) fn happened(entry: &AuditEntry) -> String {
    let part = |name| {
        let part = entry.change.get("email").and_then(|email| email.get(name));
        part.and_then(|part| part.as_str()).unwrap_or("?")
    };
    let words = match entry.action.as_str() {
        "invite.accept" => "Accepted",
        "invite.resend" => "Sent again",
        "invite.remind" => "A reminder was sent",
        "invite.cancel" => "Cancelled",
        "invite.decline" => "Declined",
        "invite.unsubscribe" => "Its receiver wants no more invites",
        "invite.readdress" => {
            return format!(
                "Address changed from {} to {}, and sent there",
                part("from"),
                part("to")
            );
        }
        other => other,
    };
    words.to_owned()
}

/// Who answered it: with which account, where that is another than it was sent to.
pub(super) fn receiver(entry: &AuditEntry) -> &str {
    let accepting = entry.change.get("accepting");
    let accepting = accepting.and_then(|email| email.as_str());
    accepting.unwrap_or("its receiver")
}

/// Why something did not happen.
pub(super) fn refusal(problem: &Problem) -> String {
    if problem.kind == Kind::Conflict
        && let Some(detail) = &problem.detail
    {
        return detail.clone();
    }
    // What is wrong with the invite itself is beside no field of the page.
    let mut errors = problem.errors.iter();
    match (errors.next(), problem.retry_after) {
        (Some(error), _) => error.detail.clone(),
        (None, Some(seconds)) => {
            let minutes = seconds.div_ceil(60);
            let unit = if minutes == 1 { "minute" } else { "minutes" };
            format!(
                "{} It can be sent again in {minutes} {unit}.",
                words::refusal(problem)
            )
        }
        (None, None) => words::refusal(problem),
    }
}

#[cfg(test)]
mod tests {
    use contract::{
        EmailAddress, Timestamp,
        ids::{BatchId, InviteId, LinkId, Ulid},
        text::Name,
    };

    use super::*;

    fn invite(life: Life, state: InviteState) -> Invite {
        let noon = Timestamp::parse("2026-11-24T12:00:00Z");
        Invite {
            id: InviteId::new(Ulid::nil()),
            batch_id: BatchId::new(Ulid::nil()),
            link_id: LinkId::new(Ulid::nil()),
            link_name: Name::parse("First year").unwrap(),
            email: EmailAddress::parse("ann@hill.edu").unwrap(),
            name: None,
            state,
            life,
            reason: Some("user-unknown".to_owned()),
            last_reply: None,
            attempts: 1,
            may_be_double: false,
            next_try_at: noon,
            resend_from: None,
            sent_at: noon,
            expires_at: noon,
            accepted_at: noon,
            declined_at: noon,
            cancelled_at: noon,
            created_at: noon.unwrap(),
            token: None,
        }
    }

    #[test]
    fn what_no_server_said_is_not_called_what_it_said() {
        for reply in ["550 5.1.1 no such user", "421-4.7.0 too many", "250"] {
            assert_eq!(whose(reply), "The mail server said", "{reply}");
        }
        for words in [
            "the mail is larger than the relay takes",
            "the reply was lost: 421 4.4.2",
            "5521 ways",
            "5.1.1",
            "é",
            "",
        ] {
            assert_eq!(whose(words), "About its mail", "{words}");
        }
    }

    #[test]
    fn every_state_is_told_in_words_of_its_own() {
        let mut told: Vec<_> = InviteState::ALL
            .into_iter()
            .map(|state| stands(&invite(Life::Pending, state)))
            .collect();
        let lives = [
            Life::Accepted,
            Life::Cancelled,
            Life::Expired,
            Life::Declined,
        ];
        told.extend(lives.map(|life| stands(&invite(life, InviteState::Sent))));
        assert!(told.iter().all(|words| words.ends_with('.')), "{told:?}");
        assert!(told[8].contains("no such mailbox"), "{}", told[8]);
        assert!(
            told.iter()
                .any(|words| words == "Accepted on 24 Nov 2026, 12:00 UTC.")
        );
        told.sort();
        told.dedup();
        // What has not begun, and what did not leave, is told alike.
        assert_eq!(told.len(), InviteState::ALL.len() + lives.len() - 3);
    }

    #[test]
    fn nobody_is_told_to_send_what_is_forgotten() {
        for life in [Life::Expired, Life::Declined] {
            let ended = invite(life, InviteState::Sent);
            let forgotten = Invite {
                email: EmailAddress::parse("inv_0@forgotten.invalid").unwrap(),
                ..ended.clone()
            };
            assert!(is_forgotten(&forgotten) && !is_forgotten(&ended));
            let words = "Its time was over on 24 Nov 2026, 12:00 UTC. For whom it was is not kept.";
            assert_eq!(stands(&forgotten), words);
        }
    }

    #[test]
    fn an_address_that_gets_no_invites_is_told_so_and_not_what_it_wants() {
        let suppressed = invite(Life::Pending, InviteState::Suppressed);
        let words = "This address gets no invites, so no mail was sent.";
        assert_eq!(stands(&suppressed), words);
        assert_eq!(badge(&suppressed).0, "Gets no invites");
    }

    #[test]
    fn a_lost_reply_is_on_its_way_only_while_a_try_is_left() {
        let tried = invite(Life::Pending, InviteState::Unknown);
        assert!(is_on_its_way(&tried));
        let over = Invite {
            next_try_at: None,
            ..tried
        };
        assert!(!is_on_its_way(&over));
        assert_ne!(
            stands(&over),
            stands(&invite(Life::Pending, InviteState::Unknown))
        );
    }

    #[test]
    fn a_refusal_says_when_it_can_be_tried_again() {
        let early = Problem {
            retry_after: Some(61),
            ..Problem::new(Kind::TooManyRequests).detail("This was sent.")
        };
        assert_eq!(
            refusal(&early),
            "This was sent. It can be sent again in 2 minutes."
        );
        let unwanted = Problem::invalid("invite_id", "suppressed", "No mail is wanted.");
        assert_eq!(refusal(&unwanted), "No mail is wanted.");
    }
}
