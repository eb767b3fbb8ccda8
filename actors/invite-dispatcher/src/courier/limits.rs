//! What may go now, beside the relay's own rate: for each organisation, and for each recipient
//! domain. Who has to wait holds up nobody else.

use std::{collections::HashMap, num::NonZeroU32, time::Duration};

use contract::ids::OrganisationId;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

/// How far ahead mails of a domain get a place; those behind look again then.
const HORIZON: Duration = Duration::from_mins(5);
/// The pause between two mails to a domain that was taken to be too fast the first time, and the
/// longest; each further refusal doubles it, a while without one halves it.
const SLOW: Duration = Duration::from_millis(500);
const SLOWEST: Duration = Duration::from_mins(1);
const MENDS_AFTER: Duration = Duration::from_mins(10);
/// How long nothing goes to such a domain where it does not say.
const HOLD: Duration = Duration::from_secs(30);

/// Rates by organisation and by domain.
#[derive(Debug)]
pub(super) struct Limits {
    per_organisation: u32,
    per_domain: u32,
    couriers: u64,
    organisations: Option<DefaultKeyedRateLimiter<OrganisationId>>,
    domains: Option<DefaultKeyedRateLimiter<String>>,
    slowed: HashMap<String, Slowed>,
    /// The last place that was given to a mail of a domain.
    places: HashMap<String, Duration>,
    clock: DefaultClock,
}

/// A domain that said that we are too fast.
#[derive(Debug)]
struct Slowed {
    /// When the next may go.
    next: Duration,
    pause: Duration,
    mends_at: Duration,
}

/// This many a second, over so many couriers; `None`: no limit.
fn quota(per_second: u32, couriers: u64) -> Option<Quota> {
    let burst = NonZeroU32::new(per_second.div_ceil(10))?;
    let couriers = u32::try_from(couriers.max(1)).unwrap_or(u32::MAX);
    let period = Duration::from_secs(1).saturating_mul(couriers) / per_second;
    Some(Quota::with_period(period)?.allow_burst(burst))
}

impl Limits {
    /// So many a second; 0: no limit.
    pub(super) fn new(per_organisation: u32, per_domain: u32) -> Self {
        let mut limits = Self {
            per_organisation,
            per_domain,
            couriers: 0,
            organisations: None,
            domains: None,
            slowed: HashMap::new(),
            places: HashMap::new(),
            clock: DefaultClock::default(),
        };
        limits.share_with(1);
        limits
    }

    /// So many couriers share each limit.
    pub(super) fn share_with(&mut self, couriers: u64) {
        if self.couriers == couriers.max(1) {
            return;
        }
        self.couriers = couriers.max(1);
        self.organisations = quota(self.per_organisation, self.couriers).map(RateLimiter::keyed);
        self.domains = quota(self.per_domain, self.couriers).map(RateLimiter::keyed);
    }

    /// How many of `want` mails of an organisation may go now.
    pub(super) fn organisation(&self, id: OrganisationId, want: u32) -> u32 {
        let Some(limiter) = &self.organisations else {
            return want;
        };
        let allowed = (0..want).take_while(|_| limiter.check_key(&id).is_ok());
        u32::try_from(allowed.count()).unwrap_or(want)
    }

    /// Whether a mail to a domain may go now; otherwise in how long.
    pub(super) fn domain(&mut self, domain: &str, now: Duration) -> Result<(), Duration> {
        if let Some(slowed) = self.slowed.get_mut(domain) {
            if now < slowed.next {
                let (first, pause) = (slowed.next, slowed.pause);
                return Err(self.place(domain, now, first, pause));
            }
            slowed.next = now.saturating_add(slowed.pause);
        }
        let Some(limiter) = &self.domains else {
            return Ok(());
        };
        match limiter.check_key(&domain.to_owned()) {
            Ok(()) => Ok(()),
            Err(refused) => {
                let first = now.saturating_add(refused.wait_time_from(self.clock.now()));
                let couriers = u32::try_from(self.couriers).unwrap_or(u32::MAX);
                let pause =
                    Duration::from_secs(1).saturating_mul(couriers) / self.per_domain.max(1);
                Err(self.place(domain, now, first, pause))
            }
        }
    }

