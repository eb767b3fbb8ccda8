//! How much slower than it may a courier sends to a relay that said that we are too fast. Of a rate that is
//! set it is half, and a twentieth more every minute. Where none is set it is half of what went, and twice
//! as much after every minute without another word of it. While it is left alone no time passes. Pure.

use std::time::Duration;

/// The least part of the rate.
const LEAST: f64 = 1.0 / 64.0;
/// How much more of the rate every minute.
const MENDS: f64 = 0.05;
const MINUTE: Duration = Duration::from_mins(1);

/// Where no rate is set, in mails a minute of all couriers: what a relay is taken to have had at least, for
/// what went may be all that there was to be sent; the least that it gets; and from when on it gets all there
/// is.
const WHOLE: u64 = 1_200;
const FEWEST: u64 = 20;
const MOST: u64 = 60_000;

/// What goes of the rate. Times are since any fixed start.
#[derive(Debug)]
pub(super) struct Tempo {
    part: f64,
    /// Mails a minute of all couriers where no rate is set; `None`: all there is.
    free: Option<u64>,
    since: Duration,
    /// When time passed last.
    mended_at: Duration,
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            part: 1.0,
            free: None,
            since: Duration::ZERO,
            mended_at: Duration::ZERO,
        }
    }
}

impl Tempo {
    /// The relay says that we are too fast; `seen` a minute was what went from here, as much as from each of
    /// so many couriers.
    pub(super) fn halve(&mut self, now: Duration, seen: u64, couriers: u64) {
        let all = seen.saturating_mul(couriers.max(1));
        let went = self.free.unwrap_or_else(|| all.max(WHOLE));
        self.free = Some((went / 2).max(FEWEST));
        self.part = (self.part / 2.0).max(LEAST);
        self.since = now;
    }

    /// Time passes; while the relay is left alone (`rests`) that says nothing of it.
    pub(super) fn mend(&mut self, now: Duration, rests: bool) {
        let passed = now.saturating_sub(self.mended_at);
        self.mended_at = now;
        if rests {
            self.since = self.since.saturating_add(passed).min(now);
            return;
        }
        let is_slow = |tempo: &Self| tempo.is_slow(true) || tempo.is_slow(false);
        while is_slow(self) && now.saturating_sub(self.since) >= MINUTE {
            self.part = (self.part + MENDS).min(1.0);
            self.free = self.free.map(|rate| rate * 2).filter(|rate| *rate < MOST);
            self.since = self.since.saturating_add(MINUTE);
        }
    }

    /// Whether it is less than the settings say, where they set a rate and where they set none.
    pub(super) fn is_slow(&self, is_limited: bool) -> bool {
        if is_limited {
            self.part < 1.0
        } else {
            self.free.is_some()
        }
    }

