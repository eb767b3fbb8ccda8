//! When the other side takes nothing from us, whoever it is for: nothing is sent, and one mail tries
//! now and then whether it goes on. One that is away is there again once it takes a mail; one that asks
//! for fewer has said so whatever it takes of what was under way. Pure.

use std::time::Duration;

use super::verdict::WAIT_MOST;

/// The first pause, and the longest; it doubles in between. Five attempts in the first minute at
/// most, and two in every further one.
const FIRST: Duration = Duration::from_secs(4);
const LONGEST: Duration = Duration::from_secs(30);

/// Whether mail may go. Times are since any fixed start.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: State,
    failures: u32,
    hindrance: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    /// Nothing goes.
    Open {
        until: Duration,
        /// Because the relay asked for that.
        is_asked: bool,
    },
    /// One mail is on its way to try.
    Trying,
}

/// Why nothing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The relay is away, or takes nothing from us.
    Away,
    /// It asks for fewer mails; for so long, if it said so.
    Asked(Option<Duration>),
}

impl Breaker {
    /// How many mails may begin; every one when `None`.
    pub(super) fn allows(&self, now: Duration) -> Option<usize> {
        match self.state {
            State::Closed => None,
            State::Open { until, .. } if now >= until => Some(1),
            State::Open { .. } | State::Trying => Some(0),
        }
    }

    /// How long nothing goes.
    pub(super) fn rest(&self, now: Duration) -> Option<Duration> {
        match self.state {
            State::Open { until, .. } if until > now => Some(until.saturating_sub(now)),
            _ => None,
        }
    }

    /// A mail begins.
    pub(super) fn begin(&mut self) {
        if matches!(self.state, State::Open { .. }) {
            self.state = State::Trying;
        }
    }

    /// The mail that tried did not get as far as an answer about the relay.
    pub(super) fn retry(&mut self, now: Duration) {
        if self.state == State::Trying {
            self.state = State::Open {
                until: now,
                is_asked: false,
            };
        }
    }

    /// The relay takes mail. Where it asked for fewer, that is known once one has tried.
    pub(super) fn close(&mut self) {
        if !matches!(self.state, State::Open { is_asked: true, .. }) {
            *self = Self::default();
        }
    }

