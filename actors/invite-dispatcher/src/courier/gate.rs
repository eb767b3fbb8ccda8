//! The rate of this courier: its share of the relay's, less while the relay asks for less.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

type Limiter<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Mails that may come at once: those of a tenth of a second.
const BURST_PER_MINUTE: u64 = 600;

/// Lets so many mails a minute pass.
#[derive(Debug)]
pub(super) struct Gate<C: Clock> {
    clock: C,
    per_minute: Option<u64>,
    limiter: Option<Limiter<C>>,
    /// Taken, and not used.
    spare: u32,
    wait: Duration,
}

impl<C: Clock + Clone> Gate<C> {
    /// Open.
    pub(super) fn new(clock: C) -> Self {
        Self {
            clock,
            per_minute: None,
            limiter: None,
            spare: 0,
            wait: Duration::ZERO,
        }
    }

    /// So many pass from now on; any number when `None`. Nothing is saved up across a change.
    pub(super) fn set(&mut self, per_minute: Option<u64>) {
        if self.per_minute == per_minute {
            return;
        }
        self.per_minute = per_minute;
        self.spare = 0;
        self.limiter = None;
        self.wait = Duration::from_secs(1);
        let Some(rate) = per_minute.filter(|rate| *rate > 0) else {
            return;
        };
        let burst = u32::try_from(rate / BURST_PER_MINUTE).unwrap_or(u32::MAX);
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let period = Duration::from_mins(1) / u32::try_from(rate).unwrap_or(u32::MAX);
        if let Some(quota) = Quota::with_period(period) {
            let limiter = Limiter::direct_with_clock(quota.allow_burst(burst), self.clock.clone());
            // A full bucket at each change would add up to more than the rate.
            let _ = limiter.check_n(burst);
            self.limiter = Some(limiter);
        }
    }

    /// How many of `want` may pass now.
    pub(super) fn take(&mut self, want: u32) -> u32 {
        if self.per_minute.is_none() {
            return want;
        }
        let mut taken = self.spare.min(want);
        self.spare -= taken;
        let Some(limiter) = &self.limiter else {
            return taken;
        };
        while taken < want {
            match limiter.check() {
                Ok(()) => taken += 1,
                Err(refused) => {
                    self.wait = refused.wait_time_from(self.clock.now());
                    break;
                }
            }
        }
        taken
    }

    /// What was taken and did not go.
    pub(super) fn give_back(&mut self, count: u32) {
        if self.limiter.is_some() {
            let most = self.per_minute.unwrap_or(0) / BURST_PER_MINUTE;
            let most = u32::try_from(most).unwrap_or(u32::MAX).max(1);
            self.spare = self.spare.saturating_add(count).min(most);
        }
    }

    /// How long until the next may pass, as far as the last refusal said.
    pub(super) fn wait(&self) -> Duration {
        self.wait.max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn gate(per_minute: u64) -> (FakeRelativeClock, Gate<FakeRelativeClock>) {
        let clock = FakeRelativeClock::default();
        let mut gate = Gate::new(clock.clone());
        gate.set(Some(per_minute));
        (clock, gate)
    }

    /// What passes within so many milliseconds, asked every ten.
    fn passes(clock: &FakeRelativeClock, gate: &mut Gate<FakeRelativeClock>, millis: u64) -> u32 {
        (0..millis / 10)
            .map(|_| {
                clock.advance(Duration::from_millis(10));
                gate.take(1_000)
            })
            .sum()
    }

    #[test]
    fn no_second_has_more_than_the_rate() {
        let (clock, mut gate) = gate(50 * 60);
        for second in 0..20 {
            let passed = passes(&clock, &mut gate, 1_000);
            assert!((44..=50).contains(&passed), "{second}: {passed}");
        }
    }

    #[test]
    fn less_than_one_a_second_passes_too() {
        let (clock, mut gate) = gate(20);
        assert_eq!(passes(&clock, &mut gate, 2_900), 0);
        assert_eq!(passes(&clock, &mut gate, 60_000), 20);
    }

    #[test]
    fn a_change_of_the_rate_gives_nothing_extra() {
        let (clock, mut gate) = gate(6_000);
        let mut passed = 0;
        for n in 0..100 {
            gate.set(Some(6_000 + n % 2));
            passed += passes(&clock, &mut gate, 100);
        }
        assert!(passed <= 1_000, "{passed} in ten seconds");
    }

    #[test]
    fn what_was_not_used_passes_later_but_is_not_hoarded() {
        let (clock, mut gate) = gate(600);
        passes(&clock, &mut gate, 1_000);
        assert_eq!(gate.take(1), 0);
        gate.give_back(1);
        gate.give_back(1);
        assert_eq!(gate.take(5), 1);
    }

    #[test]
    fn a_share_of_nothing_passes_nothing_and_no_limit_everything() {
        let (_, mut gate) = gate(0);
        assert_eq!(gate.take(5), 0);
        gate.set(None);
        assert_eq!(gate.take(5), 5);
    }
}
