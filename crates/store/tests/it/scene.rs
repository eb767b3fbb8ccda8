//! A migrated database, opened as often as a test has nodes.

use std::sync::Arc;

use contract::{
    ManualClock, Secret, Stamp, Timestamp,
    ids::{OrganisationId, Ulid},
};
use store::{Connection, Database, DatabaseOptions, Db, Statement, Tx};
use testkit::{Engine, TestDatabase};

/// 2026-11-24T12:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp::from_micros(1_795_521_600_000_000);

/// One of the organisations of a test.
pub(crate) fn organisation(number: u128) -> OrganisationId {
    OrganisationId::new(Ulid::from_parts(NOON.millis(), number))
}

pub(crate) fn stamp() -> Stamp {
    Stamp {
        now: NOON,
        actor: "operator".to_owned(),
        request_id: "req-1".to_owned(),
    }
}

/// A database as a node of its own sees it: with its own connections and its own clock.
pub(crate) async fn connect(url: &str) -> Database {
    let clock = ManualClock::at(NOON);
    let options = DatabaseOptions::new(Secret::new(url), clock);
    Database::connect(&options).await.unwrap()
}

pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) db: Db,
    file: Arc<TestDatabase>,
}

impl Scene {
    pub(crate) async fn open(engine: Engine) -> Self {
        let file = engine.prepared(async |url| {
            let database = connect(&url).await;
            database.migrate().await.unwrap();
            database.close().await;
        });
        let (database, file) = (connect(file.url()).await, Arc::new(file));
        Self::of(database, file).await
    }

    /// The same database, from another node.
    pub(crate) async fn another_node(&self) -> Self {
        let database = connect(self.url()).await;
        Self::of(database, Arc::clone(&self.file)).await
    }

    async fn of(database: Database, file: Arc<TestDatabase>) -> Self {
        let db = database.open("test").await.unwrap();
        Self { database, db, file }
    }

    /// What `database.url` is set to.
    pub(crate) fn url(&self) -> &str {
        self.file.url()
    }

    pub(crate) async fn write(&self) -> Tx {
        self.db.write(&stamp()).await.unwrap()
    }

    /// What a statement without parameters answers in its column `line`.
    pub(crate) async fn lines(&self, statement: &'static Statement) -> Vec<String> {
        lines(&mut self.db.read().await.unwrap(), statement).await
    }
}

pub(crate) async fn lines(on: &mut impl Connection, statement: &'static Statement) -> Vec<String> {
    let rows = statement.fetch_all(on).await.unwrap();
    rows.iter().map(|row| row.get("line").unwrap()).collect()
}
