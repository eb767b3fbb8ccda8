//! What became of a mail on the wire, and what is done about it. Pure.

use std::time::Duration;

use contract::invites::InviteState;

/// What the other side said of this very mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has taken responsibility.
    Accepted(String),
    /// Not now, and it is about the recipient; come again after so long, where that is said.
    Deferred {
        reply: String,
        wait: Option<Duration>,
    },
    /// Never.
    Refused(String, Refusal),
    /// The mail went over, the reply did not come: the other side may have it.
    Unknown(String),
    /// We are too fast, for everybody or for the domain of the recipient; come again after so long.
    Throttled {
        reply: String,
        is_domain: bool,
        wait: Option<Duration>,
    },
    /// The relay takes nothing from us: it is away, or does not believe who we are. Nothing went over.
    Away(String),
    /// The relay ended a connection at this mail that had just begun: it is away, or will not have this one.
    /// Nothing went over.
    HungUp(String),
    /// The same, with a word (421) that says neither why nor for how long.
    Closed(String),
}

/// Why a mail will never be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such mailbox.
    UserUnknown,
    /// The mailbox is full: may be otherwise later.
    MailboxFull,
    /// It is us that they do not take.
    Sender,
    /// Anything else.
    Other,
}

impl Verdict {
    /// Its name in metrics.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Deferred { .. } => "deferred",
            Self::Refused(_, Refusal::UserUnknown) => "user-unknown",
            Self::Refused(_, Refusal::MailboxFull) => "mailbox-full",
            Self::Refused(_, Refusal::Sender) => "sender",
            Self::Refused(_, Refusal::Other) => "refused",
            Self::Unknown(_) => "unknown",
            Self::Throttled { .. } => "throttled",
            Self::Away(_) | Self::HungUp(_) | Self::Closed(_) => "away",
        }
    }

    /// Every name.
    pub(super) const NAMES: [&'static str; 9] = [
        "accepted",
        "deferred",
        "user-unknown",
        "mailbox-full",
        "sender",
        "refused",
        "unknown",
        "throttled",
        "away",
    ];

    /// Whether the relay asks for fewer mails, whoever they are for.
    pub(super) const fn is_about_pace(&self) -> bool {
        matches!(
            self,
            Self::Throttled {
                is_domain: false,
                ..
            }
        )
    }

    /// What was said.
    pub(super) fn reply(&self) -> &str {
        match self {
            Self::Accepted(reply)
            | Self::Deferred { reply, .. }
            | Self::Refused(reply, _)
            | Self::Unknown(reply)
            | Self::Throttled { reply, .. }
            | Self::Away(reply)
            | Self::HungUp(reply)
            | Self::Closed(reply) => reply,
        }
    }
}

/// The pauses after each refusal for now; the last one repeats.
const PAUSES: [Duration; 7] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_hours(1),
    Duration::from_hours(4),
    Duration::from_hours(12),
    Duration::from_hours(24),
];
/// How long an invite is tried that is refused for now…
const PATIENCE: Duration = Duration::from_hours(48);
/// …but not in the last hour of its life: nobody could accept it.
const LAST_HOUR: Duration = Duration::from_hours(1);
/// How often a mail is repeated whose reply was lost.
const REPETITIONS: i64 = 1;
/// How long a mail rests whose reply was lost.
const AFTER_LOST_REPLY: Duration = Duration::from_mins(1);
/// How long one rests that was too fast, where nobody says: the rate is what holds it back.
const AFTER_THROTTLE: Duration = Duration::from_secs(1);
/// A wait that a relay asks for is believed up to this.
pub(super) const WAIT_MOST: Duration = Duration::from_hours(4);

/// A wait that is asked for one recipient is believed from this…
const HINT_LEAST: Duration = Duration::from_secs(30);
/// …up to this.
const HINT_MOST: Duration = Duration::from_hours(1);

/// What is known of an attempt.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attempt {
    /// The how-manieth.
    pub(super) attempts: i64,
    pub(super) lost_replies: i64,
    pub(super) crashes: i64,
    /// Whether it was refused for now before, and how long ago the first time was.
    pub(super) deferred_for: Option<Duration>,
    /// How long it can still be accepted.
    pub(super) lives_for: Option<Duration>,
}

/// Where an invite goes from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) state: InviteState,
    pub(super) reason: Option<&'static str>,
    /// When it is tried next.
    pub(super) due_in: Option<Duration>,
    /// The attempt does not count.
    pub(super) is_uncounted: bool,
    /// The reply was lost.
    pub(super) is_lost: bool,
    /// The recipient was refused for now.
    pub(super) is_deferred: bool,
}

impl Outcome {
    const fn settled(state: InviteState, reason: Option<&'static str>) -> Self {
        Self {
            state,
            reason,
            due_in: None,
            is_uncounted: false,
            is_lost: false,
            is_deferred: false,
        }
    }

