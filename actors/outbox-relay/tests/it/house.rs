//! A database with events of two organisations in it, the feed on a bus, and relays.

use std::{num::NonZeroU32, sync::Arc};

use contract::{
    Call, Caller, Clock as _, ManualClock, Principal, Problem, Role, Secret, Service, Stamp,
    Timestamp,
    events::{Event, EventPage, ListEvents},
    ids::{AdministratorId, LinkId, OrganisationId, PlanId, Ulid},
};
use kernel::{
    Bus, BusKey, BusOptions, Cx, Health, KernelMetrics, Pace, Stage, StageOptions, Work as _,
    bus::{LocalBus, NatsBus},
};
use outbox_relay::{OutboxRelay, Prunable, Pruner, Relay, RelayMetrics};
use prometheus::{Registry, TextEncoder};
use store::{Database, DatabaseOptions, Db, Row};
use testkit::{Engine, TestDatabase};

use crate::sql;

/// 2026-11-24T12:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp::from_micros(1_795_521_600_000_000);
const KEEP_DAYS: NonZeroU32 = NonZeroU32::new(30).unwrap();

pub(crate) struct House {
    pub(crate) db: Db,
    pub(crate) clock: Arc<ManualClock>,
    /// The organisation that the tests are about.
    pub(crate) ours: OrganisationId,
    /// The one that has nothing to do with it.
    pub(crate) theirs: OrganisationId,
    registry: Registry,
    metrics: RelayMetrics,
    file: TestDatabase,
}

impl House {
    pub(crate) async fn open(engine: Engine) -> Self {
        let clock = ManualClock::at(NOON);
        let connect = async |url: &str| {
            let options = DatabaseOptions::new(Secret::new(url), clock.clone());
            Database::connect(&options).await.unwrap()
        };
        let file = engine.prepared(async |url| {
            let database = connect(&url).await;
            database.migrate().await.unwrap();
            database.close().await;
        });
        let database = connect(file.url()).await;
        let db = database.open("relay").await.unwrap();
        let registry = Registry::new();
        Self {
            db,
            ours: OrganisationId::new(clock.ulid()),
            theirs: OrganisationId::new(clock.ulid()),
            clock,
            metrics: RelayMetrics::register(&registry).unwrap(),
            registry,
            file,
        }
    }

    /// The address of the database.
    pub(crate) fn url(&self) -> &str {
        self.file.url()
    }

    /// The same database over another wire.
    pub(crate) async fn db_at(&self, url: &str) -> Db {
        let mut options = DatabaseOptions::new(Secret::new(url), self.clock.clone());
        options.connections = 1;
        let database = Database::connect(&options).await.unwrap();
        database.open("wire").await.unwrap()
    }

    /// Commits so many events of an organisation, in one transaction each ten.
    pub(crate) async fn commit(&self, organisation: OrganisationId, count: usize) {
        let stamp = Stamp {
            now: self.clock.now(),
            actor: "operator".to_owned(),
            request_id: "request-1".to_owned(),
        };
        for first in (0..count).step_by(10) {
            let mut tx = self.db.write(&stamp).await.unwrap();
            for n in first..count.min(first + 10) {
                let event = match n % 2 {
                    0 => Event::OrganisationUpdated,
                    _ => Event::LinkCreated {
                        link_id: LinkId::new(Ulid::nil()),
                        plan_id: PlanId::new(Ulid::nil()),
                    },
                };
                tx.publish(organisation, event);
            }
            tx.commit().await.unwrap();
        }
    }

    /// A relay with a connection of its own to nats-server.
    pub(crate) async fn relay(&self, nats: &str) -> Relay {
        self.relay_on(self.db.clone(), nats).await
    }

    pub(crate) async fn relay_on(&self, db: Db, nats: &str) -> Relay {
        let metrics = KernelMetrics::unscraped().unwrap();
        let bus = NatsBus::connect(nats, "relay", &metrics).await.unwrap();
        let client = bus.client().clone();
        Relay::new(
            db,
            self.clock.clone(),
            client,
            KEEP_DAYS,
            self.metrics.clone(),
        )
    }

