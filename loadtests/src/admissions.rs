//! Admissions on one hot plan: through the actor, which commits whatever arrived while the last
//! commit ran, against the same writes as one transaction for each admission over 64 connections.
//!
//! Both sides run the same code of the seat pool with the same statements, on the same durable
//! database; only the batching differs. At the end the seats are counted against everybody who was
//! told to have one.

use std::{
    cell::{Cell, RefCell},
    iter,
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use contract::{
    Caller, Kind, Problem, Service,
    ids::AccountId,
    seats::{Admit, Admitted, Door, Status},
};
use kernel::{Asked, Bus, Cx, Health, ServeMany as _, Stage, StageOptions, bus::LocalBus};
use seat_pool::{SeatMetrics, SeatPool};
use testkit::{PostgresServer, SqliteFile};
use tokio::sync::Semaphore;

use crate::{
    bus::bus_options,
    house::House,
    rounds::{Aim, Next, Pace, Sample, compare, race},
};

const CONNECTIONS: usize = 64;
/// How often somebody who got no answer asks again.
const RETRIES: usize = 5;
/// More than any side admits in a second; one that does runs out of people, and ends early.
const MOST_PER_SECOND: f64 = 50_000.0;

/// A house, the actor that admits to it, and who stands before the door.
struct Entrance {
    house: House,
    is_postgres: bool,
    bus: Bus,
    metrics: SeatMetrics,
    _stage: Stage,
    /// Who has no seat yet.
    people: RefCell<Vec<AccountId>>,
    /// How many were told that they have one.
    admitted: Cell<i64>,
}

impl Entrance {
    async fn open(url: &str) -> Result<Self> {
        let house = House::build(url, u32::try_from(CONNECTIONS)?).await?;
        let metrics = SeatMetrics::register(&prometheus::Registry::new())?;
        let pool = {
            let (db, clock, metrics) =
                (house.db.clone(), Arc::clone(&house.clock), metrics.clone());
            move || SeatPool::new(db.clone(), Arc::clone(&clock), metrics.clone())
        };
        let bus = Bus::new(Arc::new(LocalBus::new()), bus_options(Service::SeatPool)?);
        let mut stage = Stage::new(bus, Health::default(), StageOptions::default());
        stage.actor(1, pool).await?;
        let bus = Bus::new(
            Arc::clone(stage.transport()),
            bus_options(Service::HttpEdge)?,
        );
        Ok(Self {
            house,
            is_postgres: url.starts_with("postgres:"),
            bus,
            metrics,
            _stage: stage,
            people: RefCell::default(),
            admitted: Cell::default(),
        })
    }

    /// As the node does: over the bus, to the one actor.
    async fn in_batches(&self, callers: usize, time: Duration) -> Result<Sample> {
        self.race(callers, time, async |admit| {
            self.bus.call(&admit, &self.cx()).await
        })
        .await
    }

    /// The same, each in a transaction of its own; without a bus, which is to its advantage. Who
    /// finds every connection taken waits as long as it takes, and not as long as the pool bears.
    async fn one_by_one(&self, callers: usize, time: Duration) -> Result<Sample> {
        let connections = Semaphore::new(CONNECTIONS);
        self.race(callers, time, async |message| {
            let internal = || Problem::new(Kind::Internal);
            let _one = connections.acquire().await.map_err(|_| internal())?;
            let (db, clock) = (self.house.db.clone(), Arc::clone(&self.house.clock));
            let mut pool = SeatPool::new(db, clock, self.metrics.clone());
            let cx = self.cx();
            let mut answers = pool.serve_many(&[Asked { message, cx }]).await?;
            answers.pop().unwrap_or_else(|| Err(internal()))
        })
        .await
    }

    async fn race(
        &self,
        callers: usize,
        time: Duration,
        admit: impl AsyncFn(Admit) -> Result<Admitted, Problem>,
    ) -> Result<Sample> {
        self.gather(time).await?;
        race(iter::repeat_n((), callers), time, async |()| {
            let Some(account_id) = self.people.borrow_mut().pop() else {
                return Ok(Next::Enough);
            };
            let message = Admit {
                organisation: self.house.organisation,
                account_id,
                door: Door::Link {
                    link_id: self.house.link,
                },
            };
            let mut answer = admit(message.clone()).await;
            // On a machine that is busy with other things a lock may take longer than is borne: who
            // asks again gets the same seat, and has waited for all of it.
            for _ in 0..RETRIES {
                match &answer {
                    Err(problem) if problem.kind == Kind::Unavailable => {
                        answer = admit(message.clone()).await;
                    }
                    _ => break,
                }
            }
            let admitted = answer?;
            anyhow::ensure!(admitted.status == Status::Assigned, "{admitted:?}");
            self.admitted.set(self.admitted.get() + 1);
            Ok(Next::Again)
        })
        .await
    }

    /// Sees to it that enough people have no seat yet; no part of any measurement.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "seconds, bounded"
    )]
    async fn gather(&self, time: Duration) -> Result<()> {
        let wanted = (time.as_secs_f64() * MOST_PER_SECOND) as usize;
        let missing = wanted.saturating_sub(self.people.borrow().len());
        let fresh = self.house.people(missing).await?;
        self.people.borrow_mut().extend(fresh);
        if self.is_postgres {
            self.house.analyze().await?;
        }
        Ok(())
    }

    fn cx(&self) -> Cx {
        let clock = &*self.house.clock;
        Cx::begin(
            Caller::public(Service::HttpEdge, clock.now()),
            "load",
            clock,
        )
    }

    async fn count(&self) -> Result<()> {
        let (taken, admitted) = (self.house.seats_taken().await?, self.admitted.get());
        anyhow::ensure!(
            taken == admitted,
            "{admitted} were admitted, {taken} have a seat"
        );
        Ok(())
    }
}

pub(crate) fn run(pace: Pace) -> Result<()> {
    let system = actix_rt::System::new();
    let server = PostgresServer::durable();
    let postgres = system.block_on(Entrance::open(&server.fresh_database()))?;
    for (callers, ratio) in [(64, 20.0), (512, 60.0)] {
        compare(
            &format!(
                "admissions on one hot plan, PostgreSQL (fsync and synchronous_commit on), \
                 {callers} callers, against one transaction for each over {CONNECTIONS} connections"
            ),
            pace,
            Aim {
                ratio,
                p99_most: Some(1.0),
            },
            |time| system.block_on(postgres.in_batches(callers, time)),
            |time| system.block_on(postgres.one_by_one(callers, time)),
        )?;
    }
    system.block_on(postgres.count())?;

    let file = SqliteFile::fresh();
    let sqlite = system.block_on(Entrance::open(&file.url()))?;
    compare(
        "admissions on one hot plan, SQLite (synchronous full), 64 callers, against one \
         transaction for each",
        pace,
        Aim {
            ratio: 15.0,
            p99_most: None,
        },
        |time| system.block_on(sqlite.in_batches(64, time)),
        |time| system.block_on(sqlite.one_by_one(64, time)),
    )?;
    system.block_on(sqlite.count())
}