    /// The relay takes nothing. `jitter` is between 0 and 1. Several mails that were on their way together
    /// count once; answers whether this one did. The longest wait that was asked for is kept.
    pub(super) fn open(&mut self, now: Duration, stop: Stop, why: String, jitter: f64) -> bool {
        let (earlier, was_asked) = match self.state {
            State::Open { until, is_asked } if until > now => (Some(until), is_asked),
            _ => (None, false),
        };
        let is_news = match stop {
            Stop::Away => earlier.is_none(),
            Stop::Asked(_) => !was_asked,
        };
        if is_news {
            self.hindrance = Some(why);
        }
        let hint = match stop {
            // Believed for all as long as for the one mail.
            Stop::Asked(hint) => hint.map(|hint| hint.min(WAIT_MOST)),
            Stop::Away => None,
        };
        if !is_news && hint.is_none() {
            return false;
        }
        let doublings = self.failures.min(6);
        let pause = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        let pause = hint
            .unwrap_or(pause)
            .mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 5.0);
        let until = now.saturating_add(pause);
        self.state = State::Open {
            until: earlier.map_or(until, |earlier| earlier.max(until)),
            is_asked: was_asked || stop != Stop::Away,
        };
        if is_news {
            self.failures = self.failures.saturating_add(1);
        }
        is_news
    }

    /// What holds mail up, as a sentence.
    pub(super) fn hindrance(&self) -> Option<&str> {
        self.hindrance.as_deref()
    }

    /// Whether one mail is on its way to try.
    pub(super) fn is_trying(&self) -> bool {
        self.state == State::Trying
    }

    /// Whether mail goes.
    pub(super) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn open(breaker: &mut Breaker, now: Duration) -> bool {
        breaker.open(now, Stop::Away, "the relay is away".to_owned(), 0.0)
    }

    fn ask(breaker: &mut Breaker, now: Duration, wait: Option<u64>) -> bool {
        let stop = Stop::Asked(wait.map(at));
        breaker.open(now, stop, "454 slower".to_owned(), 0.0)
    }

    #[test]
    fn one_mail_tries_after_ever_longer_pauses_at_most_twenty_a_minute() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.allows(at(0)), None);
        let mut tries = 0;
        open(&mut breaker, at(0));
        for second in 0..60 {
            if breaker.allows(at(second)) == Some(1) {
                breaker.begin();
                assert_eq!(breaker.allows(at(second)), Some(0), "one at a time");
                tries += 1;
                open(&mut breaker, at(second));
            }
        }
        assert_eq!(tries, 4, "after 4, 12, 28 and 58 seconds");
        assert_eq!(breaker.hindrance(), Some("the relay is away"));
    }

    #[test]
    fn it_goes_on_once_a_mail_went_through() {
        let mut breaker = Breaker::default();
        open(&mut breaker, at(0));
        breaker.begin();
        breaker.close();
        assert!(breaker.is_closed() && breaker.hindrance().is_none());
        open(&mut breaker, at(60));
        assert_eq!(breaker.rest(at(60)), Some(FIRST), "the pauses begin anew");
    }

    #[test]
    fn mails_that_fail_together_count_once() {
        let mut breaker = Breaker::default();
        assert!(open(&mut breaker, at(0)));
        for _ in 1..10 {
            assert!(!open(&mut breaker, at(0)));
        }
        assert_eq!(breaker.rest(at(0)), Some(FIRST));
    }

    #[test]
    fn a_wait_that_the_relay_asks_for_is_kept() {
        let mut breaker = Breaker::default();
        open(&mut breaker, at(0));
        assert!(ask(&mut breaker, at(0), Some(300)), "that is news");
        assert_eq!(breaker.allows(at(299)), Some(0));
        assert_eq!(breaker.allows(at(300)), Some(1));
        assert!(!open(&mut breaker, at(1)));
        assert_eq!(breaker.hindrance(), Some("454 slower"));
    }

    #[test]
    fn somebody_tries_after_four_hours_whatever_the_relay_asks_for() {
        let mut breaker = Breaker::default();
        ask(&mut breaker, at(0), Some(24 * 3_600));
        assert_eq!(breaker.rest(at(0)), Some(at(4 * 3_600)));
    }

    #[test]
    fn whatever_becomes_of_mails_under_way_a_wait_that_was_asked_for_is_kept_and_counts_once() {
        for wait in [Some(90), None] {
            let mut breaker = Breaker::default();
            assert!(ask(&mut breaker, at(0), wait));
            let until = at(wait.unwrap_or(4));
            for second in 1..4 {
                breaker.close();
                assert!(!ask(&mut breaker, at(second), wait), "with the others");
                assert_eq!(breaker.allows(at(second)), Some(0));
            }
            let until = until + wait.map_or(at(0), |_| at(3));
            assert_eq!(breaker.rest(at(3)), Some(until.saturating_sub(at(3))));
            breaker.close();
            assert_eq!(breaker.allows(until), Some(1), "one tries");
            breaker.begin();
            breaker.close();
            assert!(breaker.is_closed());
        }
    }

    #[test]
    fn a_relay_that_seemed_to_be_away_is_there_again_once_it_takes_a_mail() {
        let mut breaker = Breaker::default();
        open(&mut breaker, at(0));
        breaker.close();
        assert!(breaker.is_closed());
    }

    #[test]
    fn a_try_that_told_nothing_is_repeated() {
        let mut breaker = Breaker::default();
        open(&mut breaker, at(0));
        breaker.begin();
        breaker.retry(at(5));
        assert_eq!(breaker.allows(at(5)), Some(1));
    }
}
