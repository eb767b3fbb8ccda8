//! The configured database of a process, and each role's share of it.

use std::{fmt, str::FromStr as _, sync::Arc, time::Duration};

use contract::{Clock, Secret, Stamp, Timestamp};
use sqlx::{
    AnyConnection, AnyPool, Connection as _, Executor as _, any::AnyPoolOptions,
    sqlite::SqliteConnectOptions,
};
use tokio::{
    sync::{Notify, futures::Notified},
    time::timeout,
};

use crate::{
    connection::{Reader, Tx},
    dialect::Dialect,
    error::StoreError,
    history::History,
    wire::Wire,
};

crate::statements! { own
    /// The database's clock.
    pub(crate) NOW = "select now_micros() as now";
}

/// How long a statement, a wait for a lock, or a wait for a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// A PostgreSQL that is there has ended a statement long before, and what it answers has arrived.
const SILENCE: Duration = Duration::from_secs(7);
const _: () = assert!(SILENCE.as_secs() > PATIENCE.as_secs());
/// Connections that read from a SQLite file.
const SQLITE_READERS: u32 = 4;
/// They read the file as the kernel has it in memory, which is there once for all of them: each copied
/// what it read into a cache of 2 MB otherwise, over and over where a search reads every name. The most
/// that SQLite maps; what is behind is read as before.
const SQLITE_READS: &str = "pragma mmap_size = 2147418112;";

/// What a database needs to be told.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// `sqlite:FILE` or `postgres://…`; may hold a password.
    pub url: Secret,
    /// Connections of each role, on PostgreSQL.
    pub connections: u32,
    /// How long a PostgreSQL may be silent to a statement before it counts as gone, and its connection is
    /// closed; more than the five seconds after which it ends a statement itself. A quarter of it is
    /// enough for whether a connection that was idle is still there.
    pub silence: Duration,
    /// Whether a SQLite file that is not there is made.
    pub create: bool,
    /// The time, and the ids of audit entries.
    pub clock: Arc<dyn Clock>,
}

impl DatabaseOptions {
    /// With eight connections for each role, seven seconds of silence, and a file that is made where
    /// there is none.
    pub fn new(url: Secret, clock: Arc<dyn Clock>) -> Self {
        Self {
            url,
            connections: 8,
            silence: SILENCE,
            create: true,
            clock,
        }
    }
}

/// The database of a process. Cheap to clone; each role opens its share on its own runtime.
#[derive(Clone)]
pub struct Database {
    options: DatabaseOptions,
    dialect: Dialect,
    /// SQLite: the one writer of the process and its readers, shared by every role.
    shared: Option<Db>,
    nudge: Arc<Notify>,
}

/// A role's share of the database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pub(crate) writer: AnyPool,
    reader: AnyPool,
    pub(crate) dialect: Dialect,
    silence: Duration,
    clock: Arc<dyn Clock>,
    nudge: Arc<Notify>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db")
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Connects, and fails when the database cannot be reached.
    pub async fn connect(options: &DatabaseOptions) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let dialect = Dialect::of(options.url.expose()).ok_or(StoreError::UnknownEngine)?;
        if dialect == Dialect::Sqlite && !options.create {
            must_exist(options.url.expose())?;
        }
        let nudge = Arc::new(Notify::new());
        let mut database = Self {
            options: options.clone(),
            dialect,
            shared: None,
            nudge,
        };
        if dialect == Dialect::Sqlite {
            let writer = database.pool("writer", 1, "").await?;
            let reader = database
                .pool("reader", SQLITE_READERS, SQLITE_READS)
                .await?;
            database.shared = Some(database.share(writer, reader));
        } else {
            database.open("start").await?;
        }
        Ok(database)
    }

    /// A role's share: on PostgreSQL a pool of its own, to be opened on the role's runtime.
    pub async fn open(&self, role: &str) -> Result<Db, StoreError> {
        self.open_with(role, "").await
    }

    /// As [`open`](Self::open), for questions whose best plan depends on the values that are asked
    /// for: PostgreSQL plans each of them anew, and does not settle on one plan for all. They are pages
    /// of long lists, found along an index or among a few: it believes that rows are read from memory or
    /// a disk without a head, and follows indexes to them.
    pub async fn open_for_questions(&self, role: &str) -> Result<Db, StoreError> {
        let setup = "set plan_cache_mode = force_custom_plan; set random_page_cost = 1.1;";
        self.open_with(role, setup).await
    }

    /// As [`open`](Self::open), for what takes as long as tables are large.
    pub(crate) async fn open_for_migrations(&self) -> Result<Db, StoreError> {
        self.open_with("migrate", "set statement_timeout = 0;")
            .await
    }

    async fn open_with(&self, role: &str, setup: &str) -> Result<Db, StoreError> {
        if let Some(shared) = &self.shared {
            return Ok(shared.clone());
        }
        let pool = self.pool(role, self.options.connections, setup).await?;
        Ok(self.share(pool.clone(), pool))
    }

    /// By how many microseconds the database's clock is ahead of `now`.
    pub async fn clock_offset(&self, now: Timestamp) -> Result<i64, StoreError> {
        let db = self.open("clock").await?;
        let theirs: i64 = NOW
            .query()
            .fetch_one(&mut db.read().await?)
            .await?
            .get("now")?;
        Ok(theirs - now.micros())
    }

    /// Lets a SQLite file go, whoever still has a share of it: the connections end one after the other,
    /// and the last leaves the file without a log beside it. Where all are dropped at once each may take
    /// another for the last. On PostgreSQL roles let go of their shares themselves.
    pub async fn close(self) {
        if let Some(shared) = self.shared {
            shared.reader.close().await;
            shared.writer.close().await;
        }
    }

    fn share(&self, writer: AnyPool, reader: AnyPool) -> Db {
        let clock = Arc::clone(&self.options.clock);
        Db {
            writer,
            reader,
            dialect: self.dialect,
            silence: self.options.silence,
            clock,
            nudge: Arc::clone(&self.nudge),
        }
    }

    async fn pool(&self, role: &str, connections: u32, more: &str) -> Result<AnyPool, StoreError> {
        let setup = match self.dialect {
            Dialect::Sqlite => format!(
                "pragma journal_mode = wal; pragma synchronous = full; \
                 pragma busy_timeout = 5000; pragma foreign_keys = on; {more}"
            ),
            Dialect::Postgres => {
                // Role names are words of the program. To compile a statement takes longer than to
                // run any of ours, and is decided by guesses about tables that were never analysed.
                // A server that misses nobody keeps the locks of a node that vanished for two hours.
                let patience = PATIENCE.as_millis();
                format!(
                    "set statement_timeout = {patience}; set lock_timeout = {patience}; \
                     set application_name = 'usher:{role}'; set jit = off; \
                     set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; \
                     set tcp_keepalives_count = 3; set tcp_user_timeout = 25000; {more}"
                )
            }
        };
        let mut url = self.options.url.expose().to_owned();
        if self.dialect == Dialect::Sqlite && !url.contains('?') {
            url.push_str(if self.options.create {
                "?mode=rwc"
            } else {
                "?mode=rw"
            });
        }
        let setup: Arc<str> = setup.into();
        let options = match self.dialect {
            Dialect::Sqlite => AnyPoolOptions::new(),
            Dialect::Postgres => tried_within(self.options.silence / 4),
        };
        options
            .max_connections(connections.max(1))
            .acquire_timeout(PATIENCE)
            .after_connect(move |connection, _| {
                let setup = sqlx::AssertSqlSafe(Arc::clone(&setup));
                Box::pin(async move { connection.execute(setup).await.map(drop) })
            })
            .connect(&url)
            .await
            .map_err(StoreError::Unavailable)
    }
}

