//! A bus with an invite dispatcher on it, and couriers that work when they are told.

use std::{path::PathBuf, sync::Arc, time::Duration};

use contract::{
    Call, Caller, Clock as _, EmailAddress, ManualClock, Problem, Secret, Service, Stamp,
    Timestamp,
    ids::MailId,
    mails::{Letter, QueueMail},
    seats::Status,
    text::{Language, Name, PersonName},
};
use invite_dispatcher::{
    Courier, CourierMetrics, CourierTiming, Enlister, InviteDispatcher, InviteReader, MailOptions,
};
use kernel::{
    Bus, BusKey, BusOptions, Cx, Health, KernelMetrics, Pace, Stage, StageOptions, Transport,
    Work as _, bus::LocalBus,
};
use store::{Database, DatabaseOptions, Db, Statement, vault::Vault};
use tempfile::TempDir;
use testkit::{Engine, SmtpSink, TestDatabase};
use tokio::sync::Notify;

use crate::sql;

/// 2026-11-24T12:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp::from_micros(1_795_521_600_000_000);

/// The directory of kept letters, made by whoever keeps the first.
const MAIL: &str = "mail";

/// What stands in a letter, and nowhere else.
pub(crate) const TOKEN: &str = "kI7xTheTokenOfTheLinkInTheLetterWGqyyOdkVJp";
pub(crate) const CODE: &str = "040506";

pub(crate) struct Scene {
    pub(crate) db: Db,
    pub(crate) clock: Arc<ManualClock>,
    /// Woken for every letter that was queued.
    pub(crate) woken: Arc<Notify>,
    bus: Bus,
    /// The way that everything on the bus goes.
    way: Arc<LocalBus>,
    pub(crate) vault: Vault,
    pub(crate) options: MailOptions,
    pub(crate) stage: Stage,
    directory: Option<TempDir>,
    database: TestDatabase,
}

/// What is known of a letter; times in microseconds from now.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) attempts: i64,
    pub(crate) unknowns: i64,
    pub(crate) due_in: i64,
    pub(crate) lease: Option<i64>,
    pub(crate) is_sent: bool,
    pub(crate) is_failed: bool,
    pub(crate) letter: String,
    pub(crate) last_reply: String,
}

impl Scene {
    /// Letters go to this mail server.
    pub(crate) async fn sending(engine: Engine, sink: &SmtpSink) -> Self {
        Self::open(engine, &sink.url(), None).await
    }

