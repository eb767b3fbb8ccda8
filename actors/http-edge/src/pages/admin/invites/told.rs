//! How a batch is told: its states, its reasons, its pace.

use contract::{
    batches::{Batch, PauseReason},
    invites::InviteState,
};

/// How a batch stands, and the colour of its badge.
pub(super) fn stands(batch: &Batch) -> (&'static str, &'static str) {
    if batch.cancelled_at.is_some() {
        ("Cancelled", "bad")
    } else if batch.finished_at.is_some() {
        ("Finished", "good")
    } else if batch.paused_at.is_some() {
        ("Paused", "warn")
    } else if batch.sent_at.is_some() {
        ("Being sent", "good")
    } else {
        ("Draft", "warn")
    }
}

/// Whether a batch was sent and something of it is still to be settled.
pub(super) fn is_under_way(batch: &Batch) -> bool {
    batch.sent_at.is_some() && !crate::watch::is_over(batch)
}

/// Where a mail stands, as a table says it.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates pass what they have by reference"
)]
pub(super) const fn state(state: &InviteState) -> &'static str {
    match state {
        InviteState::Draft => "Not sent yet",
        InviteState::Skipped => "Left out",
        InviteState::Queued => "Waiting",
        InviteState::Sending => "Leaving now",
        InviteState::Deferred => "To be tried again",
        InviteState::Unknown => "Perhaps sent",
        InviteState::Sent => "Sent",
        InviteState::Delivered => "Delivered",
        InviteState::Bounced => "Came back",
        InviteState::Complained => "Complained",
        InviteState::Failed => "Could not be sent",
        InviteState::Suppressed => "Gets no invites",
        InviteState::Cancelled => "Cancelled",
        InviteState::Expired => "Too late",
        InviteState::Unneeded => "Accepted before it left",
    }
}

/// Mails about which nothing more will be done.
pub(super) fn settled(batch: &Batch) -> u64 {
    crate::invites::taken(batch).saturating_sub(batch.left())
}

pub(super) fn why_paused(batch: &Batch) -> &'static str {
    match batch.pause_reason {
        Some(PauseReason::Bounces) => "Too many of its mailboxes do not exist.",
        Some(PauseReason::Complaints) => "Too many people complained.",
        Some(PauseReason::Refusals) => "Mail servers refuse what we send, not whom we write to.",
        Some(PauseReason::Administrator) | None => "An administrator paused it.",
    }
}

/// Why a row was not taken or what became of its mail, in words; a reason of the reader's own speaks
/// for itself.
pub(in crate::pages::admin) fn why(reason: &str) -> String {
    let words = match reason {
        "already-seated" => "Has a seat already.",
        "already-waiting" => "Waits for a seat already.",
        "already-invited" => "Is invited already.",
        "revoked" => "Their access was withdrawn; reassign it in Manage Users.",
        "suppressed" => "Cannot be invited.",
        "duplicate" => "Is in the list twice.",
        "domain-not-allowed" => "Is not of a domain that the link allows.",
        "link-deleted" => "The access link was deleted meanwhile.",
        "user-unknown" => "There is no such mailbox: perhaps the address is mistyped.",
        "mailbox-full" => "The mailbox is full.",
        "not-yet" => "The mail server does not take it yet.",
        "deferred-too-long" => "The mail server did not take it for too long.",
        "returned" => "The mailbox may exist; its server gave the mail back.",
        "sender" => "The other side takes no mail from us.",
        "refused" => "The other side does not take it.",
        "no-reply" => "No server answered: it may have arrived, or not.",
        _ => {
            return intake::Reason::parse(reason)
                .map_or_else(|| reason.to_owned(), |reason| reason.sentence().to_owned());
        }
    };
    words.to_owned()
}

/// How long so many seconds are, roughly.
pub(super) fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..=89 => (seconds.max(1), "second"),
        90..=5_399 => (seconds.div_ceil(60), "minute"),
        5_400..=172_799 => (seconds.div_ceil(3_600), "hour"),
        _ => (seconds.div_ceil(86_400), "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use contract::ids::{BatchId, LinkId, Ulid};
    use serde_json::json;

    use super::{super::live::Live, *};

    #[test]
    fn a_span_is_said_in_the_unit_that_fits() {
        for (seconds, said) in [
            (0, "1 second"),
            (45, "45 seconds"),
            (90, "2 minutes"),
            (3_600, "60 minutes"),
            (7_200, "2 hours"),
            (200_000, "3 days"),
        ] {
            assert_eq!(span(seconds), said);
        }
    }

    #[test]
    fn what_is_tried_once_more_is_not_settled() {
        let noon = "2026-11-24T12:00:00Z";
        let batch = |to_repeat: u64| -> Batch {
            let told = json!({
                "id": BatchId::new(Ulid::from_parts(1, 1)),
                "link_id": LinkId::new(Ulid::from_parts(1, 1)),
                "link_name": "First year", "tags": [], "source": "paste", "message": null,
                "inviter": null, "language": "en", "created_by": "operator", "created_at": noon,
                "sealed_at": noon, "sent_at": noon, "paused_at": null, "pause_reason": null,
                "cancelled_at": null, "finished_at": null, "given": 17, "refused": {},
                "states": { "sent": 4, "bounced": 2, "unknown": 3, "sending": 1, "deferred": 7 },
                "to_repeat": to_repeat, "accepted": 0, "exceeds_free_seats_by": 0, "pace": null,
            });
            serde_json::from_value(told).unwrap()
        };
        for (to_repeat, expected) in [(0, 9), (2, 7), (3, 6)] {
            let batch = &batch(to_repeat);
            assert_eq!(settled(batch), expected);
            let page = Live { at: "/", batch }.html().ok().unwrap();
            assert!(
                page.contains(&format!("{expected} of 17 are settled")),
                "{page}"
            );
            let once_more = format!("because no reply came: {to_repeat}.");
            assert_eq!(page.contains(&once_more), to_repeat > 0, "{page}");
        }
    }

    #[test]
    fn no_state_is_said_by_its_bare_name() {
        for known in InviteState::ALL {
            let words = state(&known);
            assert!(words.starts_with(char::is_uppercase), "{words}");
        }
    }
}