/// Whatever the URL says of making a file.
fn must_exist(url: &str) -> Result<(), StoreError> {
    let file = SqliteConnectOptions::from_str(url).map_err(StoreError::Unavailable)?;
    let path = file.get_filename();
    if path.exists() || url.contains(":memory:") || url.contains("mode=memory") {
        return Ok(());
    }
    Err(StoreError::Missing(path.to_owned()))
}

impl Db {
    /// A connection to read from.
    pub async fn read(&self) -> Result<Reader, StoreError> {
        let wire = Wire::of(&self.reader, self.dialect, self.silence).await;
        Ok(Reader {
            wire: wire.map_err(StoreError::Unavailable)?,
            dialect: self.dialect,
        })
    }

    /// A transaction that writes, on behalf of a request.
    pub async fn write(&self, stamp: &Stamp) -> Result<Tx, StoreError> {
        let wire = Wire::of(&self.writer, self.dialect, self.silence).await;
        let mut wire = wire.map_err(|error| StoreError::of("begin", error))?;
        wire.begin(self.dialect.begin()).await?;
        Ok(Tx {
            wire,
            dialect: self.dialect,
            stamp: stamp.clone(),
            history: History::default(),
            clock: Arc::clone(&self.clock),
            nudge: Arc::clone(&self.nudge),
        })
    }

    /// Ends when a transaction of this process has committed events.
    pub fn nudged(&self) -> Notified<'_> {
        self.nudge.notified()
    }

    /// What wakes the relay of this process.
    pub fn nudge(&self) -> Arc<Notify> {
        Arc::clone(&self.nudge)
    }
}

/// A connection that was idle is tried before somebody has it, and replaced where nobody answers.
fn tried_within(silence: Duration) -> AnyPoolOptions {
    let options = AnyPoolOptions::new().test_before_acquire(false);
    options.before_acquire(move |connection: &mut AnyConnection, _| {
        Box::pin(async move {
            Ok(matches!(
                timeout(silence, connection.ping()).await,
                Ok(Ok(()))
            ))
        })
    })
}

#[cfg(test)]
mod tests {
    use contract::{ManualClock, Secret, Timestamp};
    use testkit::Engine;

    use super::{Database, DatabaseOptions, Db};
    use crate::Statement;

    /// How long a statement may take.
    static TIME: Statement = Statement::new(
        "TIME",
        "select current_setting('statement_timeout') as line",
    );

    async fn time(db: &Db) -> String {
        let row = TIME.query().fetch_one(&mut db.read().await.unwrap()).await;
        row.unwrap().get("line").unwrap()
    }

    #[tokio::test]
    async fn a_migration_takes_as_long_as_it_takes_and_no_other_statement_does() {
        let file = Engine::Postgres.fresh();
        let clock = ManualClock::at(Timestamp::from_micros(0));
        let options = DatabaseOptions::new(Secret::new(file.url()), clock);
        let database = Database::connect(&options).await.unwrap();
        assert_eq!(time(&database.open("test").await.unwrap()).await, "5s");
        let db = database.open_for_migrations().await.unwrap();
        assert_eq!(time(&db).await, "0");
    }
}
