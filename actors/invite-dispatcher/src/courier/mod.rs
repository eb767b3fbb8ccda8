//! Sends what is due: leases, hands over outside any transaction, records.
//!
//! # Map
//! - [`look`]: what is due; [`over`]: of which nothing is left; [`lanes`]: who is next; [`lease`]: takes it, no more than can go at once;
//!   [`way`]: for others, where a domain takes no more.
//! - [`carry`]: the connections; [`hall`]: what they share; [`opening`]: what they are opened for;
//!   [`connection`]: one; [`parcel`]: what is handed over; [`judge`]: what the session says of it;
//!   [`verdict`]: what is done about that.
//! - [`record`], [`letters`]: writes it down; [`regain`]: finds what it took without an answer. [`heed`]: what a reply means for everybody else.
//! - [`change`]: other limits while it runs. [`share`]: what this courier has of the relay's limits; [`gate`], [`limits`], [`tempo`]: keeps
//!   them; [`receiver`]: which domains are one; [`breaker`]: when the relay takes nothing;
//!   [`suspects`]: when it is one mail that it takes not.
//!
//! # Promises
//! - A mail is leased only when it can go: a crash leaves no more behind than the window, which is
//!   twice as many as connections, or 32 times where there is no limit, or one of more than 500 a second.
//! - What is composed but has not begun goes back when its batch rests or is cancelled, or when it would not be
//!   taken any more: cancelled, suppressed, accepted or declined meanwhile.
//! - Nothing new begins once the database took no verdict, or has not answered for a second, until it does again.
//! - Connections go on while the database is asked: both are polled together.

#[cfg(test)]
mod again;
#[cfg(test)]
mod begun;
mod breaker;
mod carry;
mod change;
mod connection;
#[macro_use]
mod fate;
#[cfg(test)]
mod fruitless;
mod gate;
mod hall;
mod heed;
mod held;
mod judge;
mod lanes;
mod lease;
mod letters;
mod limits;
mod look;
mod metrics;
mod opening;
mod options;
mod over;
#[cfg(test)]
mod overlap;
mod parcel;
mod receiver;
mod record;
mod regain;
mod share;
#[macro_use]
mod sql;
#[cfg(test)]
mod plans;
mod suspects;
mod tempo;
mod verdict;
mod way;

use std::{collections::HashMap, sync::Arc, time::Duration};

use contract::{Clock, Problem, Service, Stamp, batches::Limit, ids::BatchId};
use governor::clock::DefaultClock;
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use store::{Db, StoreError, vault::Vault};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use self::{
    breaker::Breaker,
    carry::Carry,
    gate::Gate,
    heed::Settled,
    held::Held,
    lanes::Lanes,
    lease::REST,
    limits::Limits,
    over::Over,
    parcel::{Common, Desk, Leased},
    share::Share,
    suspects::Suspects,
    tempo::Tempo,
    way::InVain,
};
pub(crate) use self::{held::Holds, parcel::Parcel, sql::STATEMENTS, verdict::Verdict};
pub use self::{metrics::CourierMetrics, options::CourierTiming};
use crate::{options::MailOptions, rates::MailLimits, tokens::Tokens};

/// How long one turn lasts while there is something to do.
const SLICE: Duration = Duration::from_millis(500);
/// The least and the longest wait for a limit.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_millis(250);
/// How often a courier says that it lives, and looks for leases that ran out.
const BEAT: Duration = Duration::from_secs(1);
const SWEEP: Duration = Duration::from_secs(5);
/// How long others have, after the database was away, to say that they live: it may be silent for seven
/// seconds to whoever asked it, and no worker rests for longer than ten because its work failed. As long may
/// a commit take that was not answered.
const RETURN: Duration = Duration::from_secs(20);

