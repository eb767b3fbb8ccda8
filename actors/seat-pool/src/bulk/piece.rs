//! A piece of a job: some of its people, in one transaction that also notes how it went. A job that fails
//! steps aside, for longer each time, and is given up in the end: it holds up no other.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use contract::{
    Clock, Problem, Service, Stamp, Timestamp,
    bulk::BulkAction,
    events::Event,
    ids::{LinkId, MembershipId, OrganisationId},
};
use kernel::Cx;
use serde::Serialize;
use serde_json::json;
use store::{Db, Row, StoreError, Tx};

use super::{bulk, sql, turns::Job};
use crate::{
    books::Books,
    place::{self, Found},
    queue,
    reassign::reassign,
    retag_membership::{Retag, retag},
    revoke::revoke,
};

/// How many people one transaction changes: short enough for whoever waits for the same lock.
const PIECE: usize = 200;

/// How long a job steps aside after each failure in a row, in seconds; after as many it is given up.
const PAUSES: [i64; 7] = [10, 60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600];

/// Does pieces of jobs. Any number may: each piece is taken under the lock of its history.
#[derive(Debug)]
pub(super) struct Pieces {
    pub(super) db: Db,
    pub(super) clock: Arc<dyn Clock>,
}

/// How a change went for one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Done,
    Gone,
    NoSeats,
    TooManyTags,
}

#[derive(Serialize)]
struct OutcomeRow {
    id: MembershipId,
    outcome: Outcome,
}

/// How a job stands: each failure changes that, and each piece that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    failures: i64,
    /// For how many people it is decided; a piece of a job about a link counts each of them, too.
    decided: i64,
}

impl Standing {
    fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            failures: row.get("failures")?,
            decided: row.get::<i64>("done")? + row.get::<i64>("refused")?,
        })
    }
}

impl Pieces {
    /// Does the next piece of a job, or lets it step aside.
    pub(super) async fn step(&self, job @ (organisation, id): Job) -> Result<(), Problem> {
        let mut reader = self.db.read().await?;
        let find = sql::FIND_BULK.bind(organisation).bind(id);
        let Some(row) = find.fetch_optional(&mut reader).await? else {
            return Ok(());
        };
        drop(reader);
        let seen = Standing::of(&row)?;
        let Err(problem) = self.piece(job, &row).await else {
            return Ok(());
        };
        self.step_aside(job, seen, &problem).await
    }

    /// Lets a job that failed rest, or gives it up. What is done of it stays done.
    async fn step_aside(
        &self,
        (organisation, id): Job,
        seen: Standing,
        why: &Problem,
    ) -> Result<(), Problem> {
        let stamp = Cx::system(Service::SeatPool, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let find = sql::FIND_BULK.bind(organisation).bind(id);
        let Some(row) = find.fetch_optional(&mut tx).await? else {
            return Ok(());
        };
        let finished: Option<Timestamp> = row.get("finished_at")?;
        let due: Option<Timestamp> = row.get("due_at")?;
        // Whoever failed at it at the same time has counted that, or somebody came further.
        let is_counted = Standing::of(&row)? != seen || due > Some(stamp.now);
        if finished.is_some() || is_counted {
            return Ok(());
        }
        let failures = seen.failures;
        let pause = usize::try_from(failures)
            .ok()
            .and_then(|failures| PAUSES.get(failures));
        let reason = why.kind.slug();
        sql::FAIL_BULK
            .bind(id)
            .bind(pause.map(|pause| stamp.now.plus_seconds(*pause)))
            .bind(pause.is_none().then_some(stamp.now))
            .bind(pause.is_none().then_some(reason))
            .execute(&mut tx)
            .await?;
        if pause.is_none() {
            tx.audit(
                organisation,
                "bulk.give-up",
                id,
                json!({ "reason": reason }),
            );
        }
        tx.commit().await?;
        tracing::warn!(bulk = %id, %organisation, problem = %why, failures, "a job failed");
        Ok(())
    }

    /// Changes the next people of a job, and notes how it went in the same transaction.
    async fn piece(&self, (organisation, id): Job, row: &Row) -> Result<(), Problem> {
        let now = self.clock.now();
        let action = bulk(row)?.action;
        let link: Option<LinkId> = row.get("link_id")?;
        // What is done is done in the name of whoever started it.
        let stamp = Stamp {
            now,
            actor: row.get("actor")?,
            request_id: row.get("request_id")?,
        };
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let left = if link.is_some() {
            &sql::LINK_LEFT
        } else {
            &sql::BULK_LEFT
        };
        let left = left.bind(id).bind(PIECE as u64);
        let left = left.fetch_all(&mut tx).await?;
        let ids: Vec<MembershipId> = left
            .iter()
            .map(|row| row.get("membership_id"))
            .collect::<Result<_, _>>()?;
        let found = place::find(&mut tx, organisation, ids.iter().copied()).await?;
        let outcomes = apply(&mut tx, organisation, &action, &found).await?;
        let rows: Vec<_> = ids
            .iter()
            .map(|id| OutcomeRow {
                id: *id,
                outcome: outcomes.get(id).copied().unwrap_or(Outcome::Gone),
            })
            .collect();
        if link.is_none() {
            let outcomes = sql::SET_BULK_OUTCOMES.bind(id).bind_rows(&rows);
            outcomes.execute(&mut tx).await?;
        }
        let done = rows.iter().filter(|row| row.outcome == Outcome::Done);
        let done = done.count() as u64;
        let is_end = ids.len() < PIECE;
        let moved = sql::MOVE_BULK
            .bind(id)
            .bind(done)
            .bind(rows.len() as u64 - done)
            .bind(is_end.then_some(now))
            .bind(ids.last().copied().filter(|_| link.is_some()))
            .execute(&mut tx)
            .await?;
        if let Some(link_id) = link.filter(|_| is_end && moved == 1) {
            tx.publish(organisation, Event::LinkRetagged { link_id });
        }
        tx.commit().await?;
        if is_end {
            tracing::info!(bulk = %id, %organisation, "finished a job");
        }
        Ok(())
    }
}

async fn apply(
    tx: &mut Tx,
    organisation: OrganisationId,
    action: &BulkAction,
    found: &[Found],
) -> Result<HashMap<MembershipId, Outcome>, Problem> {
    let ids: Vec<_> = found.iter().map(|one| one.mover.id).collect();
    if let BulkAction::Retag { add, remove } = action {
        let outcomes = retag(tx, organisation, &ids, (add, remove)).await?;
        let outcomes = outcomes.into_iter().map(|one| match one {
            Retag::Changed | Retag::Same => Outcome::Done,
            Retag::TooMany => Outcome::TooManyTags,
        });
        return Ok(ids.into_iter().zip(outcomes).collect());
    }
    let plans: BTreeSet<_> = found.iter().map(|one| one.mover.plan).collect();
    let mut books = Books::open(tx, plans.iter().copied()).await?;
    let outcomes: Vec<_> = if *action == BulkAction::Reassign {
        let all: Vec<_> = found.iter().collect();
        let seated = reassign(tx, &mut books, &all).await?;
        seated
            .into_iter()
            .map(|has_seat| {
                if has_seat {
                    Outcome::Done
                } else {
                    Outcome::NoSeats
                }
            })
            .collect()
    } else {
        let movers: Vec<_> = found.iter().map(|one| &one.mover).collect();
        revoke(tx, &mut books, &movers).await?;
        for plan in plans {
            queue::promote(tx, &mut books, plan).await?;
        }
        vec![Outcome::Done; ids.len()]
    };
    books.write(tx).await?;
    Ok(ids.into_iter().zip(outcomes).collect())
}
