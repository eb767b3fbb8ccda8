//! Publishes what has been committed: one relay at a time, in order, each event once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::Client;
use contract::{Clock, Problem, Service, ids::OrganisationId};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kernel::{Behaviour, Cx, Pace, Routes, Work};
use serde::Serialize;
use store::{Db, Row, StoreError};

use crate::{
    cloud_event::Outgoing,
    metrics::RelayMetrics,
    sql,
    stream::{EventStream, StreamError},
};

/// The lease, for how many seconds it is taken, and when it is renewed.
const LEASE: &str = "outbox-relay";
const LEASE_SECONDS: u32 = 10;
const RENEW_AFTER: Duration = Duration::from_secs(3);
/// Events whose acknowledgements are awaited together.
const WINDOW: usize = 1_000;
/// Organisations of one turn.
const PAGE: usize = 250;
/// Questions about the stream that are asked side by side.
const ASKED: usize = 64;
/// How long nothing is looked for when everything was published, unless somebody commits here.
const REST: Duration = Duration::from_millis(500);
/// How long another relay is left alone.
const STAND_BY: Duration = Duration::from_secs(2);

/// Publishes events. Any number may run; one works.
pub struct Relay {
    db: Db,
    clock: Arc<dyn Clock>,
    client: Client,
    keep: Duration,
    metrics: RelayMetrics,
    holder: String,
    leased: Option<Instant>,
    /// The stream and its last sequence, while nothing has happened that leaves it unknown.
    known: Option<(EventStream, u64)>,
    /// Behind which organisation the next turn begins.
    after: String,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}

/// An organisation with events to publish.
struct Behind {
    organisation: OrganisationId,
    last_seq: u64,
    published_seq: u64,
}

/// Up to where an organisation's events are published.
#[derive(Serialize)]
struct Reached {
    organisation_id: OrganisationId,
    seq: u64,
}

