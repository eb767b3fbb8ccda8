//! The two databases and the two buses, as parameters of a test.
//!
//! ```text
//! #[rstest]
//! #[tokio::test]
//! async fn a_full_pool_refuses(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
//!     let database = engine.fresh();
//!     let db = Db::open(database.url()).await.unwrap();
//! ```

use crate::{NatsServer, PostgresServer, SqliteFile};

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
            Self::Sqlite => {
                let file = SqliteFile::fresh();
                TestDatabase {
                    url: file.url(),
                    _file: Some(file),
                }
            }
            Self::Postgres => TestDatabase {
                url: PostgresServer::shared().fresh_database(),
                _file: None,
            },
        }
    }
}

/// An empty database, there as long as this is.
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