    /// Mails a minute of a share; `None`: no limit.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "mails a minute are few enough for an f64"
    )]
    pub(super) fn rate(&self, share: Option<u64>, couriers: u64) -> Option<u64> {
        match share {
            None => self.free.map(|rate| (rate / couriers.max(1)).max(1)),
            Some(share) if share > 0 && self.is_slow(true) => {
                Some(((share as f64 * self.part) as u64).max(1))
            }
            share => share,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_halves_the_rate_and_every_minute_mends_a_twentieth() {
        let mut tempo = Tempo::default();
        assert_eq!(tempo.rate(Some(600), 1), Some(600));
        tempo.halve(Duration::ZERO, 0, 1);
        assert_eq!(tempo.rate(Some(600), 1), Some(300));
        tempo.halve(Duration::ZERO, 0, 1);
        assert_eq!(tempo.rate(Some(600), 1), Some(150));
        tempo.mend(Duration::from_secs(59), false);
        assert_eq!(tempo.rate(Some(600), 1), Some(150));
        tempo.mend(Duration::from_mins(1), false);
        assert_eq!(tempo.rate(Some(600), 1), Some(180));
        tempo.mend(Duration::from_mins(16), false);
        assert_eq!(tempo.rate(Some(600), 1), Some(600));
        assert!(!tempo.is_slow(true));
    }

    #[test]
    fn without_a_limit_it_is_half_of_what_went_and_doubles_every_minute_until_there_is_none() {
        let at = Duration::from_mins;
        let mut tempo = Tempo::default();
        assert_eq!(tempo.rate(None, 1), None);
        tempo.halve(at(0), 6_000, 1);
        assert_eq!(tempo.rate(None, 1), Some(3_000));
        assert_eq!(tempo.rate(None, 2), Some(1_500), "two share that");
        tempo.halve(at(0), 0, 1);
        assert_eq!(tempo.rate(None, 1), Some(1_500), "half of that");
        tempo.mend(Duration::from_secs(59), false);
        assert_eq!(tempo.rate(None, 1), Some(1_500));
        let rates: Vec<_> = (1..=6)
            .map(|minute| {
                tempo.mend(at(minute), false);
                tempo.rate(None, 1)
            })
            .collect();
        let told = [3_000, 6_000, 12_000, 24_000, 48_000].map(Some);
        assert_eq!(rates, [told.as_slice(), &[None]].concat());
        assert!(!tempo.is_slow(false) && tempo.is_slow(true));
    }

    #[test]
    fn of_several_couriers_each_sends_half_of_what_went_from_it() {
        let mut tempo = Tempo::default();
        tempo.halve(Duration::ZERO, 6_000, 4);
        assert_eq!(tempo.rate(None, 4), Some(3_000));
        assert_eq!(tempo.rate(None, 2), Some(6_000), "of whoever is gone, too");
        let mut tempo = Tempo::default();
        tempo.halve(Duration::ZERO, 60, 4);
        assert_eq!(tempo.rate(None, 4), Some(150), "together they had WHOLE");
    }

    #[test]
    fn while_nothing_goes_a_slow_rate_does_not_grow() {
        let at = Duration::from_secs;
        let mut tempo = Tempo::default();
        tempo.halve(at(0), 6_000, 1);
        for second in 0..=4 * 3_600 {
            tempo.mend(at(second), true);
        }
        let from = 4 * 3_600;
        assert_eq!(tempo.rate(None, 1), Some(3_000), "for four hours");
        assert_eq!(tempo.rate(Some(600), 1), Some(300));
        // What passed before a pause counts behind it.
        for second in 0..40 {
            tempo.mend(at(from + second), false);
        }
        for second in 40..=100 {
            tempo.mend(at(from + second), true);
        }
        tempo.mend(at(from + 119), false);
        assert_eq!(tempo.rate(None, 1), Some(3_000));
        tempo.mend(at(from + 121), false);
        assert_eq!(tempo.rate(None, 1), Some(6_000));
    }

    #[test]
    fn that_little_went_says_nothing_of_what_a_relay_takes() {
        let mut tempo = Tempo::default();
        tempo.halve(Duration::ZERO, 3, 1);
        assert_eq!(tempo.rate(None, 1), Some(600), "three were all there was");
        // A hundred thousand are sent within ten minutes.
        let mut sent = 0;
        for minute in 1..=7 {
            sent += tempo.rate(None, 1).unwrap();
            tempo.mend(Duration::from_mins(minute), false);
        }
        assert!(sent > 70_000, "{sent}");
        assert_eq!(tempo.rate(None, 1), None);
    }

    #[test]
    fn a_relay_that_says_it_again_and_again_gets_little_and_never_nothing() {
        let mut tempo = Tempo::default();
        for _ in 0..20 {
            tempo.halve(Duration::ZERO, 0, 1);
        }
        assert_eq!(tempo.rate(None, 1), Some(20));
        assert_eq!(tempo.rate(None, 50), Some(1));
        assert_eq!(tempo.rate(Some(10), 1), Some(1));
        tempo.mend(Duration::from_mins(12), false);
        assert_eq!(tempo.rate(None, 1), None, "it is forgiven in the end");
    }
}