    /// Letters are kept in a directory.
    pub(crate) async fn keeping(engine: Engine) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("file:{}", directory.path().join(MAIL).display());
        Self::open(engine, &url, Some(directory)).await
    }

    pub(crate) async fn open(engine: Engine, url: &str, directory: Option<TempDir>) -> Self {
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
        let db = database.open("invites").await.unwrap();
        let vault = Vault::new(&Secret::new("sealing key")).unwrap();
        let way = Arc::new(LocalBus::new());
        let bus = bus_of(Service::HttpEdge, &way, &clock);
        let mut stage = Stage::new(bus.clone(), Health::default(), StageOptions::default());
        let (options, woken) = (parse(url), Arc::new(Notify::new()));
        let parts = (db.clone(), clock.clone(), vault.clone(), options.clone());
        let wake = Arc::clone(&woken);
        let make = move || {
            let (db, clock, vault, options) = parts.clone();
            InviteDispatcher::new(db, clock, vault, options, Arc::clone(&wake))
        };
        stage.actor(2, make).await.unwrap();
        let parts = (db.clone(), clock.clone(), vault.clone(), options.clone());
        let read = move || {
            let (db, clock, vault, options) = parts.clone();
            InviteReader::new(db, clock, vault, options)
        };
        stage.actor(2, read).await.unwrap();
        Self {
            db,
            clock,
            woken,
            bus,
            way,
            vault,
            options,
            stage,
            directory,
            database: file,
        }
    }

    /// An end of the bus for somebody else than the edge.
    pub(crate) fn bus_of(&self, service: Service) -> Bus {
        bus_of(service, &self.way, &self.clock)
    }

    /// The address of the database.
    pub(crate) fn url(&self) -> &str {
        self.database.url()
    }

    /// Where letters are kept.
    pub(crate) fn directory(&self) -> PathBuf {
        self.directory.as_ref().unwrap().path().join(MAIL)
    }

    /// Asks as the demo's operator.
    pub(crate) async fn ask<M: Call>(&self, message: M) -> Result<M::Reply, Problem> {
        let caller = Caller::operator(Service::HttpEdge, self.clock.now());
        self.ask_as(caller, message).await
    }

    pub(crate) async fn ask_as<M: Call>(
        &self,
        caller: Caller,
        message: M,
    ) -> Result<M::Reply, Problem> {
        let cx = Cx::begin(caller, "request-1", &*self.clock);
        self.bus.call(&message, &cx).await
    }

    /// Queues a letter to Ann.
    pub(crate) async fn queue(&self, key: &str) -> MailId {
        self.queue_to(key, "ann@uni.edu", proof("Ann")).await
    }

    pub(crate) async fn queue_to(&self, key: &str, to: &str, letter: Letter) -> MailId {
        let queue = QueueMail {
            key: key.to_owned(),
            to: EmailAddress::parse(to).unwrap(),
            letter,
        };
        self.ask(queue).await.unwrap().id
    }

    /// A courier of the settings.
    pub(crate) fn courier(&self) -> Courier {
        self.courier_with(self.vault.clone(), self.options.clone())
    }

    /// A courier to another relay.
    pub(crate) fn courier_to(&self, url: &str) -> Courier {
        self.courier_with(self.vault.clone(), parse(url))
    }

    /// A courier of an installation with another sealing key.
    pub(crate) fn courier_of(&self, key: &str) -> Courier {
        self.courier_with(Vault::new(&Secret::new(key)).unwrap(), self.options.clone())
    }

    /// A courier of other settings.
    pub(crate) fn courier_as(&self, options: MailOptions) -> Courier {
        self.courier_with(self.vault.clone(), options)
    }

    /// A courier with these settings of mail.
    pub(crate) fn courier_within(&self, options: MailOptions) -> Courier {
        self.courier_with(self.vault.clone(), options)
    }

    /// A worker that moves the rows of batches on.
    pub(crate) fn enlister(&self) -> Enlister {
        let (db, clock, vault) = (self.db.clone(), self.clock.clone(), self.vault.clone());
        Enlister::new(db, clock, vault, &self.options, Arc::clone(&self.woken))
    }

    fn courier_with(&self, vault: Vault, options: MailOptions) -> Courier {
        let metrics = CourierMetrics::unscraped().unwrap();
        let timing = CourierTiming {
            idle: Duration::ZERO,
            ..CourierTiming::default()
        };
        Courier::new(self.db.clone(), self.clock.clone(), vault, options, metrics)
            .with_timing(timing)
    }

    /// Works until nothing is due.
    pub(crate) async fn deliver(&self) {
        let mut courier = self.courier();
        while courier.work().await.unwrap() == Pace::Again {}
    }

    /// Works until nothing is due, after the pause of every letter.
    pub(crate) async fn deliver_later(&self) {
        self.write(&sql::MAKE_DUE).await;
        self.deliver().await;
    }

    pub(crate) async fn write(&self, statement: &'static Statement) {
        let stamp = Stamp {
            now: self.clock.now(),
            actor: "operator".to_owned(),
            request_id: "fixture".to_owned(),
        };
        let mut tx = self.db.write(&stamp).await.unwrap();
        statement.query().execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn look(&self, id: MailId) -> Look {
        let mut reader = self.db.read().await.unwrap();
        let row = sql::LOOK.bind(id).fetch_one(&mut reader).await.unwrap();
        Look {
            attempts: row.get("attempts").unwrap(),
            unknowns: row.get("unknowns").unwrap(),
            due_in: row.get("due_in").unwrap(),
            lease: row.get("lease").unwrap(),
            is_sent: row.get::<Option<i64>>("sent_at").unwrap().is_some(),
            is_failed: row.get::<Option<i64>>("failed_at").unwrap().is_some(),
            letter: row.get("letter").unwrap(),
            last_reply: row.get("last_reply").unwrap(),
        }
    }

    /// Every row of the queue, as text.
    pub(crate) async fn rows(&self) -> Vec<String> {
        let mut reader = self.db.read().await.unwrap();
        let rows = sql::DUMP.fetch_all(&mut reader).await.unwrap();
        rows.iter().map(|row| row.get("line").unwrap()).collect()
    }
}

impl Look {
    /// Whether the letter waits and is tried again after about so many seconds.
    pub(crate) fn waits(&self, seconds: i64) -> bool {
        let (most, least) = (seconds * 1_000_000, (seconds - 4) * 1_000_000);
        let is_open = !self.is_sent && !self.is_failed && self.lease.is_none();
        is_open && (least..=most).contains(&self.due_in) && !self.letter.is_empty()
    }
}

fn bus_of(service: Service, way: &Arc<LocalBus>, clock: &Arc<ManualClock>) -> Bus {
    let options = BusOptions {
        service,
        key: BusKey::new(&Secret::new("a key of the bus, 32 bytes long!")),
        clock: clock.clone(),
        metrics: KernelMetrics::unscraped().unwrap(),
    };
    let way: Arc<dyn Transport> = Arc::<LocalBus>::clone(way);
    Bus::new(way, options)
}

fn parse(url: &str) -> MailOptions {
    MailOptions::parse(&Secret::new(url), "Usher <usher@mail.example>").unwrap()
}

/// A fresh proof for somebody.
pub(crate) fn proof(first_name: &str) -> Letter {
    Letter::Proof {
        first_name: PersonName::parse(first_name).unwrap(),
        proof_url: Secret::new(format!("https://usher.example/proofs/{TOKEN}")),
        code: Secret::new(CODE),
        language: Language::default(),
    }
}

/// The confirmation for somebody who joined.
pub(crate) fn confirmation(
    first_name: &str,
    organisation: &str,
    status: Status,
    proof_due_at: Option<Timestamp>,
) -> Letter {
    Letter::JoinConfirmation {
        first_name: PersonName::parse(first_name).unwrap(),
        organisation: Name::parse(organisation).unwrap(),
        status,
        proof_due_at,
        proof_url: Secret::new(format!("https://usher.example/proofs/{TOKEN}")),
        code: Secret::new(CODE),
        product_url: "https://read.example/".parse().unwrap(),
        language: Language::default(),
    }
}
