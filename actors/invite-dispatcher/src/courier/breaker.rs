//! When the other side takes nothing from us, whoever it is for: nothing is sent, and one mail tries
//! now and then whether it goes on. Pure.

use std::time::Duration;

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
    /// Nothing goes until then.
    Open(Duration),
    /// One mail is on its way to try.
    Trying,
}

impl Breaker {
    /// How many mails may begin; every one when `None`.
    pub(super) fn allows(&self, now: Duration) -> Option<usize> {
        match self.state {
            State::Closed => None,
            State::Open(until) if now >= until => Some(1),
            State::Open(_) | State::Trying => Some(0),
        }
    }

    /// How long nothing goes.
    pub(super) fn rest(&self, now: Duration) -> Option<Duration> {
        match self.state {
            State::Open(until) if until > now => Some(until.saturating_sub(now)),
            _ => None,
        }
    }

    /// A mail begins.
    pub(super) fn begin(&mut self) {
        if matches!(self.state, State::Open(_)) {
            self.state = State::Trying;
        }
    }

    /// The mail that tried did not get as far as an answer about the relay.
    pub(super) fn retry(&mut self, now: Duration) {
        if self.state == State::Trying {
            self.state = State::Open(now);
        }
    }

    /// The relay takes mail.
    pub(super) fn close(&mut self) {
        if self.state == State::Trying || self.failures > 0 {
            *self = Self::default();
        }
    }

    /// The relay takes nothing, for `hint` if it said so. `jitter` is between 0 and 1. Several mails
    /// that were on their way together count once; answers whether this one did.
    pub(super) fn open(
        &mut self,
        now: Duration,
        why: String,
        hint: Option<Duration>,
        jitter: f64,
    ) -> bool {
        self.hindrance = Some(why);
        if let State::Open(until) = self.state
            && until > now
            && hint.is_none_or(|hint| now.saturating_add(hint) <= until)
        {
            return false;
        }
        let doublings = self.failures.min(6);
        let pause = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        let pause = hint
            .unwrap_or(pause)
            .mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 5.0);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Open(now.saturating_add(pause));
        true
    }

    /// What holds mail up, as a sentence.
    pub(super) fn hindrance(&self) -> Option<&str> {
        self.hindrance.as_deref()
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

    fn open(breaker: &mut Breaker, now: Duration, hint: Option<Duration>) {
        breaker.open(now, "the relay is away".to_owned(), hint, 0.0);
    }

    #[test]
    fn one_mail_tries_after_ever_longer_pauses_at_most_twenty_a_minute() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.allows(at(0)), None);
        let mut tries = 0;
        open(&mut breaker, at(0), None);
        for second in 0..60 {
            if breaker.allows(at(second)) == Some(1) {
                breaker.begin();
                assert_eq!(breaker.allows(at(second)), Some(0), "one at a time");
                tries += 1;
                open(&mut breaker, at(second), None);
            }
        }
        assert_eq!(tries, 4, "after 4, 12, 28 and 58 seconds");
        assert_eq!(breaker.hindrance(), Some("the relay is away"));
    }

    #[test]
    fn it_goes_on_once_a_mail_went_through() {
        let mut breaker = Breaker::default();
        open(&mut breaker, at(0), None);
        breaker.begin();
        breaker.close();
        assert!(breaker.is_closed() && breaker.hindrance().is_none());
        open(&mut breaker, at(60), None);
        assert_eq!(breaker.rest(at(60)), Some(FIRST), "the pauses begin anew");
    }

    #[test]
    fn mails_that_fail_together_count_once() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            open(&mut breaker, at(0), None);
        }
        assert_eq!(breaker.rest(at(0)), Some(FIRST));
    }

    #[test]
    fn a_wait_that_the_relay_asks_for_is_kept() {
        let mut breaker = Breaker::default();
        open(&mut breaker, at(0), None);
        open(&mut breaker, at(0), Some(at(300)));
        assert_eq!(breaker.allows(at(299)), Some(0));
        assert_eq!(breaker.allows(at(300)), Some(1));
    }

    #[test]
    fn a_try_that_told_nothing_is_repeated() {
        let mut breaker = Breaker::default();
        open(&mut breaker, at(0), None);
        breaker.begin();
        breaker.retry(at(5));
        assert_eq!(breaker.allows(at(5)), Some(1));
    }
}
