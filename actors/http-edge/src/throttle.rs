//! How often is often enough: a guesser is stopped, a campus behind one address is not.
//!
//! Whoever holds a valid link is counted by link and e-mail address, never by where they come from;
//! everybody else by their network address. Tokens are long enough to be looked at whoever shows them;
//! passwords and codes are not, once too many from there were wrong. The counts are this process's own.

use std::{
    fmt,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use contract::{
    EmailAddress, Kind, Problem,
    ids::{LinkId, OrganisationId},
};
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use prometheus::{IntCounterVec, Opts, Registry};
use tokio::sync::watch;

use crate::{
    client::{counted, site},
    guesses::Guesses,
    purpose::{Purpose, SignIn},
};

/// What is borne each minute; a whole minute's worth may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleLimits {
    /// Of one network address: wrong passwords and codes; and, counted apart from them, wrong links and
    /// tokens together with requests for letters; and answers that are kept for a public
    /// `Idempotency-Key`.
    pub per_ip: NonZeroU32,
    /// For one e-mail address, each counted by itself: registrations, requests for letters, codes of
    /// invites; and sign-ins from one site (/24, or /48 of IPv6), those from everywhere ten times as many.
    pub per_email: NonZeroU32,
    /// Registrations through one link.
    pub per_link: NonZeroU32,
    /// API requests of one organisation's tokens, and lists that it hands in in the browser.
    pub per_organisation: NonZeroU32,
}

/// After so many checks, what has recovered is forgotten.
const FORGET_AFTER: u32 = 4_096;

/// One kind of count.
struct Count<K: Clone + Hash + Eq> {
    name: &'static str,
    held: RwLock<Held<K>>,
    checks: AtomicU32,
}

/// Who was counted, at which rate.
struct Held<K: Clone + Hash + Eq> {
    quota: Quota,
    limiter: Arc<DefaultKeyedRateLimiter<K>>,
}

impl<K: Clone + Hash + Eq> Held<K> {
    fn new(quota: Quota) -> Self {
        Self {
            quota,
            limiter: Arc::new(RateLimiter::keyed(quota)),
        }
    }
}

impl<K: Clone + Hash + Eq> Count<K> {
    fn new(name: &'static str, quota: Quota) -> Self {
        Self {
            name,
            held: RwLock::new(Held::new(quota)),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts at a rate; another than before begins with nobody counted.
    fn limiter(&self, quota: Quota) -> Arc<DefaultKeyedRateLimiter<K>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if held.quota == quota {
            return Arc::clone(&held.limiter);
        }
        drop(held);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if held.quota != quota {
            *held = Held::new(quota);
        }
        Arc::clone(&held.limiter)
    }

    /// Counts one, or says after how many seconds the next is borne.
    fn check(&self, quota: Quota, key: &K) -> Result<(), u32> {
        let limiter = self.limiter(quota);
        if self.checks.fetch_add(1, Ordering::Relaxed) % FORGET_AFTER == FORGET_AFTER - 1 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            u32::try_from(wait.as_secs())
                .unwrap_or(60)
                .saturating_add(1)
        })
    }
}

/// How many sites' worth of sign-ins an e-mail address bears.
const SITES: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// How often the trail is told of one address.
const TOLD: Quota = Quota::per_hour(NonZeroU32::MIN);

/// The counts of a process, shared by its workers.
pub(crate) struct Throttle {
    /// What is borne now; it may change at any time.
    limits: watch::Receiver<ThrottleLimits>,
    ip: Count<IpAddr>,
    guesses: Guesses,
    email: Count<(Purpose, String)>,
    sign_in: Count<(SignIn, String, IpAddr)>,
    sign_in_anywhere: Count<(SignIn, String)>,
    link: Count<LinkId>,
    organisation: Count<OrganisationId>,
    told: Count<(&'static str, String)>,
    kept: Count<IpAddr>,
    refused: IntCounterVec,
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Throttle")
    }
}