    /// Back to where it was, as if it had not been taken.
    pub(super) fn put_back(attempt: Attempt, due_in: Duration) -> Self {
        let state = if attempt.lost_replies + attempt.crashes > 0 {
            InviteState::Unknown
        } else if attempt.deferred_for.is_some() {
            InviteState::Deferred
        } else {
            InviteState::Queued
        };
        Self {
            due_in: Some(due_in),
            is_uncounted: true,
            ..Self::settled(state, None)
        }
    }

    /// What a verdict means. `jitter` is between 0 and 1.
    pub(super) fn of(verdict: &Verdict, attempt: Attempt, jitter: f64) -> Self {
        match verdict {
            Verdict::Accepted(_) => Self::settled(InviteState::Sent, None),
            Verdict::Deferred { wait, .. } => Self::deferred(
                attempt,
                ["not-yet", "deferred-too-long"],
                pause(attempt, *wait, jitter),
            ),
            Verdict::Refused(_, Refusal::MailboxFull) => {
                Self::deferred(attempt, ["mailbox-full"; 2], pause(attempt, None, jitter))
            }
            Verdict::Refused(_, Refusal::UserUnknown) => {
                Self::settled(InviteState::Bounced, Some("user-unknown"))
            }
            Verdict::Refused(..) => Self::settled(InviteState::Failed, Some("refused")),
            Verdict::Unknown(_) => Self {
                due_in: (attempt.lost_replies < REPETITIONS)
                    .then(|| jittered(AFTER_LOST_REPLY, jitter)),
                is_lost: true,
                ..Self::settled(InviteState::Unknown, Some("no-reply"))
            },
            Verdict::Throttled { wait, .. } => {
                let wait = wait.unwrap_or(AFTER_THROTTLE).min(WAIT_MOST);
                Self::put_back(attempt, wait)
            }
            // Behind the others: it may be this one recipient that the relay hangs up on, and who goes
            // first is who the relay is tried with.
            Verdict::Away(_) | Verdict::HungUp(_) | Verdict::Closed(_) => {
                Self::put_back(attempt, Duration::from_millis(1))
            }
        }
    }

