//! What landed: what it means for the mail, and for everybody else.

use std::{collections::HashSet, time::Duration};

use contract::{Timestamp, batches::Limit, ids::Ulid};
use store::{StoreError, Tx};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{
    Courier, LONGEST,
    breaker::Stop,
    carry,
    hall::{Landed, is_same},
    held::Holds,
    letters::{self, Taken},
    parcel::Leased,
    record::{self, Record},
    sql,
    verdict::{Outcome, Verdict},
};
use crate::said::without_people;

/// A verdict that waits to be written down.
#[derive(Debug)]
pub(super) enum Settled {
    Letter(Landed),
    Invite(Record),
    /// A letter that was not begun.
    LetterBack(Taken),
    /// An invite that was not begun.
    InviteBack(Record),
}

/// How many mails were taken, by second.
#[derive(Debug, Default)]
pub(super) struct Seen {
    second: u64,
    count: u64,
    last: u64,
}

impl Seen {
    fn count(&mut self, now: Duration) {
        self.turn(now);
        self.count += 1;
    }

    fn turn(&mut self, now: Duration) {
        let second = now.as_secs();
        if second != self.second {
            self.last = if second == self.second + 1 {
                self.count
            } else {
                0
            };
            (self.second, self.count) = (second, 0);
        }
    }

    /// What went in a minute, at the pace of the last second or of this one.
    fn per_minute(&mut self, now: Duration) -> u64 {
        self.turn(now);
        self.last.max(self.count) * 60
    }
}

impl Courier {
    /// Takes in what landed.
    pub(super) fn gather(&mut self) {
        for mut landed in self.carry.landed() {
            if self.blame(&mut landed) {
                // What that says about the relay, the next one finds out.
                self.breaker.retry(self.now());
            } else {
                self.heed(&landed);
            }
            let settled = match &landed.mail {
                Leased::Letter(_) => Settled::Letter(landed),
                Leased::Invite(invite) => {
                    let outcome = Outcome::of(&landed.verdict, invite.attempt, self.jitter());
                    Settled::Invite(Record::new(invite, outcome, Some(landed.verdict.reply())))
                }
            };
            self.unrecorded.push(settled);
        }
        if self.breaker.allows(self.now()) == Some(0) {
            if self.breaker.is_trying() {
                // One whose connection is gone waits for another.
                let tries = self.tries.clone();
                self.recall(|mail| tries.as_ref().is_some_and(|tries| is_same(tries, mail)));
            } else {
                self.withdraw(|_| false);
            }
            if self.carry.count() == 0 {
                self.breaker.retry(self.now());
            }
        }
    }

    /// Whether it is this mail at which the relay hangs up, and it takes others: then it has to wait, as one
    /// does that is refused for now.
    fn blame(&mut self, landed: &mut Landed) -> bool {
        if matches!(landed.verdict, Verdict::Accepted(_)) {
            self.suspects.take();
        }
        let (Verdict::HungUp(why) | Verdict::Closed(why)) = &landed.verdict else {
            if let Leased::Invite(invite) = &landed.mail
                && !matches!(landed.verdict, Verdict::Away(_))
            {
                self.suspects.forget(invite.id);
            }
            return false;
        };
        let why = why.clone();
        let is_to_blame = match &landed.mail {
            Leased::Invite(invite) => self.suspects.end(invite.id),
            // Its pauses grow in any case.
            Leased::Letter(_) => false,
        };
        if is_to_blame {
            landed.verdict = Verdict::Deferred {
                reply: why,
                wait: None,
            };
        } else if matches!(landed.verdict, Verdict::HungUp(_)) {
            landed.verdict = Verdict::Away(why);
        }
        is_to_blame
    }

    /// What no connection has yet goes back, but for what goes on.
    pub(super) fn recall(&mut self, goes_on: impl Fn(&Leased) -> bool) {
        let back = self.carry.recall(goes_on);
        self.give_back(back);
    }