impl Throttle {
    pub(crate) fn new(
        limits: watch::Receiver<ThrottleLimits>,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        let refused = IntCounterVec::new(
            Opts::new(
                "usher_http_throttled_total",
                "Requests refused with 429, by what they were counted by.",
            ),
            &["by"],
        )?;
        registry.register(Box::new(refused.clone()))?;
        let now = *limits.borrow();
        let throttle = Self {
            limits,
            ip: Count::new("ip", Quota::per_minute(now.per_ip)),
            guesses: Guesses::default(),
            email: Count::new("email", Quota::per_minute(now.per_email)),
            sign_in: Count::new("email", Quota::per_minute(now.per_email)),
            sign_in_anywhere: Count::new("email", Quota::per_minute(anywhere(now.per_email))),
            link: Count::new("link", Quota::per_minute(now.per_link)),
            organisation: Count::new("organisation", Quota::per_minute(now.per_organisation)),
            told: Count::new("told", TOLD),
            kept: Count::new("kept", Quota::per_minute(now.per_ip)),
            refused,
        };
        for name in ["ip", "email", "link", "organisation"] {
            throttle.refused.with_label_values(&[name]);
        }
        Ok(throttle)
    }

    /// What is borne now.
    fn limits(&self) -> ThrottleLimits {
        *self.limits.borrow()
    }

    fn count<K: Clone + Hash + Eq>(
        &self,
        count: &Count<K>,
        a_minute: NonZeroU32,
        key: &K,
    ) -> Result<(), Problem> {
        let checked = count.check(Quota::per_minute(a_minute), key);
        checked.map_err(|seconds| self.too_many(count.name, seconds))
    }

    fn too_many(&self, by: &str, seconds: u32) -> Problem {
        self.refused.with_label_values(&[by]).inc();
        Problem {
            retry_after: Some(seconds),
            ..Problem::new(Kind::TooManyRequests)
        }
    }

    /// Something that no holder of a valid link or password does often.
    pub(crate) fn by_ip(&self, client: IpAddr) -> Result<(), Problem> {
        let key = counted(client);
        self.count(&self.ip, self.limits().per_ip, &key)
    }

    /// Something about one e-mail address.
    pub(crate) fn by_email(&self, purpose: Purpose, email: &EmailAddress) -> Result<(), Problem> {
        let a_minute = self.limits().per_email;
        self.count(&self.email, a_minute, &(purpose, email.key()))
    }

    /// A sign-in with an address. Who tries one again and again waits where they are; whose it is signs
    /// in elsewhere, until too many sites at once try it. One network address is too little to count by:
    /// whoever has one of IPv6 may have thousands of networks.
    pub(crate) fn by_sign_in(
        &self,
        door: SignIn,
        email: &EmailAddress,
        client: IpAddr,
    ) -> Result<(), Problem> {
        let a_minute = self.limits().per_email;
        let here = (door, email.key(), site(client));
        self.count(&self.sign_in, a_minute, &here)?;
        let (door, email, _) = here;
        self.count(&self.sign_in_anywhere, anywhere(a_minute), &(door, email))
    }

    /// Whether it is told by this message that sign-ins with an address were refused: once an hour. Counts,
    /// each message by itself: who tries one door must not silence the other.
    pub(crate) fn may_tell(&self, subject: &'static str, email: &EmailAddress) -> bool {
        self.told.check(TOLD, &(subject, email.key())).is_ok()
    }

    /// Whether an answer of somebody from there is kept to be given again. Counts.
    pub(crate) fn may_keep(&self, client: IpAddr) -> bool {
        let quota = Quota::per_minute(self.limits().per_ip);
        let key = counted(client);
        self.kept.check(quota, &key).is_ok()
    }

    /// A registration through a link.
    pub(crate) fn by_link(&self, link: LinkId) -> Result<(), Problem> {
        self.count(&self.link, self.limits().per_link, &link)
    }

    /// A request with a token of an organisation, or a list of its administrators.
    pub(crate) fn by_organisation(&self, organisation: OrganisationId) -> Result<(), Problem> {
        let a_minute = self.limits().per_organisation;
        self.count(&self.organisation, a_minute, &organisation)
    }

    /// Whether a password or a code from there is still looked at. Asking counts nothing.
    pub(crate) fn may_guess(&self, client: IpAddr) -> Result<(), Problem> {
        let asked = self.ask(client);
        asked.map_err(|seconds| self.too_many(self.ip.name, seconds))
    }