    /// Later, or not any more: why, while it is tried and at its end.
    fn deferred(attempt: Attempt, [meanwhile, at_end]: [&'static str; 2], pause: Duration) -> Self {
        let patience = PATIENCE.saturating_sub(attempt.deferred_for.unwrap_or_default());
        let life = attempt
            .lives_for
            .unwrap_or(Duration::MAX)
            .saturating_sub(LAST_HOUR);
        if pause > patience.min(life) {
            return Self::settled(InviteState::Failed, Some(at_end));
        }
        Self {
            due_in: Some(pause),
            is_deferred: true,
            ..Self::settled(InviteState::Deferred, Some(meanwhile))
        }
    }
}

/// How long a recipient rests that was refused for now. `wait` is what the other side asks for: the
/// first time it is believed; later it is only the least, so that the pauses grow where it says the
/// same each time.
fn pause(attempt: Attempt, wait: Option<Duration>, jitter: f64) -> Duration {
    let nth = usize::try_from(attempt.attempts.max(1) - 1).unwrap_or(usize::MAX);
    let usual = PAUSES.get(nth).or(PAUSES.last()).copied();
    let usual = jittered(usual.unwrap_or_default(), jitter);
    let Some(wait) = wait else { return usual };
    // A fifth more and never less: who comes too early waits anew.
    let asked = wait.clamp(HINT_LEAST, HINT_MOST);
    let asked = asked.mul_f64(1.0 + jitter.clamp(0.0, 1.0) * 0.2);
    if attempt.deferred_for.is_none() {
        asked
    } else {
        asked.max(usual)
    }
}

/// A fifth more or less, so that those who failed together do not come back together.
fn jittered(pause: Duration, jitter: f64) -> Duration {
    pause.mul_f64(0.8 + jitter.clamp(0.0, 1.0) * 0.4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn minutes(count: u64) -> Duration {
        Duration::from_mins(count)
    }

    fn deferred(attempt: Attempt, jitter: f64) -> Outcome {
        hinted(None, attempt, jitter)
    }

    fn hinted(wait: Option<u64>, attempt: Attempt, jitter: f64) -> Outcome {
        let deferred = Verdict::Deferred {
            reply: "451 later".to_owned(),
            wait: wait.map(Duration::from_secs),
        };
        Outcome::of(&deferred, attempt, jitter)
    }

    #[test]
    fn nobody_is_tried_before_the_wait_that_is_asked_for() {
        let first = Attempt {
            attempts: 1,
            ..Attempt::default()
        };
        let again = Attempt {
            attempts: 2,
            deferred_for: Some(minutes(1)),
            ..Attempt::default()
        };
        for (attempt, wait, jitter, seconds) in [
            (first, 300, 0.0, 300),
            (first, 300, 1.0, 360),
            // Sooner than anybody is tried who is not told when.
            (first, 30, 0.0, 30),
            (first, 1, 0.0, 30),
            (first, 86_400, 0.0, 3_600),
            // The same each time: the pauses grow all the same.
            (again, 30, 0.5, 300),
            (again, 600, 0.0, 600),
        ] {
            let outcome = hinted(Some(wait), attempt, jitter);
            assert_eq!(outcome.state, InviteState::Deferred);
            let due = outcome.due_in.map(|due| due.as_secs());
            assert_eq!(due, Some(seconds), "{wait} {jitter}");
        }
    }

    #[test]
    fn pauses_grow_and_end_after_two_days() {
        let mut attempt = Attempt::default();
        let mut since = Duration::ZERO;
        for expected in [1, 5, 15, 60, 240, 720, 1_440] {
            attempt.attempts += 1;
            let outcome = deferred(attempt, 0.5);
            assert_eq!(
                (outcome.state, outcome.due_in),
                (InviteState::Deferred, Some(minutes(expected)))
            );
            assert!(outcome.is_deferred && !outcome.is_uncounted);
            since += minutes(expected);
            attempt.deferred_for = Some(since);
        }
        attempt.attempts += 1;
        let outcome = deferred(attempt, 0.5);
        assert_eq!((outcome.state, outcome.due_in), (InviteState::Failed, None));
        assert_eq!(outcome.reason, Some("deferred-too-long"));
    }

    #[test]
    fn pauses_differ_by_a_fifth_at_most() {
        let attempt = Attempt {
            attempts: 1,
            ..Attempt::default()
        };
        let [least, most] = [0.0, 1.0].map(|jitter| deferred(attempt, jitter).due_in.unwrap());
        assert_eq!((least.as_secs(), most.as_secs()), (48, 72));
    }

    #[test]
    fn nothing_is_tried_in_the_last_hour_of_an_invite() {
        let attempt = |lives_for| Attempt {
            attempts: 3,
            lives_for: Some(lives_for),
            ..Attempt::default()
        };
        assert_eq!(
            deferred(attempt(minutes(76)), 0.5).state,
            InviteState::Deferred
        );
        assert_eq!(
            deferred(attempt(minutes(74)), 0.5).state,
            InviteState::Failed
        );
    }

    #[test]
    fn a_full_mailbox_is_tried_like_any_other_and_fails_by_its_name() {
        let full = Verdict::Refused("552 5.2.2 full".to_owned(), Refusal::MailboxFull);
        let first = Outcome::of(
            &full,
            Attempt {
                attempts: 1,
                ..Attempt::default()
            },
            0.5,
        );
        assert_eq!(
            (first.state, first.due_in),
            (InviteState::Deferred, Some(minutes(1)))
        );
        let last = Attempt {
            attempts: 8,
            deferred_for: Some(minutes(2_481)),
            ..Attempt::default()
        };
        let last = Outcome::of(&full, last, 0.5);
        assert_eq!(
            (last.state, last.reason),
            (InviteState::Failed, Some("mailbox-full"))
        );
    }

    #[test]
    fn a_lost_reply_is_repeated_once() {
        let lost = Verdict::Unknown("the reply was lost".to_owned());
        let first = Outcome::of(
            &lost,
            Attempt {
                attempts: 1,
                ..Attempt::default()
            },
            0.5,
        );
        assert!(first.is_lost && first.due_in.is_some());
        let again = Attempt {
            attempts: 2,
            lost_replies: 1,
            ..Attempt::default()
        };
        let second = Outcome::of(&lost, again, 0.5);
        assert_eq!((second.state, second.due_in), (InviteState::Unknown, None));
    }

    #[test]
    fn who_was_held_up_by_the_relay_is_where_it_was() {
        let throttled = Verdict::Throttled {
            reply: "454 slower".to_owned(),
            is_domain: false,
            wait: Some(minutes(5)),
        };
        let outcome = |attempt| Outcome::of(&throttled, attempt, 0.5);
        let fresh = outcome(Attempt {
            attempts: 1,
            ..Attempt::default()
        });
        assert_eq!(
            (fresh.state, fresh.due_in),
            (InviteState::Queued, Some(minutes(5)))
        );
        assert!(fresh.is_uncounted && !fresh.is_deferred);
        let deferred = outcome(Attempt {
            deferred_for: Some(minutes(1)),
            ..Attempt::default()
        });
        assert_eq!(deferred.state, InviteState::Deferred);
        let crashed = outcome(Attempt {
            crashes: 1,
            ..Attempt::default()
        });
        assert_eq!(crashed.state, InviteState::Unknown);
    }
}
