//! What a report means for the state of an invite.

use bounces::Enhanced;
use contract::{invites::InviteState, suppressions::ReportKind};

/// The reason of an invite whose mailbox does not exist.
pub(crate) const NO_MAILBOX: &str = "user-unknown";
/// The reason of an invite that came back though its mailbox may exist.
pub(crate) const RETURNED: &str = "returned";
/// The reason of an invite that came back because the other side refuses us, not the receiver.
pub(crate) const REFUSED: &str = "refused";
/// The reason of an invite that was complained about.
pub(crate) const COMPLAINED: &str = "complained";

/// Where the mail of an invite stands after a report, when that is another state. `is_current`: the
/// report is certainly about its last mail.
pub(super) fn verdict(
    state: InviteState,
    kind: ReportKind,
    is_current: bool,
) -> Option<InviteState> {
    use InviteState as S;
    match (kind, state) {
        (ReportKind::Delivered, S::Sent) => Some(S::Delivered),
        // It came before the reply of the relay was recorded, or instead of it.
        (ReportKind::Delivered, S::Sending | S::Unknown) if is_current => Some(S::Delivered),
        (ReportKind::SoftBounce, S::Sending | S::Unknown) if !is_current => None,
        // After a hard bounce no later mail would arrive either.
        (ReportKind::HardBounce, S::Queued | S::Deferred)
        | (
            ReportKind::HardBounce | ReportKind::SoftBounce,
            S::Sending | S::Unknown | S::Sent | S::Delivered,
        ) => Some(S::Bounced),
        (
            ReportKind::Complaint,
            S::Queued
            | S::Sending
            | S::Deferred
            | S::Unknown
            | S::Sent
            | S::Delivered
            | S::Bounced
            | S::Failed,
        ) => Some(S::Complained),
        _ => None,
    }
}

/// Why, in the row of the invite; `said` is what the other side said.
pub(super) fn reason(kind: ReportKind, said: &str) -> Option<&'static str> {
    match kind {
        ReportKind::HardBounce => Some(NO_MAILBOX),
        // Security and policy (RFC 3463).
        ReportKind::SoftBounce if matches!(Enhanced::find(said), Some(Enhanced(5, 7, _))) => {
            Some(REFUSED)
        }
        ReportKind::SoftBounce => Some(RETURNED),
        ReportKind::Complaint => Some(COMPLAINED),
        ReportKind::Delivered | ReportKind::Delayed | ReportKind::Unsubscribed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [ReportKind; 6] = [
        ReportKind::Delivered,
        ReportKind::Delayed,
        ReportKind::SoftBounce,
        ReportKind::HardBounce,
        ReportKind::Complaint,
        ReportKind::Unsubscribed,
    ];

    fn after(kinds: &[ReportKind]) -> InviteState {
        kinds.iter().fold(InviteState::Sent, |state, kind| {
            verdict(state, *kind, true).unwrap_or(state)
        })
    }

    #[test]
    fn two_reports_mean_the_same_in_either_order_and_twice() {
        for one in KINDS {
            for other in KINDS {
                let state = after(&[one, other]);
                assert_eq!(state, after(&[other, one]), "{one:?} {other:?}");
                assert_eq!(state, after(&[one, other, one, other]), "{one:?} {other:?}");
            }
        }
        let worst = after(&[ReportKind::HardBounce, ReportKind::Delivered]);
        assert_eq!(worst, InviteState::Bounced);
    }

    #[test]
    fn a_code_of_policies_says_that_we_are_refused_and_no_address_of_a_host_does() {
        for (said, expected) in [
            ("550-5.7.26 not authenticated", REFUSED),
            ("550 refused (#5.7.1)", REFUSED),
            ("552 5.2.2 full (mx [195.7.23.1])", RETURNED),
            ("552 5.2.2 full, said mx5.7.mail.example", RETURNED),
            ("421 4.7.0 not now", RETURNED),
            ("", RETURNED),
        ] {
            assert_eq!(
                reason(ReportKind::SoftBounce, said),
                Some(expected),
                "{said}"
            );
        }
    }

    #[test]
    fn a_report_that_may_be_about_an_earlier_mail_does_not_settle_the_next() {
        for state in [
            InviteState::Queued,
            InviteState::Sending,
            InviteState::Unknown,
        ] {
            for kind in [ReportKind::Delivered, ReportKind::SoftBounce] {
                assert_eq!(verdict(state, kind, false), None, "{state:?} {kind:?}");
            }
        }
        let hard = verdict(InviteState::Queued, ReportKind::HardBounce, false);
        assert_eq!(hard, Some(InviteState::Bounced));
    }

    #[test]
    fn what_never_left_cannot_come_back() {
        for kind in KINDS {
            assert_eq!(verdict(InviteState::Draft, kind, true), None, "{kind:?}");
            assert_eq!(verdict(InviteState::Skipped, kind, true), None, "{kind:?}");
        }
    }
}
