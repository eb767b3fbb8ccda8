//! How much of its rate a relay takes that said that we are too fast: half, and a little more every
//! minute. Pure.

use std::time::Duration;

/// The least part of the rate.
const LEAST: f64 = 1.0 / 64.0;
/// How much more of the rate every minute.
const MENDS: f64 = 0.05;
const MINUTE: Duration = Duration::from_mins(1);

/// The part of the rate that goes. Times are since any fixed start.
#[derive(Debug)]
pub(super) struct Tempo {
    part: f64,
    /// Mails a minute that the whole is, where there is no limit.
    whole: u64,
    since: Duration,
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            part: 1.0,
            whole: 0,
            since: Duration::ZERO,
        }
    }
}

impl Tempo {
    /// The relay says that we are too fast; `seen` a minute was what went.
    pub(super) fn halve(&mut self, now: Duration, seen: u64) {
        if !self.is_slow() {
            self.whole = seen.max(60);
        }
        self.part = (self.part / 2.0).max(LEAST);
        self.since = now;
    }

    /// Time passes.
    pub(super) fn mend(&mut self, now: Duration) {
        while self.is_slow() && now.saturating_sub(self.since) >= MINUTE {
            self.part = (self.part + MENDS).min(1.0);
            self.since = self.since.saturating_add(MINUTE);
        }
    }

    /// Whether it is less than the whole.
    pub(super) fn is_slow(&self) -> bool {
        self.part < 1.0
    }

    /// Mails a minute of a share; `None`: no limit.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "mails a minute are few enough for an f64"
    )]
    pub(super) fn rate(&self, share: Option<u64>, couriers: u64) -> Option<u64> {
        if !self.is_slow() {
            return share;
        }
        let whole = share.unwrap_or(self.whole / couriers.max(1));
        if whole == 0 {
            return Some(0);
        }
        Some(((whole as f64 * self.part) as u64).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_halves_the_rate_and_every_minute_mends_a_twentieth() {
        let mut tempo = Tempo::default();
        assert_eq!(tempo.rate(Some(600), 1), Some(600));
        tempo.halve(Duration::ZERO, 0);
        assert_eq!(tempo.rate(Some(600), 1), Some(300));
        tempo.halve(Duration::ZERO, 0);
        assert_eq!(tempo.rate(Some(600), 1), Some(150));
        tempo.mend(Duration::from_secs(59));
        assert_eq!(tempo.rate(Some(600), 1), Some(150));
        tempo.mend(Duration::from_mins(1));
        assert_eq!(tempo.rate(Some(600), 1), Some(180));
        tempo.mend(Duration::from_mins(16));
        assert_eq!(tempo.rate(Some(600), 1), Some(600));
    }

    #[test]
    fn without_a_limit_it_is_half_of_what_went() {
        let mut tempo = Tempo::default();
        assert_eq!(tempo.rate(None, 1), None);
        tempo.halve(Duration::ZERO, 6_000);
        assert_eq!(tempo.rate(None, 1), Some(3_000));
        assert_eq!(tempo.rate(None, 2), Some(1_500), "two share what went");
        for _ in 0..20 {
            tempo.halve(Duration::ZERO, 0);
        }
        assert!(tempo.rate(Some(10), 1) >= Some(1), "it never stands still");
    }
}
