//! Makes way for what may go: what is due and has to wait for its domain is due later.

use std::{collections::BTreeSet, time::Duration};

use contract::ids::{BatchId, InviteId};
use serde::Serialize;
use store::{Row, StoreError, Tx};

use super::{Courier, lanes::Taken, micros, parcel::Common, receiver::Receiver, sql};

/// How much of what is due of a batch is looked through at once.
const WINDOW: u64 = 1_000;
/// How long a batch is left as it is of which nothing goes elsewhere.
const IN_VAIN: Duration = Duration::from_secs(5);

/// All of a batch that is due goes to domains that take no more.
#[derive(Debug)]
pub(super) struct InVain {
    /// That is believed until then.
    pub(super) until: Duration,
    /// When the first of them takes one again.
    pub(super) free_at: Duration,
}

#[derive(Serialize)]
struct Domain<'a> {
    domain: &'a str,
}

#[derive(Serialize)]
struct Place {
    id: InviteId,
    due_in: i64,
}

impl Courier {
    /// How many of so many mails are to be taken of a batch: where all goes to domains that take no
    /// more, what they take at once, when they do again.
    pub(super) fn not_in_vain(&self, batch: BatchId, most: u32) -> u32 {
        let now = self.now();
        match self.in_vain.get(&batch) {
            Some(in_vain) if now < in_vain.free_at => 0,
            Some(in_vain) if now < in_vain.until => most.min(self.limits.at_once()),
            _ => most,
        }
    }

    /// In how long something of a batch may be taken of which nothing is.
    pub(super) fn in_vain_for(&self, batch: BatchId) -> Duration {
        let free_at = self.in_vain.get(&batch).map(|in_vain| in_vain.free_at);
        free_at.unwrap_or_default().saturating_sub(self.now())
    }

    /// The batches of which all that is due goes to domains that take no more.
    pub(super) fn blocked(&self) -> BTreeSet<BatchId> {
        let now = self.now();
        let blocked = self.in_vain.iter();
        let blocked = blocked.filter(|(_, in_vain)| now < in_vain.until);
        blocked.map(|(batch, _)| *batch).collect()
    }

    /// What goes to domains that take no more at this moment, and stands before others of its batch,
    /// gets its places behind that which was put back: nobody takes it only to find that out.
    pub(super) async fn make_way(
        &mut self,
        tx: &mut Tx,
        taken: &Taken<Common>,
        refused: BTreeSet<Receiver>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.in_vain.retain(|_, in_vain| now < in_vain.until);
        let free_at = refused.iter().filter_map(|one| self.limits.free(one));
        let Some(free_at) = free_at.min() else {
            return Ok(());
        };
        if let Some(in_vain) = self.in_vain.get_mut(&taken.batch) {
            in_vain.free_at = free_at.min(in_vain.until);
            return Ok(());
        }
        let domains = refused.iter().flat_map(Receiver::domains);
        let domains: Vec<_> = domains.map(|domain| Domain { domain }).collect();
        let first = sql::FIND_FIRST.bind(taken.batch).bind(WINDOW);
        let mut rows = first.bind_rows(&domains).fetch_all(tx).await?;
        if rows.len() as u64 == WINDOW {
            let others = sql::HAS_OTHERS.bind(taken.batch).bind_rows(&domains);
            let others = others.planned_anew().fetch_one(tx).await?;
            if others.get::<i64>("has")? == 0 {
                let until = now + IN_VAIN;
                let free_at = free_at.min(until);
                self.in_vain.insert(taken.batch, InVain { until, free_at });
                return Ok(());
            }
        }
        if taken.newest(2) > 0 {
            let last = sql::FIND_LAST.bind(taken.batch).bind(WINDOW);
            rows.extend(last.bind_rows(&domains).fetch_all(tx).await?);
        }
        let mut seen = BTreeSet::new();
        let mut places = Vec::with_capacity(rows.len());
        for row in &rows {
            if seen.insert(row.get::<InviteId>("id")?) {
                places.push(self.place(row, now)?);
            }
        }
        if !places.is_empty() {
            sql::PUT_OFF.bind_rows(&places).execute(tx).await?;
        }
        Ok(())
    }

    fn place(&mut self, row: &Row, now: Duration) -> Result<Place, StoreError> {
        let domain: String = row.get("domain")?;
        Ok(Place {
            id: row.get("id")?,
            due_in: micros(self.limits.behind(&Receiver::of(&domain), now)),
        })
    }
}