/// Sends letters and invites. Any number may run.
#[derive(Debug)]
pub struct Courier {
    db: Db,
    /// Its name in leases and shares: of this instance alone.
    id: String,
    desk: Desk,
    timing: CourierTiming,
    /// Other limits than the first, as they come.
    changes: Option<watch::Receiver<MailLimits>>,
    metrics: CourierMetrics,
    started: Instant,
    carry: Carry,
    gate: Gate<DefaultClock>,
    limits: Limits,
    tempo: Tempo,
    breaker: Breaker,
    /// The mail that tries whether the relay goes on.
    tries: Option<Leased>,
    suspects: Suspects,
    lanes: Lanes<Common>,
    commons: HashMap<BatchId, Arc<Common>>,
    /// Batches of which all goes to domains that take no more.
    in_vain: HashMap<BatchId, InVain>,
    due_letters: i64,
    /// Batches of which nothing is left.
    over: Over,
    /// All that is due is held back by other limits than the relay's: for how long.
    fruitless: Option<Duration>,
    turn: u64,
    /// How often it looked for leases that ran out.
    sweeps: u64,
    is_day_over: bool,
    /// What is to be added to the mails of the day, for those that are under way while it becomes
    /// limited, or no longer is.
    day_owed: i64,
    /// What landed and is not written down yet.
    unrecorded: Vec<Settled>,
    /// Until when mails may turn up that it took without being answered.
    may_have_more: Option<Duration>,
    share: Option<Share>,
    /// When each was done last, since the start.
    beat_at: Option<Duration>,
    looked_at: Option<Duration>,
    renewed_at: Duration,
    swept_at: Option<Duration>,
    /// Nobody's invites are taken over before that.
    sweeps_from: Duration,
    measured_at: Option<Duration>,
    idle_since: Option<Duration>,
    pace: heed::Seen,
    held: Held,
}

