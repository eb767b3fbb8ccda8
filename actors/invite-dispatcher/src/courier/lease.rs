//! Takes what goes next: letters, then invites lane by lane, no more than may go at once.

use std::{collections::BTreeSet, time::Duration};

use contract::{
    Timestamp,
    batches::Limit,
    ids::{InviteId, MailId},
};
use serde::Serialize;
use store::{Row, StoreError, Tx};

use super::{
    Courier, LONGEST,
    lanes::Taken,
    letters, micros,
    parcel::{Common, Leased, LeasedInvite, Taking},
    record::{self, Record},
    sql,
    verdict::Outcome,
};

/// The most invites of one organisation in its turn, where others wait.
const QUANTUM: u32 = 50;
/// Every so many turns invites come before letters, so that neither stops the other.
const INVITES_FIRST: u64 = 5;

#[derive(Serialize)]
struct Key {
    id: String,
}

impl Courier {
    /// Takes at most so many.
    pub(super) async fn lease(
        &mut self,
        tx: &mut Tx,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<Leased>, StoreError> {
        let most = self.within_the_day(tx, most, now).await?;
        let allowed = self.gate.take(most);
        if allowed < most {
            self.held.relay(self.now(), Limit::RelayRate);
        }
        let mut leased = Vec::new();
        self.turn += 1;
        if self.turn.is_multiple_of(INVITES_FIRST) {
            self.invites(tx, allowed, now, &mut leased).await?;
            self.letters(tx, rest(allowed, &leased), &mut leased)
                .await?;
        } else {
            self.letters(tx, allowed, &mut leased).await?;
            let allowed = self.for_invites(rest(allowed, &leased));
            self.invites(tx, allowed, now, &mut leased).await?;
        }
        self.gate.give_back(rest(allowed, &leased));
        if self.desk.options.rates.per_day > 0 && !leased.is_empty() {
            let count = leased.len() as u64;
            sql::COUNT_DAY
                .bind(now.date())
                .bind(count)
                .execute(tx)
                .await?;
        }
        Ok(leased)
    }

    /// What the limit of the day leaves.
    async fn within_the_day(
        &mut self,
        tx: &mut Tx,
        most: u32,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let limit = self.desk.options.rates.per_day;
        self.is_day_over = false;
        if limit == 0 {
            return Ok(most);
        }
        sql::BEGIN_DAY.bind(now.date()).execute(tx).await?;
        let row = sql::LOCK_DAY.bind(now.date()).fetch_one(tx).await?;
        let left = limit.saturating_sub(row.get("sent")?);
        self.is_day_over = left == 0;
        Ok(u32::try_from(left).unwrap_or(u32::MAX).min(most))
    }

    /// Of what may be on the way together, a part is kept free for letters.
    fn for_invites(&self, allowed: u32) -> u32 {
        let kept = self.window() / 5;
        let free = self.window().saturating_sub(self.carry.count() + kept);
        u32::try_from(free).unwrap_or(u32::MAX).max(1).min(allowed)
    }

    async fn letters(
        &mut self,
        tx: &mut Tx,
        most: u32,
        leased: &mut Vec<Leased>,
    ) -> Result<(), StoreError> {
        if self.due_letters == 0 || most == 0 {
            return Ok(());
        }
        let takes_over = self.now() >= self.sweeps_from;
        let (letters, taken) = letters::lease(tx, &self.id, most, takes_over).await?;
        self.due_letters = if taken < most as usize {
            0
        } else {
            let taken = i64::try_from(taken).unwrap_or(i64::MAX);
            self.due_letters - taken
        };
        let now = self.started.elapsed();
        for letter in letters.into_iter().map(Leased::Letter) {
            self.limits.letter(&letter.receiver(), now);
            leased.push(letter);
        }
        Ok(())
    }

    async fn invites(
        &mut self,
        tx: &mut Tx,
        most: u32,
        now: Timestamp,
        leased: &mut Vec<Leased>,
    ) -> Result<(), StoreError> {
        let (mut left, mut put_back) = (most, Vec::new());
        // Where nothing is even looked for: in how long something may go.
        let (mut has_looked, mut soonest) = (self.lanes.is_empty(), LONGEST);
        // One turn each; a second round where the first left something.
        for _ in 0..2 {
            let organisations: Vec<_> = self.lanes.organisations().collect();
            let fair = most.div_ceil(
                u32::try_from(organisations.len())
                    .unwrap_or(u32::MAX)
                    .max(1),
            );
            for organisation in organisations {
                let want = left.min(fair.max(QUANTUM));
                let allowed = self.limits.organisation(organisation, want);
                if allowed == 0 {
                    if want > 0 {
                        let now = self.started.elapsed();
                        self.held.organisation(now, organisation);
                        soonest = soonest.min(self.limits.wait());
                    }
                    continue;
                }
                let Some(taken) = self.lanes.take(organisation) else {
                    self.limits.give_back(organisation, allowed);
                    continue;
                };
                let wanted = self.not_in_vain(taken.batch, allowed);
                if wanted == 0 {
                    soonest = soonest.min(self.in_vain_for(taken.batch));
                }
                has_looked |= wanted > 0;
                let rows = self.take(tx, &taken, wanted, now).await?;
                if rows.len() < wanted as usize {
                    self.lanes.exhaust(organisation, taken.batch);
                }
                let (before, mut refused) = (leased.len(), BTreeSet::new());
                note(tx, &rows).await?;
                for row in rows {
                    let state: String = row.get("state")?;
                    if state == "suppressed" {
                        self.metrics.suppressed.inc();
                    }
                    if state != "sending" {
                        continue;
                    }
                    let invite = match LeasedInvite::read(&row, &taken.common) {
                        Ok(invite) => invite,
                        Err(error) => {
                            // One that cannot be read stops no other.
                            tracing::error!(%error, "an invite that cannot be read");
                            let taking = Taking::read(&row)?;
                            put_back.push(Record::unreadable(taking, row.get("attempts")?));
                            continue;
                        }
                    };
                    let receiver = invite.receiver();
                    match self.limits.domain(&receiver, self.started.elapsed()) {
                        Ok(()) => {
                            left = left.saturating_sub(1);
                            leased.push(Leased::Invite(invite));
                        }
                        Err(due_in) => {
                            let outcome = Outcome::put_back(invite.attempt, due_in);
                            put_back.push(Record::new(&invite, outcome, None));
                            refused.insert(receiver);
                        }
                    }
                }
                let used = u32::try_from(leased.len() - before).unwrap_or(allowed);
                self.limits
                    .give_back(organisation, allowed.saturating_sub(used));
                self.make_way(tx, &taken, refused).await?;
                if left == 0 {
                    record::record(tx, &self.id, &put_back, now).await?;
                    return Ok(());
                }
            }
        }
        if most > 0 && leased.is_empty() && !has_looked {
            self.fruitless = Some(soonest);
        }
        record::record(tx, &self.id, &put_back, now).await?;
        Ok(())
    }

    /// Takes what is due of a batch: first what came due last, as much of it as falls to that.
    async fn take(
        &self,
        tx: &mut Tx,
        taken: &Taken<Common>,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        let ends = [
            (&sql::LEASE_LAST, taken.newest(most)),
            (&sql::LEASE_FIRST, most),
        ];
        for (lease, most) in ends {
            let left = (most as usize).saturating_sub(rows.len());
            if left == 0 {
                continue;
            }
            let lease = lease.bind(taken.batch).bind(&self.id);
            let lease = lease.bind(micros(self.timing.lease)).bind(now);
            rows.extend(lease.bind(left as u64).fetch_all(tx).await?);
        }
        Ok(rows)
    }

    /// Says that what is on its way is still this courier's.
    pub(super) async fn renew(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let (mut invites, mut letters) = (Vec::new(), Vec::new());
        for mail in self.carry.mails() {
            match mail {
                Leased::Letter(letter) => letters.push(key::<MailId>(letter.id)),
                Leased::Invite(invite) => invites.push(key::<InviteId>(invite.id)),
            }
        }
        if !invites.is_empty() {
            let renew = sql::RENEW_INVITES.bind_rows(&invites);
            let renew = renew.bind(micros(self.timing.lease)).bind(&self.id);
            renew.execute(tx).await?;
        }
        if !letters.is_empty() {
            let renew = sql::RENEW_MAILS.bind_rows(&letters);
            let renew = renew.bind(micros(letters::LEASE)).bind(&self.id);
            renew.execute(tx).await?;
        }
        Ok(())
    }

    /// Takes up again what couriers left behind that ended in the middle.
    pub(super) async fn expire(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        if self.sweeps.is_multiple_of(SWEEPS_FORGOTTEN) {
            let note = sql::NOTE_FORGOTTEN.bind(micros(self.timing.lease));
            note.bind(EXPIRE_MOST).execute(tx).await?;
        }
        let found = keys(&sql::FIND_EXPIRED.bind(EXPIRE_MOST).fetch_all(tx).await?)?;
        if found.is_empty() {
            return Ok(());
        }
        let expire = sql::EXPIRE_LEASES.bind_rows(&found);
        let expire = expire
            .bind(micros(self.timing.after_crash))
            .bind(CRASHES_MOST);
        let rows = expire.fetch_all(tx).await?;
        if !rows.is_empty() {
            let forget = sql::FORGET_LEASES.bind_rows(&keys(&rows)?);
            forget.execute(tx).await?;
            tracing::warn!(
                count = rows.len(),
                "invites whose courier ended in the middle"
            );
            self.metrics.expired_leases.inc_by(rows.len() as u64);
        }
        Ok(())
    }
}

/// After so many couriers that ended over it, an invite is left alone.
const CRASHES_MOST: i64 = 5;
/// In how many turns all that is due is looked through once for leases that nobody noted.
const SWEEPS_FORGOTTEN: u64 = 120;
/// Leases looked at in one turn.
const EXPIRE_MOST: i64 = 1_000;

/// Notes those that were taken, to be found should nobody record what became of them.
async fn note(tx: &mut Tx, rows: &[Row]) -> Result<(), StoreError> {
    let mut taken = Vec::with_capacity(rows.len());
    for row in rows {
        if row.get::<String>("state")? == "sending" {
            taken.push(Key { id: row.get("id")? });
        }
    }
    if !taken.is_empty() {
        let note = sql::NOTE_LEASES.bind_rows(&taken);
        note.execute(tx).await?;
    }
    Ok(())
}

fn rest(allowed: u32, leased: &[Leased]) -> u32 {
    allowed.saturating_sub(u32::try_from(leased.len()).unwrap_or(u32::MAX))
}

fn key<T: ToString>(id: T) -> Key {
    Key { id: id.to_string() }
}

fn keys(rows: &[Row]) -> Result<Vec<Key>, StoreError> {
    let keys = rows.iter().map(|row| Ok(Key { id: row.get("id")? }));
    keys.collect()
}

/// The longest rest between two looks.
pub(super) const REST: Duration = Duration::from_secs(1);