    /// The next free place after `first`, a little further apart than the rate says, so that whoever
    /// comes back finds it free.
    fn place(&mut self, domain: &str, now: Duration, first: Duration, pause: Duration) -> Duration {
        let last = self.places.get(domain);
        let behind = last.map(|last| last.saturating_add(pause.mul_f64(1.05)));
        let place = behind.map_or(first, |behind| first.max(behind));
        let wait = place.saturating_sub(now);
        if wait > HORIZON {
            return HORIZON;
        }
        self.places.insert(domain.to_owned(), place);
        wait.max(Duration::from_millis(1))
    }

    /// A domain says that we are too fast, and perhaps when to come again.
    pub(super) fn slow_down(&mut self, domain: &str, now: Duration, hint: Option<Duration>) {
        let hold = now.saturating_add(hint.unwrap_or(HOLD));
        let first = Slowed {
            next: hold,
            pause: SLOW / 2,
            mends_at: now,
        };
        let slowed = self.slowed.entry(domain.to_owned()).or_insert(first);
        slowed.next = slowed.next.max(hold);
        slowed.pause = slowed.pause.saturating_mul(2).min(SLOWEST);
        slowed.mends_at = now.saturating_add(MENDS_AFTER);
    }

    /// Forgets what is over. Now and then.
    pub(super) fn shrink(&mut self, now: Duration) {
        for slowed in self.slowed.values_mut() {
            if now >= slowed.mends_at {
                slowed.pause /= 2;
                slowed.mends_at = now.saturating_add(MENDS_AFTER);
            }
        }
        self.slowed.retain(|_, slowed| slowed.pause >= SLOW);
        self.places.retain(|_, place| *place > now);
        if let Some(organisations) = &self.organisations {
            organisations.retain_recent();
            organisations.shrink_to_fit();
        }
        if let Some(domains) = &self.domains {
            domains.retain_recent();
            domains.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::ids::Ulid;

    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn mails_of_a_full_domain_get_places_one_behind_the_other() {
        let mut limits = Limits::new(0, 1);
        assert_eq!(limits.domain("uni.edu", at(0)), Ok(()));
        let waits: Vec<_> = (0..400)
            .map(|_| limits.domain("uni.edu", at(0)).unwrap_err())
            .collect();
        assert!(waits[0] <= at(1));
        for pair in waits.windows(2).take(280) {
            let apart = pair[1].checked_sub(pair[0]).unwrap();
            assert!(apart >= at(1) || pair[1] == HORIZON, "{pair:?}");
        }
        assert_eq!(waits[399], HORIZON, "who is far behind looks again later");
        assert_eq!(
            limits.domain("other.edu", at(0)),
            Ok(()),
            "nobody else waits"
        );
    }

    #[test]
    fn an_organisation_that_is_at_its_limit_holds_up_no_other() {
        let limits = Limits::new(10, 0);
        let [one, other] = [1, 2].map(|n| OrganisationId::new(Ulid::from_parts(1, n)));
        assert_eq!(limits.organisation(one, 50), 1);
        assert_eq!(limits.organisation(one, 50), 0);
        assert_eq!(limits.organisation(other, 50), 1);
        assert_eq!(Limits::new(0, 0).organisation(one, 50), 50, "no limit");
    }

    #[test]
    fn a_domain_that_is_too_busy_is_left_alone_and_then_asked_less_often() {
        let mut limits = Limits::new(0, 0);
        limits.slow_down("uni.edu", at(0), Some(at(120)));
        assert_eq!(limits.domain("uni.edu", at(0)), Err(at(120)));
        assert_eq!(limits.domain("uni.edu", at(120)), Ok(()));
        assert!(limits.domain("uni.edu", at(120)).is_err(), "one at a time");
        limits.slow_down("uni.edu", at(121), None);
        let waits = limits.domain("uni.edu", at(121)).unwrap_err();
        assert!(waits >= HOLD, "{waits:?}");
        for quarter in 1..=4 {
            limits.shrink(at(121 + quarter * 601));
        }
        assert!(limits.slowed.is_empty(), "it is forgiven in the end");
    }
}