    /// What has not begun goes back, but for what goes on: also what a connection is opened for.
    pub(super) fn withdraw(&mut self, goes_on: impl Fn(&Leased) -> bool) {
        let back = self.carry.withdraw(goes_on);
        self.give_back(back);
    }

    fn give_back(&mut self, back: Vec<Leased>) {
        for mail in back {
            if self.tries.take_if(|tries| is_same(tries, &mail)).is_some() {
                // Whoever tried comes back without a verdict: another does.
                self.breaker.retry(self.now());
            }
            self.unrecorded.push(match &mail {
                Leased::Letter(letter) => Settled::LetterBack(Taken::of(letter)),
                Leased::Invite(invite) => {
                    Settled::InviteBack(Record::back(invite.taking(), invite.attempt))
                }
            });
        }
    }

    /// What a verdict says about the relay, and about the domain.
    fn heed(&mut self, landed: &Landed) {
        let now = self.now();
        match &landed.verdict {
            Verdict::Accepted(_) => {
                self.pace.count(now);
                self.breaker.close();
            }
            // The relay was not asked.
            Verdict::Refused(..) if !landed.was_tried => self.breaker.retry(now),
            Verdict::Deferred { .. } | Verdict::Refused(..) => self.breaker.close(),
            Verdict::Throttled {
                is_domain: true,
                wait,
                ..
            } => {
                self.breaker.close();
                self.limits.slow_down(&landed.mail.receiver(), now, *wait);
            }
            Verdict::Throttled { reply, wait, .. } => {
                let why = format!("the relay asks for fewer mails: {reply}");
                let stop = Stop::Asked(*wait);
                if self.breaker.open(now, stop, why, self.jitter()) {
                    self.held.stopped(Limit::RelayBusy);
                    self.slow_down(reply);
                }
            }
            Verdict::Away(why) | Verdict::HungUp(why) | Verdict::Closed(why) => {
                let jitter = self.jitter();
                if self.breaker.open(now, Stop::Away, why.clone(), jitter) {
                    self.held.stopped(Limit::RelayAway);
                    let is_closed = matches!(landed.verdict, Verdict::Closed(_));
                    if is_closed && self.suspects.close(now) {
                        self.slow_down(why);
                    }
                    let why = without_people(why);
                    tracing::warn!(why, "the relay takes nothing");
                }
            }
            Verdict::Unknown(_) => self.breaker.retry(now),
        }
    }

    /// The relay takes more slowly than we sent, in these words.
    fn slow_down(&mut self, why: &str) {
        let now = self.now();
        let seen = self.pace.per_minute(now);
        let couriers = self.share.map_or(1, |share| share.couriers);
        self.tempo.halve(now, seen, couriers);
        self.take_share(self.share);
        let per_minute = self.share.and_then(|share| self.rate(share));
        let why = without_people(why);
        tracing::warn!(
            why,
            per_minute,
            "fewer mails leave: the relay asked for that"
        );
    }

    /// Time passes since the relay asked for fewer mails.
    pub(super) fn mend(&mut self) {
        let (now, was_slow) = (self.now(), self.tempo.is_slow(self.is_limited()));
        self.tempo.mend(now, self.breaker.rest(now).is_some());
        if was_slow && !self.tempo.is_slow(self.is_limited()) {
            tracing::info!("as many mails leave as before the relay asked for fewer");
        }
    }

    /// Anything between 0 and 1.
    fn jitter(&self) -> f64 {
        let [byte, ..] = self.desk.clock.ulid().random().to_be_bytes();
        jitter_of(byte, self.desk.clock.ulid())
    }

