//! What may go now, beside the relay's own rate: for each organisation, and for each recipient
//! domain, where those of one provider are one. Who has to wait holds up nobody else.

use std::{collections::HashMap, num::NonZeroU32, time::Duration};

use contract::ids::OrganisationId;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

use super::receiver::Receiver;

/// Of so many organisations is remembered what they did not use.
const SPARES: usize = 1_000;
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
    /// In how long one may send that was last refused.
    wait: Duration,
    /// Taken by organisations, and not used.
    spare: HashMap<OrganisationId, u32>,
    domains: Option<DefaultKeyedRateLimiter<Receiver>>,
    slowed: HashMap<Receiver, Slowed>,
    /// The last place that was given to a mail of a domain.
    places: HashMap<Receiver, Duration>,
    /// When the next mail may go to a domain that was refused.
    free: HashMap<Receiver, Duration>,
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

/// How many may go at once.
const fn burst(per_second: u32) -> u32 {
    per_second.div_ceil(10)
}

/// This many a second, over so many couriers; `None`: no limit.
fn quota(per_second: u32, couriers: u64) -> Option<Quota> {
    let burst = NonZeroU32::new(burst(per_second))?;
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
            wait: Duration::ZERO,
            spare: HashMap::new(),
            domains: None,
            slowed: HashMap::new(),
            places: HashMap::new(),
            free: HashMap::new(),
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
        self.spare.clear();
        self.organisations = quota(self.per_organisation, self.couriers).map(RateLimiter::keyed);
        self.domains = quota(self.per_domain, self.couriers).map(RateLimiter::keyed);
    }

    /// So many a second from now on; 0: no limit. Domains that are slowed stay so. Whoever has a place
    /// keeps it, and nobody stands behind it any more.
    pub(super) fn change(&mut self, per_organisation: u32, per_domain: u32) {
        if (self.per_organisation, self.per_domain) == (per_organisation, per_domain) {
            return;
        }
        (self.per_organisation, self.per_domain) = (per_organisation, per_domain);
        self.places.clear();
        self.free.clear();
        let couriers = std::mem::take(&mut self.couriers);
        self.share_with(couriers);
    }

    /// How many of `want` mails of an organisation may go now.
    pub(super) fn organisation(&mut self, id: OrganisationId, want: u32) -> u32 {
        let Some(limiter) = &self.organisations else {
            return want;
        };
        let spare = self.spare.remove(&id).unwrap_or(0);
        let used = spare.min(want);
        if spare > used {
            self.spare.insert(id, spare - used);
        }
        let mut allowed = used;
        while allowed < want {
            if let Err(refused) = limiter.check_key(&id) {
                self.wait = refused.wait_time_from(self.clock.now());
                break;
            }
            allowed += 1;
        }
        allowed
    }

    /// In how long an organisation may send, as far as the last refusal said.
    pub(super) fn wait(&self) -> Duration {
        self.wait
    }

    /// What an organisation was allowed and did not use; no more of it is kept than may go at once.
    pub(super) fn give_back(&mut self, id: OrganisationId, count: u32) {
        if self.organisations.is_some() && count > 0 {
            let spare = self.spare.entry(id).or_default();
            *spare = spare
                .saturating_add(count)
                .min(burst(self.per_organisation));
        }
    }

    /// Whether a mail to a domain may go now; otherwise in how long.
    pub(super) fn domain(&mut self, domain: &Receiver, now: Duration) -> Result<(), Duration> {
        if let Some(slowed) = self.slowed.get_mut(domain) {
            if now < slowed.next {
                let (first, pause) = (slowed.next, slowed.pause);
                self.free.insert(domain.clone(), first);
                return Err(self.place(domain, now, first, pause));
            }
            slowed.next = now.saturating_add(slowed.pause);
        }
        let Some(limiter) = &self.domains else {
            return Ok(());
        };
        match limiter.check_key(domain) {
            Ok(()) => Ok(()),
            Err(refused) => {
                let first = now.saturating_add(refused.wait_time_from(self.clock.now()));
                self.free.insert(domain.clone(), first);
                Err(self.place(domain, now, first, self.apart()))
            }
        }
    }

    /// A letter goes to a domain, which it does not wait for: its code is good for ten minutes. Invites wait
    /// for it.
    pub(super) fn letter(&mut self, domain: &Receiver, now: Duration) {
        if let Some(slowed) = self.slowed.get_mut(domain) {
            slowed.next = slowed.next.max(now.saturating_add(slowed.pause));
        }
        if let Some(limiter) = &self.domains {
            let _ = limiter.check_key(domain);
        }
    }

    /// When the next mail may go to a domain, as far as it was refused.
    pub(super) fn free(&self, domain: &Receiver) -> Option<Duration> {
        self.free.get(domain).copied()
    }

    /// How many mails may go to a domain at once.
    pub(super) fn at_once(&self) -> u32 {
        burst(self.per_domain).max(1)
    }

    /// In how long a mail to a domain may go that has to wait, behind those that have their places.
    pub(super) fn behind(&mut self, domain: &Receiver, now: Duration) -> Duration {
        let slowed = self.slowed.get(domain);
        let (first, pause) = match slowed.filter(|slowed| now < slowed.next) {
            Some(slowed) => (slowed.next, slowed.pause),
            None => (now.saturating_add(self.apart()), self.apart()),
        };
        self.place(domain, now, first, pause)
    }

    /// The time between two mails to one domain.
    fn apart(&self) -> Duration {
        let couriers = u32::try_from(self.couriers).unwrap_or(u32::MAX);
        Duration::from_secs(1).saturating_mul(couriers) / self.per_domain.max(1)
    }

    /// The next free place after `first`, a little further apart than the rate says, so that whoever
    /// comes back finds it free.
    fn place(
        &mut self,
        domain: &Receiver,
        now: Duration,
        first: Duration,
        pause: Duration,
    ) -> Duration {
        let last = self.places.get(domain);
        let behind = last.map(|last| last.saturating_add(pause.mul_f64(1.05)));
        let place = behind.map_or(first, |behind| first.max(behind));
        let wait = place.saturating_sub(now);
        if wait > HORIZON {
            return HORIZON;
        }
        self.places.insert(domain.clone(), place);
        wait.max(Duration::from_millis(1))
    }

    /// A domain says that we are too fast, and perhaps when to come again.
    pub(super) fn slow_down(&mut self, domain: &Receiver, now: Duration, hint: Option<Duration>) {
        let hold = now.saturating_add(hint.unwrap_or(HOLD));
        let first = Slowed {
            next: hold,
            pause: SLOW / 2,
            mends_at: now,
        };
        let slowed = self.slowed.entry(domain.clone()).or_insert(first);
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
        self.free.retain(|_, free| *free > now);
        if self.spare.len() > SPARES {
            self.spare.clear();
        }
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

    fn of(domain: &str) -> Receiver {
        Receiver::of(domain)
    }

    #[test]
    fn mails_of_a_full_domain_get_places_one_behind_the_other() {
        let mut limits = Limits::new(0, 1);
        assert_eq!(limits.domain(&of("uni.edu"), at(0)), Ok(()));
        let waits: Vec<_> = (0..400)
            .map(|_| limits.domain(&of("uni.edu"), at(0)).unwrap_err())
            .collect();
        assert!(waits[0] <= at(1));
        for pair in waits.windows(2).take(280) {
            let apart = pair[1].checked_sub(pair[0]).unwrap();
            assert!(apart >= at(1) || pair[1] == HORIZON, "{pair:?}");
        }
        assert_eq!(waits[399], HORIZON, "who is far behind looks again later");
        assert_eq!(limits.behind(&of("uni.edu"), at(0)), HORIZON);
        let behind = limits.behind(&of("uni.edu"), at(200));
        assert!(behind > at(99) && behind < HORIZON, "{behind:?}");
        assert_eq!(
            limits.domain(&of("other.edu"), at(0)),
            Ok(()),
            "nobody else waits"
        );
    }

    #[test]
    fn an_organisation_that_is_at_its_limit_holds_up_no_other() {
        let mut limits = Limits::new(10, 0);
        let [one, other] = [1, 2].map(|n| OrganisationId::new(Ulid::from_parts(1, n)));
        assert_eq!(limits.organisation(one, 50), 1);
        assert_eq!(limits.organisation(one, 50), 0);
        assert!((1..=100).contains(&limits.wait().as_millis()));
        assert_eq!(limits.organisation(other, 50), 1);
        limits.give_back(one, 1);
        limits.give_back(one, 1);
        assert_eq!(limits.organisation(one, 50), 1, "nothing is hoarded");
        assert_eq!(limits.organisation(one, 50), 0);
        assert_eq!(Limits::new(0, 0).organisation(one, 50), 50, "no limit");
    }

    #[test]
    fn a_letter_waits_for_no_domain_and_its_invites_wait_for_the_letter() {
        let mut limits = Limits::new(0, 1);
        let (full, slow) = (of("uni.edu"), of("slow.edu"));
        limits.letter(&full, at(0));
        assert!(limits.domain(&full, at(0)).is_err());
        assert_eq!(limits.domain(&of("other.edu"), at(0)), Ok(()));
        let mut limits = Limits::new(0, 0);
        limits.slow_down(&slow, at(0), Some(at(120)));
        limits.letter(&slow, at(60));
        assert_eq!(limits.domain(&slow, at(60)), Err(at(60)), "as it was told");
        limits.letter(&slow, at(120));
        let waits = limits.domain(&slow, at(120)).unwrap_err();
        assert!(waits >= SLOW, "{waits:?}");
    }

    #[test]
    fn a_changed_limit_holds_at_once_and_a_slowed_domain_stays_slowed() {
        let mut limits = Limits::new(0, 1);
        let (full, busy) = (of("uni.edu"), of("busy.edu"));
        assert_eq!(limits.domain(&full, at(0)), Ok(()));
        assert!(limits.domain(&full, at(0)).is_err());
        limits.slow_down(&busy, at(0), Some(at(120)));
        limits.change(10, 100);
        assert_eq!(limits.domain(&full, at(0)), Ok(()));
        assert_eq!(limits.domain(&busy, at(0)), Err(at(120)));
        let id = OrganisationId::new(Ulid::from_parts(1, 1));
        assert_eq!(limits.organisation(id, 50), 1);
        limits.change(0, 0);
        assert_eq!(limits.organisation(id, 50), 50);
        for _ in 0..50 {
            assert_eq!(limits.domain(&full, at(0)), Ok(()));
        }
    }

    #[test]
    fn a_domain_that_is_too_busy_is_left_alone_and_then_asked_less_often() {
        let mut limits = Limits::new(0, 0);
        limits.slow_down(&of("uni.edu"), at(0), Some(at(120)));
        assert_eq!(limits.domain(&of("uni.edu"), at(0)), Err(at(120)));
        assert_eq!(limits.free(&of("uni.edu")), Some(at(120)));
        assert_eq!(limits.domain(&of("uni.edu"), at(120)), Ok(()));
        assert!(
            limits.domain(&of("uni.edu"), at(120)).is_err(),
            "one at a time"
        );
        assert!(
            limits.behind(&of("uni.edu"), at(120)) > SLOW,
            "behind that one"
        );
        limits.slow_down(&of("uni.edu"), at(121), None);
        let waits = limits.domain(&of("uni.edu"), at(121)).unwrap_err();
        assert!(waits >= HOLD, "{waits:?}");
        for quarter in 1..=4 {
            limits.shrink(at(121 + quarter * 601));
        }
        assert!(limits.slowed.is_empty(), "it is forgiven in the end");
    }
}