    fn ask(&self, client: IpAddr) -> Result<(), u32> {
        let a_minute = self.limits().per_ip;
        self.guesses.ask(client, a_minute, Instant::now())
    }

    /// The same, for whoever only wants to know.
    pub(crate) fn is_guesser(&self, client: IpAddr) -> bool {
        self.ask(client).is_err()
    }

    /// Holds a wrong password against an address.
    pub(crate) fn wrong(&self, client: IpAddr) {
        let a_minute = self.limits().per_ip;
        self.guesses.wrong(client, a_minute, Instant::now());
    }

    /// Has a password or a code looked at, unless too many from there were wrong; then nothing is done,
    /// and nothing told. `wrong` is how it is refused when it is wrong, and only that counts; also what
    /// nobody waited for counts, since it cost as much.
    pub(crate) async fn typed<T>(
        &self,
        client: IpAddr,
        wrong: Kind,
        attempt: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        self.may_guess(client)?;
        let mut guess = Guess {
            throttle: self,
            client,
            is_wrong: true,
        };
        let answer = attempt.await;
        guess.is_wrong = matches!(&answer, Err(problem) if problem.kind == wrong);
        answer
    }

    /// What a wrong token is answered: its refusal, or that there were too many.
    pub(crate) fn guess(&self, client: IpAddr, refusal: Problem) -> Problem {
        self.by_ip(client).err().unwrap_or(refusal)
    }
}

/// Sign-ins from everywhere, where so many from one site are borne.
fn anywhere(a_minute: NonZeroU32) -> NonZeroU32 {
    a_minute.saturating_mul(SITES)
}

