//! A bus with people on it, and an empty database.

use std::sync::Arc;

use contract::{
    Call, Caller, Clock as _, EmailAddress, ManualClock, Problem, Secret, Service, Stamp,
    Timestamp,
    ids::{AccountId, MembershipId, OrganisationId, PlanId, ProofId},
    organisations::Policies,
    people::{
        ConfirmProof, Enrol, Enrolled, Evidence, HasPassword, ProofIssued, ProofStarted, StartProof,
    },
    text::{Language, PersonName},
};
use kernel::{
    Bus, BusKey, BusOptions, Cx, Health, KernelMetrics, Pace, Stage, StageOptions, Work as _,
    bus::LocalBus,
};
use passwords::{PasswordSettings, Passwords};
use people::{People, ProofSweeper};
use store::{Database, DatabaseOptions, Db, Statement, Tx};
use testkit::{Engine, TestDatabase};

use crate::sql;

/// 2026-11-24T12:00:00Z.
const NOON: Timestamp = Timestamp::from_micros(1_795_521_600_000_000);

/// As cheap as argon2 can be: what is tested is not its cost.
pub(crate) const CHEAP: PasswordSettings = PasswordSettings {
    memory_kib: 64,
    passes: 1,
    threads: 2,
    queue: 64,
};

pub(crate) struct Scene {
    pub(crate) db: Db,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) passwords: Passwords,
    bus: Bus,
    _stage: Stage,
    _database: TestDatabase,
}

impl Scene {
    pub(crate) async fn open(engine: Engine) -> Self {
        Self::with_passwords(engine, CHEAP).await
    }

    pub(crate) async fn with_passwords(engine: Engine, settings: PasswordSettings) -> Self {
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
        let db = database.open("people").await.unwrap();
        let options = BusOptions {
            service: Service::HttpEdge,
            key: BusKey::new(&Secret::new("a key of the bus, 32 bytes long!")),
            clock: clock.clone(),
            metrics: KernelMetrics::unscraped().unwrap(),
        };
        let bus = Bus::new(Arc::new(LocalBus::new()), options);
        let passwords = Passwords::start(settings).unwrap();
        let mut stage = Stage::new(bus.clone(), Health::default(), StageOptions::default());
        let parts = (db.clone(), clock.clone(), passwords.clone());
        let make = move || People::new(parts.0.clone(), parts.1.clone(), parts.2.clone());
        // Several, so that the database alone keeps them from stepping on each other.
        stage.actor(4, make).await.unwrap();
        Self {
            db,
            clock,
            passwords,
            bus,
            _stage: stage,
            _database: file,
        }
    }

    pub(crate) async fn ask<M: Call>(&self, message: M) -> Result<M::Reply, Problem> {
        let caller = Caller::public(Service::HttpEdge, self.clock.now());
        self.send(caller, message).await
    }

    pub(crate) async fn send<M: Call>(
        &self,
        caller: Caller,
        message: M,
    ) -> Result<M::Reply, Problem> {
        let cx = Cx::begin(caller, "request-1", &*self.clock);
        self.bus.call(&message, &cx).await
    }

    pub(crate) async fn enrol(&self, email: &str, password: &str) -> Result<Enrolled, Problem> {
        self.ask(form(email, password)).await
    }

    /// Registers somebody in their own browser; the proof is in their mailbox.
    pub(crate) async fn registered(&self, email: &str) -> (AccountId, ProofIssued) {
        let enrolled = self.enrol(email, "correct horse").await.unwrap();
        (enrolled.account_id, enrolled.proof.unwrap())
    }

    /// Registers somebody in a browser that has a token.
    pub(crate) async fn registered_in(&self, browser: &str, password: &str) -> ProofIssued {
        let enrol = Enrol {
            registrant: Some(Secret::new(browser)),
            ..form("ann@uni.edu", password)
        };
        self.ask(enrol).await.unwrap().proof.unwrap()
    }

    pub(crate) async fn start(&self, email: &str) -> ProofStarted {
        let email = EmailAddress::parse(email).unwrap();
        self.ask(StartProof { email }).await.unwrap()
    }

    pub(crate) async fn has_password(&self, email: &str) -> bool {
        let email = EmailAddress::parse(email).unwrap();
        self.ask(HasPassword { email }).await.unwrap()
    }

