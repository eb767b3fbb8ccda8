//! A bus with an admin directory on it.

use std::sync::Arc;

use admin_directory::AdminDirectory;
use contract::{
    Call, Caller, Clock as _, EmailAddress, ManualClock, Principal, Problem, Role, Secret, Service,
    Stamp, Timestamp,
    administrators::{
        AdministratorCreated, AuthenticateSession, CreateAdministrator, SessionOpened,
        SetUpAdministrator, SignInAdministrator, SignedIn,
    },
    ids::{AdministratorId, OrganisationId, TokenId, Ulid},
    organisations::{CreateOrganisation, Organisation, Policies},
    text::Name,
};
use kernel::{
    Bus, BusKey, BusOptions, Cx, Health, KernelMetrics, Stage, StageOptions, bus::LocalBus,
};
use passwords::{PasswordSettings, Passwords};
use store::{Database, DatabaseOptions, Db, Statement, Tx};
use testkit::{Engine, TestDatabase};

use crate::sql;

/// 2026-11-24T12:00:00Z.
const NOON: Timestamp = Timestamp::from_micros(1_795_521_600_000_000);

/// A password that nobody's address is in.
pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Scene {
    bus: Bus,
    /// The command line, which speaks for the operator.
    node: Bus,
    pub(crate) db: Db,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) passwords: Passwords,
    stage: Stage,
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
        let db = database.open("admin").await.unwrap();
        let options = BusOptions {
            service: Service::HttpEdge,
            key: BusKey::new(&Secret::new("a key of the bus, 32 bytes long!")),
            clock: clock.clone(),
            metrics: KernelMetrics::unscraped().unwrap(),
        };
        let transport = Arc::new(LocalBus::new());
        let node = BusOptions {
            service: Service::Node,
            ..options.clone()
        };
        let node = Bus::new(transport.clone(), node);
        let bus = Bus::new(transport, options);
        let stage = Stage::new(bus.clone(), Health::default(), StageOptions::default());
        let cheap = PasswordSettings {
            memory_kib: 64,
            passes: 1,
            threads: 1,
            queue: 8,
        };
        let mut scene = Self {
            bus,
            node,
            db,
            clock,
            passwords: Passwords::start(cheap).unwrap(),
            stage,
            _database: file,
        };
        scene.host(scene.passwords.clone()).await;
        scene
    }

    async fn host(&mut self, passwords: Passwords) {
        let (db, clock) = (self.db.clone(), self.clock.clone());
        let make = move || AdminDirectory::new(db.clone(), clock.clone(), passwords.clone());
        self.stage.actor(2, make).await.unwrap();
    }

    async fn send<M: Call>(&self, caller: Caller, message: M) -> Result<M::Reply, Problem> {
        self.bus
            .call(&message, &Cx::begin(caller, "request-1", &*self.clock))
            .await
    }

    /// Asks as the operator.
    pub(crate) async fn operate<M: Call>(&self, message: M) -> Result<M::Reply, Problem> {
        let caller = Caller::operator(Service::Node, self.clock.now());
        self.node
            .call(&message, &Cx::begin(caller, "request-1", &*self.clock))
            .await
    }

    /// Asks as somebody who has not shown who they are.
    pub(crate) async fn ask<M: Call>(&self, message: M) -> Result<M::Reply, Problem> {
        self.send(Caller::public(Service::HttpEdge, self.clock.now()), message)
            .await
    }

    /// Asks as an administrator of an organisation.
    pub(crate) async fn ask_as<M: Call>(
        &self,
        role: Role,
        organisation: OrganisationId,
        message: M,
    ) -> Result<M::Reply, Problem> {
        let administrator = Principal::Administrator(AdministratorId::new(Ulid::nil()));
        let (now, scope) = (self.clock.now(), (organisation, role));
        self.send(
            Caller::within(Service::HttpEdge, administrator, scope, now),
            message,
        )
        .await
    }

    pub(crate) async fn organisation(&self, name: &str) -> Organisation {
        self.operate(draft(name)).await.unwrap()
    }

    /// The operator gives an address an office.
    pub(crate) async fn appoint(
        &self,
        organisation: OrganisationId,
        email: &str,
        role: Role,
    ) -> Result<AdministratorCreated, Problem> {
        self.operate(office(organisation, email, role)).await
    }

    pub(crate) async fn set_up(
        &self,
        token: &Secret,
        password: &str,
    ) -> Result<SessionOpened, Problem> {
        let password = Secret::new(password);
        self.ask(SetUpAdministrator {
            token: token.clone(),
            password,
        })
        .await
    }

    pub(crate) async fn sign_in(
        &self,
        email: &str,
        password: &str,
    ) -> Result<SessionOpened, Problem> {
        let email = EmailAddress::parse(email).unwrap();
        self.ask(SignInAdministrator {
            email,
            password: Secret::new(password),
        })
        .await
    }

    pub(crate) async fn whose(&self, session: &SessionOpened) -> Result<SignedIn, Problem> {
        self.ask(AuthenticateSession {
            token: session.token.clone(),
        })
        .await
    }

    /// A transaction of somebody else's.
    pub(crate) async fn begin(&self) -> Tx {
        let stamp = Stamp {
            now: NOON,
            actor: "operator".to_owned(),
            request_id: "fixture".to_owned(),
        };
        self.db.write(&stamp).await.unwrap()
    }

    /// What an operator does by hand until there is a message for it.
    pub(crate) async fn revoke(&self, token: TokenId) {
        let mut tx = self.begin().await;
        sql::REVOKE_TOKEN
            .bind(token)
            .bind(NOON)
            .execute(&mut tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Changes what time would change.
    pub(crate) async fn run(&self, statement: &'static Statement) {
        let mut tx = self.begin().await;
        statement.query().execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Everything that the directory has written, as text.
    pub(crate) async fn rows(&self) -> Vec<String> {
        let mut db = self.db.read().await.unwrap();
        let rows = sql::DUMP.fetch_all(&mut db).await.unwrap();
        rows.iter().map(|row| row.get("line").unwrap()).collect()
    }
}

pub(crate) fn draft(name: &str) -> CreateOrganisation {
    CreateOrganisation {
        name: Name::parse(name).unwrap(),
        product_url: "https://read.example/".parse().unwrap(),
        policies: Policies::default(),
    }
}

pub(crate) fn office(organisation: OrganisationId, email: &str, role: Role) -> CreateAdministrator {
    CreateAdministrator {
        organisation,
        email: EmailAddress::parse(email).unwrap(),
        role,
    }
}