impl Courier {
    /// A courier.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        vault: Vault,
        options: MailOptions,
        metrics: CourierMetrics,
    ) -> Self {
        let rates = options.rates;
        let desk = Desk {
            clock,
            tokens: Tokens::new(vault.clone()),
            vault,
            options,
        };
        Self {
            db,
            id: desk.clock.ulid().to_string(),
            timing: CourierTiming::default(),
            changes: None,
            started: Instant::now(),
            carry: Carry::new(desk.clone(), metrics.clone()),
            gate: Gate::new(DefaultClock::default()),
            limits: Limits::new(
                rates.per_organisation_per_second,
                rates.per_domain_per_second,
            ),
            tempo: Tempo::default(),
            breaker: Breaker::default(),
            tries: None,
            suspects: Suspects::default(),
            lanes: Lanes::default(),
            commons: HashMap::new(),
            in_vain: HashMap::new(),
            due_letters: 0,
            over: Over::default(),
            fruitless: None,
            turn: 0,
            sweeps: 0,
            is_day_over: false,
            day_owed: 0,
            unrecorded: Vec::new(),
            may_have_more: None,
            share: None,
            beat_at: None,
            looked_at: None,
            renewed_at: Duration::ZERO,
            swept_at: None,
            sweeps_from: Duration::ZERO,
            measured_at: None,
            idle_since: None,
            pace: heed::Seen::default(),
            held: Held::default(),
            desk,
            metrics,
        }
    }

    /// With other times.
    #[must_use]
    pub fn with_timing(self, timing: CourierTiming) -> Self {
        Self { timing, ..self }
    }

    /// Takes other limits over when they come.
    #[must_use]
    pub fn heeding(self, changes: watch::Receiver<MailLimits>) -> Self {
        Self {
            changes: Some(changes),
            ..self
        }
    }

    fn stamp(&self) -> Stamp {
        let clock = &*self.desk.clock;
        Cx::system(Service::InviteDispatcher, clock).stamp(clock)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether something waits, or is under way.
    fn is_busy(&self) -> bool {
        self.due_letters > 0
            || !self.lanes.is_empty()
            || !self.unrecorded.is_empty()
            || self.carry.count() > 0
    }

    /// How many mails may be under way together: what a crash could repeat.
    fn window(&self) -> usize {
        let connections = self.share.map_or(0, |share| share.connections);
        let rate = self.desk.options.rates.per_second;
        let each = if rate == 0 || rate > 500 { 32 } else { 2 };
        usize::try_from(connections)
            .unwrap_or(usize::MAX)
            .saturating_mul(each)
    }

    /// How many mails may begin now, the rate aside.
    fn room(&self) -> u32 {
        let count = self.carry.count();
        let free = self.window().saturating_sub(count);
        let free = match self.breaker.allows(self.now()) {
            Some(allowed) => allowed.min(free),
            // Few at a time are not worth a transaction.
            None if count > 0 && free < self.window() / 4 => 0,
            None => free,
        };
        u32::try_from(free).unwrap_or(u32::MAX)
    }

    /// The limits that couriers share.
    fn whole(&self) -> Share {
        let rates = &self.desk.options.rates;
        Share {
            per_minute: u64::from(rates.per_second) * 60,
            connections: u64::from(rates.connections.max(1)),
            held: 0,
            couriers: 0,
        }
    }

    /// One transaction: what landed is written down, then what goes next is taken.
    async fn turn_over(&mut self) -> Result<Vec<Leased>, StoreError> {
        self.look().await?;
        let now = self.now();
        let is_over = |at: Option<Duration>, after| at.is_none_or(|at| now >= at + after);
        let (beats, sweeps) = (is_over(self.beat_at, BEAT), is_over(self.swept_at, SWEEP));
        let sweeps = sweeps && now >= self.sweeps_from;
        let regains = beats && self.may_have_more.is_some();
        let beats = beats && (self.is_busy() || self.carry.open() > 0 || self.share.is_some());
        let renews = self.carry.count() > 0 && now >= self.renewed_at + self.timing.renew;
        let wants = if self.due_letters > 0 || !self.lanes.is_empty() {
            self.room()
        } else {
            0
        };
        if wants == 0 && !self.lanes.is_empty() && self.breaker.is_closed() {
            self.held.relay(now, Limit::Connections);
        }
        let records = !self.unrecorded.is_empty() || regains;
        if !beats && !sweeps && !renews && wants == 0 && !records {
            return Ok(Vec::new());
        }
        let at = self.desk.clock.now();
        let mut tx = self.db.write(&self.stamp()).await?;
        let mut share = self.share;
        if beats {
            let (open, holds) = (self.carry.open() as u64, self.holds());
            let (id, whole) = (self.id.clone(), self.whole());
            let kept = share::keep(&mut tx, &id, whole, open, &holds).await?;
            self.narrow(kept);
            share = Some(kept);
        }
        // After the door of shares: whoever is behind it may wait for the day, which this locks.
        self.regain(&mut tx).await?;
        self.record(&mut tx, at).await?;
        if renews {
            self.renew(&mut tx).await?;
        }
        if sweeps {
            self.expire(&mut tx).await?;
        }
        let mut leased = Vec::new();
        let is_alive = beats || self.beat_at.is_some_and(|at| now < at + share::ALIVE);
        if wants > 0 && is_alive && self.share.is_some() {
            let wants = wants.min(self.room());
            leased = self.lease(&mut tx, wants, at).await?;
        }
        tx.commit().await?;
        self.unrecorded.clear();
        self.may_have_more = self.may_have_more.filter(|until| now < *until);
        self.day_owed = 0;
        if renews {
            self.renewed_at = now;
        }
        if sweeps {
            self.swept_at = Some(now);
            self.sweeps += 1;
        }
        if beats {
            self.beat_at = Some(now);
            self.take_share(share);
        }
        Ok(leased)
    }

    fn take_share(&mut self, share: Option<Share>) {
        let Some(share) = share else { return };
        self.mend();
        self.gate.set(self.rate(share));
        self.limits.share_with(share.couriers);
        self.carry.allow(share.connections);
        self.share = Some(share);
        if share.connections == 0 {
            // Others have the connections that it waits for.
            self.recall(|_| false);
        }
    }

    /// Mails a minute of a share; `None`: no limit.
    fn rate(&self, share: Share) -> Option<u64> {
        let limited = self.is_limited().then_some(share.per_minute);
        self.tempo.rate(limited, share.couriers)
    }

    /// Whether the settings say how many may go in a second.
    fn is_limited(&self) -> bool {
        self.desk.options.rates.per_second > 0
    }

    /// Less than it had holds before anything more is taken; more than that once it is written down.
    fn narrow(&mut self, kept: Share) {
        if let Some(had) = self.share {
            self.take_share(Some(had.least(kept)));
        }
    }

    /// Gives back what it has of the relay.
    async fn leave(&mut self) -> Result<(), StoreError> {
        if self.share.take().is_none() {
            return Ok(());
        }
        self.carry.close().await;
        let mut tx = self.db.write(&self.stamp()).await?;
        sql::LEAVE.bind(&self.id).execute(&mut tx).await?;
        tx.commit().await?;
        self.beat_at = None;
        Ok(())
    }

    /// Nothing is to be done: how long it rests, and whether it still needs its connections.
    async fn idle(&mut self) -> Result<Pace, StoreError> {
        let now = self.now();
        let since = *self.idle_since.get_or_insert(now);
        if now >= since + self.timing.idle {
            self.leave().await?;
        }
        Ok(Pace::Rest(REST))
    }

    /// One step: gathers, asks the database while connections go on, sends on its way.
    async fn step(&mut self) -> Result<(), StoreError> {
        self.heed_changes();
        self.gather();
        self.carry.ask(self.timing.unanswered);
        let tasks = self.carry.lend();
        let (tasks, leased) = carry::beside(tasks, self.turn_over()).await;
        self.carry.take_back(tasks);
        let leased = match leased {
            Ok(leased) => leased,
            Err(error) => {
                self.sweeps_from = self.now() + RETURN;
                if matches!(error, StoreError::CommitUnknown(_)) {
                    self.may_have_more = Some(self.sweeps_from);
                }
                self.carry.hold();
                self.withdraw(|_| false);
                return Err(error);
            }
        };
        self.carry.release();
        if !leased.is_empty() {
            self.breaker.begin();
            self.tries = leased.first().filter(|_| self.breaker.is_trying()).cloned();
        }
        for mail in leased {
            self.carry.begin(mail);
        }
        self.mend();
        self.show();
        self.conclude().await;
        Ok(())
    }
}

impl Behaviour for Courier {
    const SERVICE: Service = Service::InviteDispatcher;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for Courier {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let until = Instant::now() + SLICE;
        loop {
            self.step().await?;
            if !self.is_busy() {
                return Ok(self.idle().await?);
            }
            self.idle_since = None;
            if self.carry.count() == 0 && self.unrecorded.is_empty() {
                if let Some(rest) = self.breaker.rest(self.now()) {
                    return Ok(Pace::Rest(rest.min(REST)));
                }
                if self.is_day_over {
                    return Ok(Pace::Rest(REST));
                }
            }
            if Instant::now() >= until {
                return Ok(Pace::Again);
            }
            let fruitless = self.fruitless.take().unwrap_or_default();
            let wait = self.gate.wait().max(fruitless).clamp(SHORTEST, LONGEST);
            // Nothing is cancelled by it: connections go on in the next step.
            let _ = timeout(wait, self.carry.go_on()).await;
        }
    }

    async fn finish(&mut self) {
        if let Err(error) = self.wind_up().await {
            tracing::warn!(%error, "what this courier had is taken up when its leases are over");
        }
    }
}

/// As statements take it.
fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