/// A guess that is under way; counted when it ends, unless it was none.
struct Guess<'a> {
    throttle: &'a Throttle,
    client: IpAddr,
    is_wrong: bool,
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        if self.is_wrong {
            self.throttle.wrong(self.client);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::FutureExt as _;

    use super::*;

    fn throttle(n: u32) -> Throttle {
        Throttle::new(watch::channel(limits(n)).1, &Registry::new()).unwrap()
    }

    fn limits(n: u32) -> ThrottleLimits {
        let n = NonZeroU32::new(n).unwrap();
        ThrottleLimits {
            per_ip: n,
            per_email: n,
            per_link: n,
            per_organisation: n,
        }
    }

    #[test]
    fn a_minutes_worth_may_come_at_once_and_each_key_is_counted_by_itself() {
        let throttle = throttle(3);
        let ann = EmailAddress::parse("Ann@uni.edu").unwrap();
        for _ in 0..3 {
            throttle.by_email(Purpose::Join, &ann).unwrap();
        }
        let same = EmailAddress::parse("ann@UNI.edu").unwrap();
        let refused = throttle.by_email(Purpose::Join, &same).unwrap_err();
        assert_eq!(refused.kind, Kind::TooManyRequests);
        assert!(
            refused
                .retry_after
                .is_some_and(|seconds| (1..=21).contains(&seconds))
        );
        let bob = EmailAddress::parse("bob@uni.edu").unwrap();
        assert!(throttle.by_email(Purpose::Join, &bob).is_ok());
        assert_eq!(throttle.refused.with_label_values(&["email"]).get(), 1);
    }

    #[test]
    fn sign_ins_shut_an_address_only_there_and_at_that_door() {
        let throttle = throttle(3);
        let ann = EmailAddress::parse("ann@uni.edu").unwrap();
        let borne = |door, client: u32| {
            let client = IpAddr::V4((client << 8).into());
            let tries = (0..100).map(|_| throttle.by_sign_in(door, &ann, client));
            tries.take_while(Result::is_ok).count()
        };
        assert_eq!([borne(SignIn::Person, 1), borne(SignIn::Person, 1)], [3, 0]);
        assert_eq!(borne(SignIn::Administrator, 1), 3);
        for purpose in [Purpose::Join, Purpose::Letter, Purpose::Code] {
            for _ in 0..3 {
                throttle.by_email(purpose, &ann).unwrap();
            }
            assert!(throttle.by_email(purpose, &ann).is_err());
        }
        // many sites at once are borne like ten of them
        let elsewhere = (2..100).map(|client| borne(SignIn::Person, client));
        assert_eq!(elsewhere.sum::<usize>(), 27);
        assert_eq!(borne(SignIn::Administrator, 2), 3);
    }

    #[test]
    fn all_addresses_of_one_site_sign_in_as_one() {
        let throttle = throttle(3);
        let ann = EmailAddress::parse("ann@uni.edu").unwrap();
        let borne = |client: &str| {
            let client = client.parse().unwrap();
            let tries = (0..9).map(|_| throttle.by_sign_in(SignIn::Person, &ann, client));
            tries.take_while(Result::is_ok).count()
        };
        let subnets = (0..20).map(|subnet| format!("2001:db8:1:{subnet:x}::1"));
        assert_eq!(subnets.map(|client| borne(&client)).sum::<usize>(), 3);
        let machines = (1..20).map(|machine| format!("192.0.2.{machine}"));
        assert_eq!(machines.map(|client| borne(&client)).sum::<usize>(), 3);
        // and are no more than one of the ten that shut the door everywhere
        for client in ["2001:db8:2::1", "198.51.100.1"] {
            assert_eq!(borne(client), 3);
        }
    }

    #[test]
    fn other_limits_hold_at_once_and_wrong_guesses_are_not_forgiven_by_them() {
        let (tell, heard) = watch::channel(limits(3));
        let throttle = Throttle::new(heard, &Registry::new()).unwrap();
        let ann = EmailAddress::parse("ann@uni.edu").unwrap();
        let client = "192.0.2.1".parse().unwrap();
        let borne = || {
            (0..100)
                .take_while(|_| throttle.by_email(Purpose::Join, &ann).is_ok())
                .count()
        };
        assert_eq!(borne(), 3);
        for _ in 0..3 {
            throttle.wrong(client);
        }
        tell.send_replace(limits(5));
        assert_eq!((borne(), borne()), (5, 0));
        assert!(throttle.is_guesser(client));
        tell.send_replace(limits(2));
        assert_eq!(borne(), 2);
    }

    #[test]
    fn a_guess_is_refused_as_it_is_until_there_are_too_many() {
        let throttle = throttle(2);
        let client = "192.0.2.1".parse().unwrap();
        let guess = || throttle.guess(client, Problem::new(Kind::LinkUnknown)).kind;
        assert_eq!(
            [guess(), guess(), guess()],
            [Kind::LinkUnknown, Kind::LinkUnknown, Kind::TooManyRequests]
        );
    }
    #[actix_web::test]
    async fn what_is_typed_is_not_looked_at_after_too_many_that_were_wrong() {
        let throttle = throttle(2);
        let client = "192.0.2.1".parse().unwrap();
        let typed = async |answer: Result<(), Kind>| {
            let answer = ready(answer.map_err(Problem::new));
            let typed = throttle.typed(client, Kind::SignInRefused, answer).await;
            typed.map_err(|problem| problem.kind)
        };
        for _ in 0..100 {
            assert_eq!(typed(Ok(())).await, Ok(()));
            assert_eq!(typed(Err(Kind::Overloaded)).await, Err(Kind::Overloaded));
        }
        for _ in 0..2 {
            assert_eq!(
                typed(Err(Kind::SignInRefused)).await,
                Err(Kind::SignInRefused)
            );
        }
        let looked_at = async { panic!("it was looked at") };
        let refused = throttle.typed::<()>(client, Kind::SignInRefused, looked_at);
        let refused = refused.await.unwrap_err();
        assert_eq!(refused.kind, Kind::TooManyRequests);
        assert!(refused.retry_after.is_some_and(|after| after <= 31));
        // wrong links from there are another matter
        assert!(throttle.by_ip(client).is_ok());
    }

    #[actix_web::test]
    async fn a_guess_that_nobody_waits_for_counts() {
        let throttle = throttle(1);
        let client = "192.0.2.1".parse().unwrap();
        let never = pending::<Result<(), Problem>>();
        let mut typed = Box::pin(throttle.typed(client, Kind::SignInRefused, never));
        assert!(typed.as_mut().now_or_never().is_none());
        assert!(throttle.may_guess(client).is_ok());
        drop(typed);
        assert!(throttle.may_guess(client).is_err());
    }
}