    /// Writes down what waits for it.
    pub(super) async fn record(&self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        let mut records = Vec::new();
        let (mut sent, mut unsent) = (0_i64, 0_i64);
        for settled in &self.unrecorded {
            let may_have_left = match settled {
                Settled::Letter(landed) => {
                    if let Leased::Letter(letter) = &landed.mail {
                        letters::record(tx, &self.id, letter, &landed.verdict).await?;
                    }
                    matches!(landed.verdict, Verdict::Accepted(_) | Verdict::Unknown(_))
                }
                Settled::LetterBack(mail) => {
                    letters::put_back(tx, &self.id, *mail).await?;
                    false
                }
                Settled::InviteBack(record) => {
                    records.push(record.clone());
                    false
                }
                Settled::Invite(record) => {
                    records.push(record.clone());
                    record.may_have_left()
                }
            };
            if may_have_left {
                sent += 1;
            } else {
                unsent += 1;
            }
        }
        let mut recorded = record::record(tx, &self.id, &records, now).await?;
        let due = records.iter().filter(|record| record.is_due());
        let due: HashSet<_> = due.map(|record| record.id).collect();
        recorded.retain(|record| due.contains(&record.id));
        let suppressed = record::end(tx, &recorded, now).await?;
        self.metrics.suppressed.inc_by(suppressed);
        // Where days are limited, what was taken counted already.
        let is_limited = self.desk.options.rates.per_day > 0;
        let change = self.day_owed + if is_limited { -unsent } else { sent };
        if change != 0 {
            sql::BEGIN_DAY.bind(now.date()).execute(tx).await?;
            sql::COUNT_DAY
                .bind(now.date())
                .bind(change)
                .execute(tx)
                .await?;
        }
        Ok(())
    }

    /// What holds mail back.
    pub(super) fn holds(&mut self) -> Holds {
        let (now, rates) = (self.now(), &self.desk.options.rates);
        self.held.in_vain(self.blocked());
        let stop = self.breaker.hindrance();
        let is_slow = self.tempo.is_slow(self.is_limited());
        self.held.told(now, rates, self.is_day_over, is_slow, stop)
    }

    /// Shows the gauges.
    pub(super) fn show(&self) {
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.metrics.in_flight.set(gauge(self.carry.count()));
        self.metrics
            .is_held_up
            .set((!self.breaker.is_closed()).into());
        let is_slow = self.tempo.is_slow(self.is_limited());
        self.metrics.is_slow.set(is_slow.into());
    }

    /// Ends: what is on its way arrives, what has not begun goes back, the share too.
    pub(super) async fn wind_up(&mut self) -> Result<(), StoreError> {
        self.gather();
        self.recall(|_| false);
        let until = Instant::now() + self.timing.grace;
        while self.carry.count() > 0 {
            if timeout_at(until, self.carry.go_on()).await.is_err() {
                self.carry.abandon();
            }
            self.gather();
            self.recall(|_| false);
        }
        // Nobody else knows it: a database that is away may be back while there is time.
        while let Err(error) = self.write_down().await {
            if Instant::now() >= until {
                return Err(error);
            }
            tracing::warn!(%error, "what this courier knows is not written down yet");
            let next = Instant::now() + LONGEST;
            let tasks = self.carry.lend();
            let (tasks, ()) = carry::beside(tasks, sleep_until(next.min(until))).await;
            self.carry.take_back(tasks);
        }
        self.leave().await
    }

    /// Writes down what waits for it, and nothing else.
    async fn write_down(&mut self) -> Result<(), StoreError> {
        if self.unrecorded.is_empty() && self.day_owed == 0 && self.may_have_more.is_none() {
            return Ok(());
        }
        let stamp = self.stamp();
        let tasks = self.carry.lend();
        let (tasks, recorded) = carry::beside(tasks, async {
            let mut tx = self.db.write(&stamp).await?;
            self.regain(&mut tx).await?;
            self.record(&mut tx, stamp.now).await?;
            tx.commit().await
        })
        .await;
        self.carry.take_back(tasks);
        recorded?;
        self.may_have_more = None;
        self.unrecorded.clear();
        self.day_owed = 0;
        Ok(())
    }
}

fn jitter_of(byte: u8, id: Ulid) -> f64 {
    // The low bits of an id count up within a millisecond; mixed with the high ones they spread.
    let low = (id.random() & 0xff) as u8;
    f64::from(byte ^ low) / 255.0
}
