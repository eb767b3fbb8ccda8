//! When a panicking actor is started again, after which pause, and when not any more. Pure.

use std::{collections::VecDeque, time::Duration};

/// How much panicking is borne (Erlang's intensity and period).
#[derive(Clone, Copy, Debug)]
pub struct Intensity {
    /// So many restarts…
    pub most: usize,
    /// …within this time; one more, and the actor is given up.
    pub within: Duration,
    /// The first pause; each further restart within the time doubles it, up to 64 times.
    pub pause: Duration,
}

impl Default for Intensity {
    fn default() -> Self {
        Self {
            most: 5,
            within: Duration::from_mins(1),
            pause: Duration::from_millis(20),
        }
    }
}

/// What becomes of an actor that panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A fresh instance on the same mailbox, after this pause.
    Restart(Duration),
    /// It panics too often for a restart to help: the process drains and ends, and what is around
    /// it (systemd, Kubernetes) is the next supervisor.
    GiveUp,
}

/// The restarts of one actor.
#[derive(Debug)]
pub struct Restarts {
    intensity: Intensity,
    recent: VecDeque<Duration>,
}

impl Restarts {
    /// None so far.
    pub fn new(intensity: Intensity) -> Self {
        Self {
            intensity,
            recent: VecDeque::new(),
        }
    }

    /// Notes a panic at `at` (time since any fixed start) and decides.
    pub fn record(&mut self, at: Duration) -> Verdict {
        let Intensity {
            most,
            within,
            pause,
        } = self.intensity;
        self.recent
            .retain(|earlier| at.saturating_sub(*earlier) <= within);
        self.recent.push_back(at);
        if self.recent.len() > most {
            return Verdict::GiveUp;
        }
        let doublings = u32::try_from(self.recent.len().saturating_sub(1))
            .unwrap_or(6)
            .min(6);
        Verdict::Restart(pause.saturating_mul(1 << doublings))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INTENSITY: Intensity = Intensity {
        most: 3,
        within: Duration::from_secs(10),
        pause: Duration::from_millis(10),
    };

    #[test]
    fn pauses_double_and_the_fourth_panic_within_the_time_is_one_too_many() {
        let mut restarts = Restarts::new(INTENSITY);
        let mut at = |seconds| restarts.record(Duration::from_secs(seconds));
        assert_eq!(at(0), Verdict::Restart(Duration::from_millis(10)));
        assert_eq!(at(1), Verdict::Restart(Duration::from_millis(20)));
        assert_eq!(at(2), Verdict::Restart(Duration::from_millis(40)));
        assert_eq!(at(3), Verdict::GiveUp);
    }

    #[test]
    fn panics_far_apart_are_borne_for_ever() {
        let mut restarts = Restarts::new(INTENSITY);
        for n in 0..100 {
            let verdict = restarts.record(Duration::from_secs(n * 11));
            assert_eq!(verdict, Verdict::Restart(Duration::from_millis(10)));
        }
    }

    proptest! {
        #[test]
        fn it_gives_up_exactly_when_more_than_the_bound_fall_within_the_time(gaps in proptest::collection::vec(0_u64..8_000, 1..40)) {
            let mut restarts = Restarts::new(INTENSITY);
            let mut times = Vec::new();
            let mut now = 0;
            for gap in gaps {
                now += gap;
                times.push(now);
                let within = times.iter().filter(|at| now - **at <= 10_000).count();
                let verdict = restarts.record(Duration::from_millis(now));
                prop_assert_eq!(verdict == Verdict::GiveUp, within > 3);
            }
        }
    }
}