    /// Prunes until nothing is left to do; answers how many turns did something.
    pub(crate) async fn prune(&self, prunable: Prunable) -> usize {
        let (db, clock) = (self.db.clone(), self.clock.clone());
        let mut pruner = Pruner::new(db, clock, KEEP_DAYS, prunable);
        let mut turns = 0;
        while pruner.work().await.unwrap() == Pace::Again {
            turns += 1;
        }
        turns
    }

    /// Asks for the feed as a viewer of an organisation.
    pub(crate) async fn feed_as(
        &self,
        viewer: OrganisationId,
        message: ListEvents,
    ) -> Result<EventPage, Problem> {
        let options = BusOptions {
            service: Service::HttpEdge,
            key: BusKey::new(&Secret::new("a key of the bus, 32 bytes long!")),
            clock: self.clock.clone(),
            metrics: KernelMetrics::unscraped().unwrap(),
        };
        let bus = Bus::new(Arc::new(LocalBus::new()), options);
        let mut stage = Stage::new(bus.clone(), Health::default(), StageOptions::default());
        let db = self.db.clone();
        let make = move || OutboxRelay::new(db.clone());
        stage.actor(2, make).await.unwrap();
        let administrator = Principal::Administrator(AdministratorId::new(Ulid::nil()));
        let scope = (viewer, Role::Viewer);
        let caller = Caller::within(Service::HttpEdge, administrator, scope, self.clock.now());
        let cx = Cx::begin(caller, "request-1", &*self.clock);
        let answer = call(&bus, &message, &cx).await;
        stage.stop().await;
        answer
    }

    /// Our feed after a number.
    pub(crate) async fn feed(&self, after: u64, limit: Option<u32>) -> Result<EventPage, Problem> {
        let organisation = self.ours;
        let message = ListEvents {
            organisation,
            after,
            limit,
        };
        self.feed_as(organisation, message).await
    }

    /// Whoever has the lease has it no longer, and does not know.
    pub(crate) async fn end_leases(&self) {
        self.change(sql::END_LEASES.query()).await;
    }

    /// What was published is noted only up to here.
    pub(crate) async fn forget_beyond(&self, seq: u64) {
        self.change(sql::FORGET.bind(seq)).await;
    }

    async fn change(&self, query: store::Query) {
        let stamp = Cx::system(Service::OutboxRelay, &*self.clock).stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await.unwrap();
        query.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The events in the database: organisation, number, name.
    pub(crate) async fn events(&self) -> Vec<(OrganisationId, u64, String)> {
        let mut db = self.db.read().await.unwrap();
        let rows = sql::ALL_EVENTS.fetch_all(&mut db).await.unwrap();
        let read = |row: &Row| {
            (
                row.get("organisation_id").unwrap(),
                row.get("seq").unwrap(),
                row.get("name").unwrap(),
            )
        };
        rows.iter().map(read).collect()
    }

    /// How many organisations have events that are not noted as published.
    pub(crate) async fn behind(&self) -> i64 {
        let mut db = self.db.read().await.unwrap();
        let row = sql::COUNT_BEHIND.query().fetch_one(&mut db).await.unwrap();
        row.get("behind").unwrap()
    }

    /// A number of the relay, as Prometheus reads it.
    pub(crate) fn number(&self, name: &str) -> String {
        let page = TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap();
        let mut lines = page.lines().filter_map(|line| line.split_once(' '));
        lines
            .find_map(|(found, value)| (found == name).then(|| value.to_owned()))
            .unwrap()
    }
}

async fn call<M: Call>(bus: &Bus, message: &M, cx: &Cx) -> Result<M::Reply, Problem> {
    bus.call(message, cx).await
}

/// Works until there is nothing to do.
pub(crate) async fn settle(relay: &mut Relay) -> Result<(), Problem> {
    while relay.work().await? == Pace::Again {}
    Ok(())
}
