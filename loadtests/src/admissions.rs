//! Admissions on one hot plan: through the actor, which commits whatever arrived while the last
//! commit ran, against the same writes as one transaction for each admission over 64 connections.
//!
//! Both sides run the same code of the seat pool with the same statements, on the same durable
//! database; only the batching differs.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use contract::{
    Caller, Clock, Secret, Service, Stamp, SystemClock,
    ids::{AccountId, LinkId, OrganisationId},
    plans::CreatePlan,
    seats::{Admit, Door},
    text::Name,
};
use futures_util::future::join_all;
use kernel::{
    Asked, Bus, Cx, Health, ServeMany as _, Stage, StageOptions, bus::LocalBus,
};
use seat_pool::{SeatMetrics, SeatPool};
use serde::Serialize;
use store::{Database, DatabaseOptions, Db};
use testkit::{PostgresServer, SqliteFile};

use crate::{
    bus::bus_options,
    rounds::{Aim, Pace, Sample, compare},
};

store::statements! {
    INSERT_ORGANISATION = "
        insert into organisations (id, name, product_url, policies, created_at)
        values ($1, 'Load', 'https://product.example/', '{}', 0)";
    INSERT_LINK = "
        insert into links (id, organisation_id, plan_id, name, token_hash, token_sealed, tags,
            allowed_domains, created_by, created_at)
        values ($1, $2, $3, 'Load', $1, '', '[\"load\"]', '[]', 'load', 0)";
    INSERT_ACCOUNTS = "
        insert into accounts (id, email, email_key, first_name, last_name, name_key, created_at)
        select rows.value ->> 'id', rows.value ->> 'email', rows.value ->> 'email', 'A', 'B', 'a b', 0
        from rows($1)";
}

#[derive(Serialize)]
struct Account {
    id: AccountId,
    email: String,
}

/// A database with one plan of ten million seats and one link to it.
struct House {
    db: Db,
    clock: Arc<dyn Clock>,
    bus: Bus,
    _stage: Stage,
    organisation: OrganisationId,
    link: LinkId,
    /// People who have no seat yet.
    people: RefCell<Vec<AccountId>>,
}

const CONNECTIONS: u32 = 64;

impl House {
    async fn open(url: &str) -> Result<Self> {
        let clock = SystemClock::shared();
        let mut options = DatabaseOptions::new(Secret::new(url), Arc::clone(&clock));
        options.connections = CONNECTIONS;
        let database = Database::connect(&options).await?;
        database.migrate().await?;
        let db = database.open("load").await?;
        let bus = Bus::new(Arc::new(LocalBus::new()), bus_options(Service::Node)?);
        let metrics = metrics()?;
        let options = StageOptions { inbox: 4_096, ..StageOptions::default() };
        let mut stage = Stage::new(bus.clone(), Health::default(), options);
        let make = {
            let (db, clock) = (db.clone(), Arc::clone(&clock));
            move || SeatPool::new(db.clone(), Arc::clone(&clock), metrics.clone())
        };
        stage.actor(1, make).await?;
        let edge = Bus::new(Arc::clone(stage.transport()), bus_options(Service::HttpEdge)?);

        let organisation = OrganisationId::new(clock.ulid());
        let stamp = stamp(&*clock);
        let mut tx = db.write(&stamp).await?;
        INSERT_ORGANISATION.bind(organisation).execute(&mut tx).await?;
        tx.commit().await?;
        let name = Name::parse("Load").context("a name")?;
        let create = CreatePlan { organisation, name, seats: 10_000_000, ends_at: None };
        let operator = Caller::operator(Service::HttpEdge, clock.now());
        let operator = Cx::begin(operator, "load", &*clock);
        let plan = edge.call(&create, &operator).await?.id;
        let link = LinkId::new(clock.ulid());
        let mut tx = db.write(&stamp).await?;
        INSERT_LINK.bind(link).bind(organisation).bind(plan).execute(&mut tx).await?;
        tx.commit().await?;
        let people = RefCell::default();
        Ok(Self { db, clock, bus: edge, _stage: stage, organisation, link, people })
    }