impl Relay {
    /// A relay that knows nothing yet; the stream, if it has to be made, keeps events as long as
    /// the database does.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        client: Client,
        keep_days: NonZeroU32,
        metrics: RelayMetrics,
    ) -> Self {
        Self {
            db,
            holder: clock.ulid().to_string(),
            clock,
            client,
            keep: Duration::from_secs(u64::from(keep_days.get()) * 86_400),
            metrics,
            leased: None,
            known: None,
            after: String::new(),
        }
    }

    async fn turn(&mut self) -> Result<Pace, Problem> {
        // Put back only when nothing failed.
        let known = self.known.take();
        if !self.has_lease().await? {
            self.metrics.unpublished.set(0);
            return Ok(Pace::Rest(STAND_BY));
        }
        let unpublished = self.count_unpublished().await?;
        let Some((stream, position)) = known else {
            self.known = Some(self.look().await?);
            return Ok(Pace::Again);
        };
        if unpublished == 0 {
            self.known = Some((stream, position));
            return Ok(Pace::Rest(REST));
        }
        let position = self.publish(&stream, position).await?;
        self.known = Some((stream, position));
        self.count_unpublished().await?;
        Ok(Pace::Again)
    }

    async fn has_lease(&mut self) -> Result<bool, Problem> {
        if self.leased.is_some_and(|at| at.elapsed() < RENEW_AFTER) {
            return Ok(true);
        }
        self.leased = None;
        let before = Instant::now();
        let taken = self.db.take_lease(LEASE, &self.holder, LEASE_SECONDS).await;
        if taken? {
            self.leased = Some(before);
        }
        Ok(self.leased.is_some())
    }

    /// Lets another relay try: what failed here may be this one's connection to NATS.
    async fn step_back(&mut self) {
        if self.leased.take().is_some()
            && let Err(error) = self.db.release_lease(LEASE, &self.holder).await
        {
            tracing::warn!(%error, "the lease runs out by itself");
        }
    }

    async fn count_unpublished(&self) -> Result<i64, Problem> {
        let mut db = self.db.read().await?;
        let row = sql::COUNT_UNPUBLISHED.query().fetch_one(&mut db).await?;
        let unpublished = row.get("unpublished")?;
        self.metrics.unpublished.set(unpublished);
        Ok(unpublished)
    }

    /// Looks what of the unpublished is in the stream already, and notes it.
    ///
    /// The position is read first: whatever another relay publishes afterwards moves the stream
    /// on, and then nothing of ours is stored before we have looked again.
    async fn look(&self) -> Result<(EventStream, u64), Problem> {
        let stream = EventStream::open(&self.client, self.keep).await?;
        let mut after = String::new();
        loop {
            let behind = self.behind(&after).await?;
            let Some(last) = behind.last() else {
                let position = stream.position();
                tracing::info!(position, "relaying events");
                return Ok((stream, position));
            };
            after = last.organisation.to_string();
            let found: Vec<_> = stream::iter(&behind)
                .map(async |head| {
                    Ok::<_, StreamError>((head, stream.last_of(head.organisation).await?))
                })
                .buffered(ASKED)
                .try_collect()
                .await?;
            let mut reached = Vec::new();
            for (head, seq) in found {
                let Some(seq) = seq else { continue };
                if seq > head.last_seq {
                    tracing::error!(
                        organisation = %head.organisation, seq, last_seq = head.last_seq,
                        "the stream knows more than the database, which may be an old copy"
                    );
                }
                reached.push((head.organisation, seq));
            }
            self.record(reached).await?;
        }
    }

    /// Publishes one window of events; answers the stream's last sequence.
    async fn publish(&mut self, stream: &EventStream, position: u64) -> Result<u64, Problem> {
        let behind = self.behind(&self.after).await?;
        self.after = match behind.last() {
            Some(last) if behind.len() == PAGE => last.organisation.to_string(),
            _ => String::new(),
        };
        let most = WINDOW / behind.len().max(1);
        let heads: Vec<_> = behind.iter().map(Behind::reached).collect();
        let rows = sql::LOAD_EVENTS
            .bind_rows(&heads)
            .bind(most as u64)
            .fetch_all(&mut self.db.read().await?)
            .await?;
        let events = rows
            .iter()
            .map(Outgoing::read)
            .collect::<Result<Vec<_>, _>>()?;
        let published = stream.publish(&events, position).await;
        self.metrics.published.inc_by(published.count as u64);
        let mut reached: BTreeMap<_, _> = events
            .iter()
            .take(published.count)
            .map(|event| (event.organisation, event.seq))
            .collect();
        // Events that were deleted before anybody published them: there is nothing to wait for.
        let loaded: BTreeSet<_> = events.iter().map(|event| event.organisation).collect();
        for head in &behind {
            if !loaded.contains(&head.organisation) {
                reached.insert(head.organisation, head.last_seq);
            }
        }
        self.record(reached.into_iter().collect()).await?;
        Ok(published.position?)
    }

    async fn behind(&self, after: &str) -> Result<Vec<Behind>, Problem> {
        let rows = sql::FIND_BEHIND
            .bind(after)
            .bind(PAGE as u64)
            .fetch_all(&mut self.db.read().await?)
            .await?;
        Ok(rows.iter().map(Behind::read).collect::<Result<_, _>>()?)
    }

    async fn record(&self, reached: Vec<(OrganisationId, u64)>) -> Result<(), Problem> {
        if reached.is_empty() {
            return Ok(());
        }
        let organisations: Vec<_> = reached.iter().map(|(id, _)| *id).collect();
        let rows: Vec<_> = reached
            .into_iter()
            .map(|(organisation_id, seq)| Reached {
                organisation_id,
                seq,
            })
            .collect();
        let stamp = Cx::system(Service::OutboxRelay, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&organisations).await?;
        sql::RECORD.bind_rows(&rows).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Behind {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            organisation: row.get("organisation_id")?,
            last_seq: row.get("last_seq")?,
            published_seq: row.get("published_seq")?,
        })
    }

    fn reached(&self) -> Reached {
        Reached {
            organisation_id: self.organisation,
            seq: self.published_seq,
        }
    }
}

impl Behaviour for Relay {
    const SERVICE: Service = Service::OutboxRelay;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for Relay {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let turn = self.turn().await;
        if turn.is_err() {
            self.metrics.errors.inc();
            self.step_back().await;
        }
        turn
    }
}
