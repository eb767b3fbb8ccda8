//! Who guessed wrong too often: asked before a guess is looked at, filled by what was wrong.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

const MINUTE: Duration = Duration::from_mins(1);

/// From so many addresses on, those that have recovered are forgotten.
const FORGET_FROM: usize = 4_096;

/// Wrong passwords and codes of each network address.
///
/// `governor` counts whatever it is asked about, right or wrong; here whoever is right costs nothing.
/// Guesses that are under way together when the last one is borne are all looked at, and all counted:
/// the address waits the longer.
#[derive(Default)]
pub(crate) struct Guesses {
    /// When an address has nothing left that is held against it.
    clear_at: Mutex<HashMap<IpAddr, Instant>>,
}

/// After how long one wrong guess is forgiven where so many a minute are borne.
fn forgiven_after(a_minute: NonZeroU32) -> Duration {
    MINUTE / a_minute.get()
}

impl Guesses {
    /// Whether another guess is looked at where so many wrong ones a minute are borne, or after how many
    /// seconds it will be.
    pub(crate) fn ask(
        &self,
        client: IpAddr,
        a_minute: NonZeroU32,
        now: Instant,
    ) -> Result<(), u32> {
        let key = crate::client::counted(client);
        let Some(clear_at) = self.clear_at().get(&key).copied() else {
            return Ok(());
        };
        let held = clear_at.saturating_duration_since(now) + forgiven_after(a_minute);
        let Some(wait) = held.checked_sub(MINUTE).filter(|wait| !wait.is_zero()) else {
            return Ok(());
        };
        Err(u32::try_from(wait.as_secs())
            .unwrap_or(u32::MAX)
            .saturating_add(1))
    }

    /// Holds a wrong guess against an address.
    pub(crate) fn wrong(&self, client: IpAddr, a_minute: NonZeroU32, now: Instant) {
        let key = crate::client::counted(client);
        let mut all = self.clear_at();
        if all.len() >= FORGET_FROM && all.len() == all.capacity() {
            all.retain(|_, clear_at| *clear_at > now);
        }
        let clear_at = all.entry(key).or_insert(now);
        *clear_at = (*clear_at).max(now) + forgiven_after(a_minute);
    }

    fn clear_at(&self) -> MutexGuard<'_, HashMap<IpAddr, Instant>> {
        self.clear_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of whom so many wrong ones a minute are borne.
    struct Borne(Guesses, NonZeroU32);

    impl Borne {
        fn ask(&self, client: IpAddr, now: Instant) -> Result<(), u32> {
            self.0.ask(client, self.1, now)
        }

        fn wrong(&self, client: IpAddr, now: Instant) {
            self.0.wrong(client, self.1, now);
        }
    }

    fn guesses(a_minute: u32) -> Borne {
        Borne(Guesses::default(), NonZeroU32::new(a_minute).unwrap())
    }

    #[test]
    fn whoever_is_right_is_never_told_to_wait() {
        let (guesses, now) = (guesses(2), Instant::now());
        let campus = "192.0.2.1".parse().unwrap();
        guesses.wrong(campus, now);
        for _ in 0..2_000 {
            assert_eq!(guesses.ask(campus, now), Ok(()));
        }
    }

    #[test]
    fn a_minutes_worth_of_wrong_ones_is_borne_and_one_more_after_each_part_of_it() {
        let (guesses, now) = (guesses(3), Instant::now());
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..3 {
            assert_eq!(guesses.ask(one, now), Ok(()));
            guesses.wrong(one, now);
        }
        assert_eq!(guesses.ask(one, now), Err(21));
        assert_eq!(guesses.ask(other, now), Ok(()));
        let later = now + Duration::from_secs(20);
        assert_eq!(guesses.ask(one, later), Ok(()));
        guesses.wrong(one, later);
        assert!(guesses.ask(one, later).is_err());
        assert_eq!(guesses.ask(one, later + MINUTE), Ok(()));
    }

    #[test]
    fn wrong_ones_that_were_under_way_together_are_waited_for_one_by_one() {
        let (guesses, now) = (guesses(60), Instant::now());
        let one = "192.0.2.1".parse().unwrap();
        for _ in 0..120 {
            guesses.wrong(one, now);
        }
        assert_eq!(guesses.ask(one, now), Err(62));
        assert!(guesses.ask(one, now + MINUTE).is_err());
        assert_eq!(guesses.ask(one, now + Duration::from_secs(61)), Ok(()));
    }

    #[test]
    fn what_has_recovered_is_forgotten() {
        let (guesses, now) = (guesses(60), Instant::now());
        for address in 0..50_000_u32 {
            let at = now + Duration::from_millis(address.into());
            guesses.wrong(IpAddr::V4(address.into()), at);
        }
        assert!(guesses.0.clear_at().len() < 10_000);
    }
}