    /// Sees to it that at least so many people have no seat yet; not part of any measurement.
    async fn refill(&self, wanted: usize) -> Result<()> {
        while self.people.borrow().len() < wanted {
            let accounts: Vec<_> = (0..5_000)
                .map(|_| {
                    let id = AccountId::new(self.clock.ulid());
                    Account { id, email: format!("{id}@load.example").to_lowercase() }
                })
                .collect();
            let mut tx = self.db.write(&stamp(&*self.clock)).await?;
            INSERT_ACCOUNTS.bind_rows(&accounts).execute(&mut tx).await?;
            tx.commit().await?;
            self.people.borrow_mut().extend(accounts.iter().map(|account| account.id));
        }
        Ok(())
    }

    fn next(&self) -> Option<Admit> {
        let account_id = self.people.borrow_mut().pop()?;
        let door = Door::Link { link_id: self.link };
        Some(Admit { organisation: self.organisation, account_id, door })
    }

    fn cx(&self) -> Cx {
        Cx::begin(Caller::public(Service::HttpEdge, self.clock.now()), "load", &*self.clock)
    }

    async fn ours(&self, callers: usize, time: Duration) -> Result<Sample> {
        self.refill(people_for(time)).await?;
        self.race(callers, time, async |admit| {
            self.bus.call(&admit, &self.cx()).await?;
            Ok(())
        })
        .await
    }

    async fn one_by_one(&self, callers: usize, time: Duration) -> Result<Sample> {
        self.refill(people_for(time)).await?;
        let metrics = metrics()?;
        self.race(callers, time, async |message| {
            let (db, clock) = (self.db.clone(), Arc::clone(&self.clock));
            let mut pool = SeatPool::new(db, clock, metrics.clone());
            for answer in pool.serve_many(&[Asked { message, cx: self.cx() }]).await? {
                answer?;
            }
            Ok(())
        })
        .await
    }

    /// Admits from `callers` tasks at once until the time is over.
    async fn race(
        &self,
        callers: usize,
        time: Duration,
        admit: impl AsyncFn(Admit) -> Result<()>,
    ) -> Result<Sample> {
        let started = Instant::now();
        let ran_out = Rc::new(Cell::new(false));
        let caller = async || {
            let mut latencies = Vec::new();
            while started.elapsed() < time {
                let Some(message) = self.next() else {
                    ran_out.set(true);
                    break;
                };
                let sent = Instant::now();
                admit(message).await?;
                latencies.push(sent.elapsed());
            }
            Ok::<_, anyhow::Error>(latencies)
        };
        let mut all = Vec::new();
        for latencies in join_all((0..callers).map(|_| caller())).await {
            all.extend(latencies?);
        }
        anyhow::ensure!(!ran_out.get(), "ran out of people to admit");
        Ok(Sample::of(all, started.elapsed()))
    }
}

/// More people than any side admits in this time.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds, bounded")]
fn people_for(time: Duration) -> usize {
    (time.as_secs_f64() * 120_000.0) as usize
}

fn metrics() -> Result<SeatMetrics> {
    Ok(SeatMetrics::register(&prometheus::Registry::new())?)
}

fn stamp(clock: &dyn Clock) -> Stamp {
    Stamp { now: clock.now(), actor: "load".to_owned(), request_id: "load".to_owned() }
}

pub(crate) fn run(pace: Pace) -> Result<()> {
    let server = PostgresServer::durable();
    let system = actix_rt::System::new();
    let house = system.block_on(House::open(&server.fresh_database()))?;
    for (callers, ratio) in [(64, 20.0), (512, 60.0)] {
        compare(
            &format!(
                "admissions on one hot plan, PostgreSQL (fsync on), {callers} callers, against \
                 one transaction for each over {CONNECTIONS} connections"
            ),
            pace,
            Aim { ratio, p99_no_worse: true },
            |time| system.block_on(house.ours(callers, time)),
            |time| system.block_on(house.one_by_one(callers, time)),
        )?;
    }
    let file = SqliteFile::fresh();
    let house = system.block_on(House::open(&file.url()))?;
    compare(
        "admissions on one hot plan, SQLite (synchronous full), 64 callers, against one \
         transaction for each",
        pace,
        Aim { ratio: 15.0, p99_no_worse: false },
        |time| system.block_on(house.ours(64, time)),
        |time| system.block_on(house.one_by_one(64, time)),
    )
}