    /// What the seat pool would do: the account has a seat somewhere.
    pub(crate) async fn seat(&self, account: AccountId) -> (OrganisationId, MembershipId) {
        self.seat_in(account, "en").await
    }

    /// The same in an organisation whose letters are in this language.
    pub(crate) async fn seat_in(
        &self,
        account: AccountId,
        language: &str,
    ) -> (OrganisationId, MembershipId) {
        let organisation = OrganisationId::new(self.clock.ulid());
        let policies = Policies {
            language: Language::parse(language).unwrap(),
            ..Policies::default()
        };
        let (plan, membership) = (
            PlanId::new(self.clock.ulid()),
            MembershipId::new(self.clock.ulid()),
        );
        let mut tx = self.begin().await;
        let put = sql::PUT_ORGANISATION.bind(organisation);
        let put = put.bind(serde_json::to_string(&policies).unwrap());
        put.execute(&mut tx).await.unwrap();
        let put = sql::PUT_PLAN.bind(plan).bind(organisation);
        put.execute(&mut tx).await.unwrap();
        let put = sql::PUT_MEMBERSHIP.bind(membership).bind(organisation);
        let put = put.bind(account).bind(plan);
        put.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        (organisation, membership)
    }

    pub(crate) async fn begin(&self) -> Tx {
        let stamp = Stamp {
            now: self.clock.now(),
            actor: "operator".to_owned(),
            request_id: "fixture".to_owned(),
        };
        self.db.write(&stamp).await.unwrap()
    }

    /// Deletes what ended long ago, until nothing is left to delete.
    pub(crate) async fn sweep(&self) {
        let mut sweeper = ProofSweeper::new(self.db.clone(), self.clock.clone());
        while sweeper.work().await.unwrap() == Pace::Again {}
    }

    pub(crate) async fn count(&self, statement: &'static Statement) -> i64 {
        let mut reader = self.db.read().await.unwrap();
        let row = statement.query().fetch_one(&mut reader).await.unwrap();
        row.get("n").unwrap()
    }

    /// What the trails tell, the oldest first: organisation, actor, action, target, change.
    pub(crate) async fn told(&self) -> Vec<String> {
        let mut reader = self.db.read().await.unwrap();
        let rows = sql::TOLD.fetch_all(&mut reader).await.unwrap();
        rows.iter().map(|row| row.get("line").unwrap()).collect()
    }

    /// Every row that people could have written, as text.
    pub(crate) async fn rows(&self) -> Vec<String> {
        let mut reader = self.db.read().await.unwrap();
        let rows = sql::DUMP.fetch_all(&mut reader).await.unwrap();
        rows.iter().map(|row| row.get("line").unwrap()).collect()
    }
}

/// What somebody fills in who registers.
pub(crate) fn form(email: &str, password: &str) -> Enrol {
    Enrol {
        first_name: PersonName::parse("Ann").unwrap(),
        last_name: PersonName::parse("Lee").unwrap(),
        email: EmailAddress::parse(email).unwrap(),
        password: Secret::new(password),
        registrant: None,
        known_only: false,
        invite: None,
    }
}

/// Evidence alone, from a browser that knows nothing.
pub(crate) fn confirm(evidence: Evidence) -> ConfirmProof {
    ConfirmProof {
        evidence,
        registrant: None,
        new_password: None,
    }
}

/// The link in the letter was followed.
pub(crate) fn token(proof: &ProofIssued) -> Evidence {
    Evidence::Token(proof.token.clone())
}

/// The code in the letter was typed.
pub(crate) fn code(proof: &ProofIssued) -> Evidence {
    typed(proof.id, proof.code.expose())
}

/// Something was typed.
pub(crate) fn typed(proof: ProofId, code: &str) -> Evidence {
    Evidence::Code {
        proof,
        code: Secret::new(code),
    }
}

/// A code that the letter does not have, another one for each `n` below a million.
pub(crate) fn wrong(proof: &ProofIssued, n: u32) -> Evidence {
    let right: u32 = proof.code.expose().parse().unwrap();
    typed(proof.id, &format!("{:06}", (right + n + 1) % 1_000_000))
}
