//! A bus with a link registry on it, and a database with two organisations.

use std::sync::Arc;

use contract::{
    Call, Caller, Clock as _, ManualClock, Principal, Problem, Role, Secret, Service, Stamp,
    Timestamp,
    ids::{AdministratorId, LinkId, OrganisationId, PlanId, Ulid},
    links::{CreateLink, Link, LinkFace, LinkSwitch, ResolveLink, SwitchLink},
    organisations::Policies,
    text::{Name, Tag},
};
use kernel::{
    Bus, BusKey, BusOptions, Cx, Health, KernelMetrics, Stage, StageOptions, bus::LocalBus,
};
use link_registry::LinkRegistry;
use serde_json::json;
use store::{Database, DatabaseOptions, Db, vault::Vault};
use testkit::{Engine, TestDatabase};

use crate::sql;

/// 2026-11-24T12:00:00Z.
const NOON: Timestamp = Timestamp::from_micros(1_795_521_600_000_000);

/// An organisation with one plan of ten seats.
#[derive(Clone, Copy)]
pub(crate) struct Campus {
    pub(crate) id: OrganisationId,
    pub(crate) plan: PlanId,
}

pub(crate) struct Scene {
    bus: Bus,
    pub(crate) db: Db,
    pub(crate) clock: Arc<ManualClock>,
    /// The one whose links the tests are about.
    pub(crate) ours: Campus,
    /// The one that has nothing to do with it.
    pub(crate) theirs: Campus,
    _stage: Stage,
    _database: TestDatabase,
}

impl Scene {
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
        let db = database.open("links").await.unwrap();
        let vault = Vault::new(&Secret::new("sealing key")).unwrap();
        let options = BusOptions {
            service: Service::HttpEdge,
            key: BusKey::new(&Secret::new("a key of the bus, 32 bytes long!")),
            clock: clock.clone(),
            metrics: KernelMetrics::unscraped().unwrap(),
        };
        let bus = Bus::new(Arc::new(LocalBus::new()), options);
        let mut stage = Stage::new(bus.clone(), Health::default(), StageOptions::default());
        let (of_actor, clock_of_actor) = (db.clone(), clock.clone());
        let make =
            move || LinkRegistry::new(of_actor.clone(), clock_of_actor.clone(), vault.clone());
        stage.actor(1, make).await.unwrap();
        let ours = campus(&db, &clock, "Ours").await;
        let theirs = campus(&db, &clock, "Theirs").await;
        Self {
            bus,
            db,
            clock,
            ours,
            theirs,
            _stage: stage,
            _database: file,
        }
    }

    /// Asks as a manager of our organisation.
    pub(crate) async fn ask<M: Call>(&self, message: M) -> Result<M::Reply, Problem> {
        self.ask_as(Role::Manager, self.ours.id, message).await
    }

    /// Asks as an administrator of some organisation.
    pub(crate) async fn ask_as<M: Call>(
        &self,
        role: Role,
        organisation: OrganisationId,
        message: M,
    ) -> Result<M::Reply, Problem> {
        let administrator = Principal::Administrator(AdministratorId::new(Ulid::nil()));
        let scope = (organisation, role);
        let now = self.clock.now();
        self.send(
            Caller::within(Service::HttpEdge, administrator, scope, now),
            message,
        )
        .await
    }

    async fn send<M: Call>(&self, caller: Caller, message: M) -> Result<M::Reply, Problem> {
        self.bus
            .call(&message, &Cx::begin(caller, "request-1", &*self.clock))
            .await
    }

    /// Asks as a visitor who has a URL.
    pub(crate) async fn resolve(&self, token: &str) -> Result<LinkFace, Problem> {
        let message = ResolveLink {
            token: Secret::new(token),
        };
        self.send(Caller::public(Service::HttpEdge, self.clock.now()), message)
            .await
    }

    /// A link of our organisation.
    pub(crate) async fn link(&self, name: &str) -> Link {
        self.ask(self.draft(name)).await.unwrap()
    }

    /// What makes a link of our organisation.
    pub(crate) fn draft(&self, name: &str) -> CreateLink {
        CreateLink {
            organisation: self.ours.id,
            name: Name::parse(name).unwrap(),
            plan_id: self.ours.plan,
            tags: vec![],
            expires_at: None,
            max_uses: None,
            allowed_domains: vec![],
        }
    }

    pub(crate) async fn switch(&self, link_id: LinkId, switch: LinkSwitch) -> Link {
        let organisation = self.ours.id;
        self.ask(SwitchLink {
            organisation,
            link_id,
            switch,
        })
        .await
        .unwrap()
    }

    /// Every row that the registry could have written, as text.
    pub(crate) async fn rows(&self) -> Vec<String> {
        let mut db = self.db.read().await.unwrap();
        let rows = sql::DUMP.fetch_all(&mut db).await.unwrap();
        rows.iter().map(|row| row.get("line").unwrap()).collect()
    }

    /// What the seat pool would do.
    pub(crate) async fn use_link(&self, link: LinkId, uses: u64) {
        let mut tx = self.db.write(&stamp()).await.unwrap();
        sql::PUT_USES
            .bind(link)
            .bind(uses)
            .execute(&mut tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// What the seat pool would do.
    pub(crate) async fn set_plan(&self, assigned: u64, ends_at: Option<Timestamp>) {
        let mut tx = self.db.write(&stamp()).await.unwrap();
        sql::SET_PLAN
            .bind(self.ours.plan)
            .bind(assigned)
            .bind(ends_at)
            .execute(&mut tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
}

pub(crate) fn tags(tags: &[&str]) -> Vec<Tag> {
    tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect()
}

fn stamp() -> Stamp {
    Stamp {
        now: NOON,
        actor: "operator".to_owned(),
        request_id: "fixture".to_owned(),
    }
}

async fn campus(db: &Db, clock: &ManualClock, name: &str) -> Campus {
    let campus = Campus {
        id: OrganisationId::new(clock.ulid()),
        plan: PlanId::new(clock.ulid()),
    };
    let mut tx = db.write(&stamp()).await.unwrap();
    sql::PUT_ORGANISATION
        .bind(campus.id)
        .bind(name)
        .bind(json!(Policies::default()).to_string())
        .execute(&mut tx)
        .await
        .unwrap();
    sql::PUT_PLAN
        .bind(campus.plan)
        .bind(campus.id)
        .execute(&mut tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    campus
}
