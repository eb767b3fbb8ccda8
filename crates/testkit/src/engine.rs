//! The two databases and the two buses, as parameters of a test.
//!
//! ```text
//! #[rstest]
//! #[tokio::test]
//! async fn a_full_pool_refuses(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
//!     let database = engine.fresh();
//!     let db = Db::open(database.url()).await.unwrap();
//! ```

use crate::{NatsServer, PostgresServer, SqliteFile, template};

/// A database engine that Usher runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded default.
    Sqlite,
    /// The server of this test binary.
    Postgres,
}

impl Engine {
    /// An empty database of this engine.
    pub fn fresh(self) -> TestDatabase {
        match self {
            Self::Sqlite => SqliteFile::fresh().into(),
            Self::Postgres => PostgresServer::shared().fresh_database().into(),
        }
    }

    /// A database of this engine as `prepare` leaves an empty one, whose URL it is given.
    ///
    /// It is run once for the whole test binary, and each test has a copy: all have to mean the same
    /// by it. What it opens it closes.
    pub fn prepared<F>(self, prepare: F) -> TestDatabase
    where
        F: AsyncFnOnce(String) + Send,
    {
        template::copy(self, prepare)
    }
}

/// A database of a test, there as long as this is.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    _file: Option<SqliteFile>,
}

impl TestDatabase {
    /// What `database.url` is set to.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl From<SqliteFile> for TestDatabase {
    fn from(file: SqliteFile) -> Self {
        Self {
            url: file.url(),
            _file: Some(file),
        }
    }
}

impl From<String> for TestDatabase {
    /// Of the server of this test binary.
    fn from(url: String) -> Self {
        Self { url, _file: None }
    }
}

/// A bus that Usher runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusKind {
    /// In this process.
    Local,
    /// Over the nats-server of this test binary.
    Nats,
}

impl BusKind {
    /// What `bus.url` is set to: `local:` or `nats://127.0.0.1:PORT`.
    pub fn url(self) -> String {
        match self {
            Self::Local => "local:".to_owned(),
            Self::Nats => NatsServer::shared().url(),
        }
    }
}
