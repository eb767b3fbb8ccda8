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
    sync::atomic::{AtomicU32, Ordering},
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

use crate::guesses::Guesses;

/// What is borne each minute; a whole minute's worth may come at once.
#[derive(Clone, Copy, Debug)]
pub struct ThrottleLimits {
    /// Of one network address: wrong passwords and codes; and, counted apart from them, wrong links and
    /// tokens together with requests for letters.
    pub per_ip: NonZeroU32,
    /// For one e-mail address: registrations, sign-ins, requests for letters.
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
    limiter: DefaultKeyedRateLimiter<K>,
    checks: AtomicU32,
}

impl<K: Clone + Hash + Eq> Count<K> {
    fn new(name: &'static str, a_minute: NonZeroU32) -> Self {
        Self::of(name, Quota::per_minute(a_minute))
    }

    fn of(name: &'static str, quota: Quota) -> Self {
        Self {
            name,
            limiter: RateLimiter::keyed(quota),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts one, or says after how many seconds the next is borne.
    fn check(&self, key: &K) -> Result<(), u32> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % FORGET_AFTER == FORGET_AFTER - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            u32::try_from(wait.as_secs())
                .unwrap_or(60)
                .saturating_add(1)
        })
    }
}

/// The counts of a process, shared by its workers.
pub(crate) struct Throttle {
    ip: Count<IpAddr>,
    guesses: Guesses,
    email: Count<String>,
    link: Count<LinkId>,
    organisation: Count<OrganisationId>,
    told: Count<(&'static str, String)>,
    refused: IntCounterVec,
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Throttle")
    }
}

impl Throttle {
    pub(crate) fn new(
        limits: &ThrottleLimits,
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
        let throttle = Self {
            ip: Count::new("ip", limits.per_ip),
            guesses: Guesses::new(limits.per_ip),
            email: Count::new("email", limits.per_email),
            link: Count::new("link", limits.per_link),
            organisation: Count::new("organisation", limits.per_organisation),
            told: Count::of("told", Quota::per_hour(NonZeroU32::MIN)),
            refused,
        };
        for name in ["ip", "email", "link", "organisation"] {
            throttle.refused.with_label_values(&[name]);
        }
        Ok(throttle)
    }

    fn count<K: Clone + Hash + Eq>(&self, count: &Count<K>, key: &K) -> Result<(), Problem> {
        let checked = count.check(key);
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
        self.count(&self.ip, &crate::client::counted(client))
    }

    /// Something about one e-mail address.
    pub(crate) fn by_email(&self, email: &EmailAddress) -> Result<(), Problem> {
        self.count(&self.email, &email.key())
    }

    /// Whether it is told by this message that sign-ins with an address were refused: once an hour. Counts,
    /// each message by itself: who tries one door must not silence the other.
    pub(crate) fn may_tell(&self, subject: &'static str, email: &EmailAddress) -> bool {
        self.told.check(&(subject, email.key())).is_ok()
    }

    /// A registration through a link.
    pub(crate) fn by_link(&self, link: LinkId) -> Result<(), Problem> {
        self.count(&self.link, &link)
    }

    /// A request with a token of an organisation, or a list of its administrators.
    pub(crate) fn by_organisation(&self, organisation: OrganisationId) -> Result<(), Problem> {
        self.count(&self.organisation, &organisation)
    }

    /// Whether a password or a code from there is still looked at. Asking counts nothing.
    pub(crate) fn may_guess(&self, client: IpAddr) -> Result<(), Problem> {
        let asked = self.guesses.ask(client, Instant::now());
        asked.map_err(|seconds| self.too_many(self.ip.name, seconds))
    }

    /// The same, for whoever only wants to know.
    pub(crate) fn is_guesser(&self, client: IpAddr) -> bool {
        self.guesses.ask(client, Instant::now()).is_err()
    }

    /// Holds a wrong password against an address.
    pub(crate) fn wrong(&self, client: IpAddr) {
        self.guesses.wrong(client, Instant::now());
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
            guesses: &self.guesses,
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

/// A guess that is under way; counted when it ends, unless it was none.
struct Guess<'a> {
    guesses: &'a Guesses,
    client: IpAddr,
    is_wrong: bool,
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        if self.is_wrong {
            self.guesses.wrong(self.client, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::FutureExt as _;

    use super::*;

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
        let registry = Registry::new();
        let throttle = Throttle::new(&limits(3), &registry).unwrap();
        let ann = EmailAddress::parse("Ann@uni.edu").unwrap();
        for _ in 0..3 {
            throttle.by_email(&ann).unwrap();
        }
        let same = EmailAddress::parse("ann@UNI.edu").unwrap();
        let refused = throttle.by_email(&same).unwrap_err();
        assert_eq!(refused.kind, Kind::TooManyRequests);
        assert!(
            refused
                .retry_after
                .is_some_and(|seconds| (1..=21).contains(&seconds))
        );
        let bob = EmailAddress::parse("bob@uni.edu").unwrap();
        assert!(throttle.by_email(&bob).is_ok());
        assert_eq!(throttle.refused.with_label_values(&["email"]).get(), 1);
    }

    #[test]
    fn a_guess_is_refused_as_it_is_until_there_are_too_many() {
        let throttle = Throttle::new(&limits(2), &Registry::new()).unwrap();
        let client = "192.0.2.1".parse().unwrap();
        let guess = || throttle.guess(client, Problem::new(Kind::LinkUnknown)).kind;
        assert_eq!(
            [guess(), guess(), guess()],
            [Kind::LinkUnknown, Kind::LinkUnknown, Kind::TooManyRequests]
        );
    }
    #[actix_web::test]
    async fn what_is_typed_is_not_looked_at_after_too_many_that_were_wrong() {
        let throttle = Throttle::new(&limits(2), &Registry::new()).unwrap();
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
        let throttle = Throttle::new(&limits(1), &Registry::new()).unwrap();
        let client = "192.0.2.1".parse().unwrap();
        let never = pending::<Result<(), Problem>>();
        let mut typed = Box::pin(throttle.typed(client, Kind::SignInRefused, never));
        assert!(typed.as_mut().now_or_never().is_none());
        assert!(throttle.may_guess(client).is_ok());
        drop(typed);
        assert!(throttle.may_guess(client).is_err());
    }
}
