//! A connection that a pool has lent, and what becomes of it when the engine falls silent.

use std::{io, time::Duration};

use sqlx::{Any, AnyConnection, AnyPool, Database, SqlStr, pool::PoolConnection};
use sqlx_core::transaction::TransactionManager as _;
use tokio::{runtime::Handle, time::timeout};

use crate::{dialect::Dialect, error::StoreError};

type Transactions = <Any as Database>::TransactionManager;

/// The wire to the engine. One whose other end vanishes without a word stays open for ever, so each
/// exchange has its time; a wire over which one was not finished, whoever gave it up, is cut: what comes
/// over it next would be the answer to something else.
#[derive(Debug)]
pub struct Wire {
    connection: PoolConnection<Any>,
    /// How long an exchange may take. `None` of SQLite, which is in this process: it waits for a lock as
    /// long as it was told, and there is nobody who could vanish.
    silence: Option<Duration>,
    /// An exchange has begun, and nobody knows how it ended.
    is_amid: bool,
    /// A transaction has begun, and is undone.
    is_open: bool,
    /// It ends with whoever has it.
    is_last: bool,
}

impl Wire {
    /// One of a pool, which has a time of its own for that.
    pub(crate) async fn of(
        pool: &AnyPool,
        dialect: Dialect,
        silence: Duration,
    ) -> Result<Self, sqlx::Error> {
        Ok(Self {
            connection: pool.acquire().await?,
            silence: (dialect == Dialect::Postgres).then_some(silence),
            is_amid: false,
            is_open: false,
            is_last: false,
        })
    }

    /// The connection ends when this is dropped, and with it whatever it was about.
    pub(crate) fn close_on_drop(&mut self) {
        self.is_last = true;
        self.connection.close_on_drop();
    }

    /// Begins a transaction, which is undone unless it is committed.
    pub(crate) async fn begin(&mut self, statement: &'static str) -> Result<(), StoreError> {
        self.is_open = true;
        let begin = async |connection: &mut AnyConnection| {
            Transactions::begin(connection, Some(SqlStr::from_static(statement))).await
        };
        self.exchange("begin", begin).await
    }

    /// Commits the transaction.
    pub(crate) async fn commit(&mut self) -> Result<(), StoreError> {
        if self.is_amid {
            // COMMIT is not said.
            return Err(StoreError::Unavailable(silent()));
        }
        let commit = async |connection: &mut AnyConnection| Transactions::commit(connection).await;
        let committed = self.exchange("commit", commit).await;
        committed.map_err(|error| match error {
            // The engine may have committed before the connection broke.
            StoreError::Unavailable(error) => StoreError::CommitUnknown(error),
            refused => refused,
        })?;
        self.is_open = false;
        Ok(())
    }

    /// Asks the engine something, and bears its silence as long as it may last.
    pub(crate) async fn exchange<T>(
        &mut self,
        name: &'static str,
        ask: impl AsyncFnOnce(&mut AnyConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        if self.is_amid {
            return Err(StoreError::Unavailable(silent()));
        }
        self.is_amid = true;
        let asked = ask(&mut self.connection);
        let answer = match self.silence {
            None => Some(asked.await),
            Some(silence) => timeout(silence, asked).await.ok(),
        };
        let Some(answer) = answer else {
            self.cut();
            return Err(StoreError::Unavailable(silent()));
        };
        self.is_amid = false;
        answer.map_err(|error| StoreError::of(name, error))
    }

    /// Without a time: for whatever may take as long as it takes.
    pub(crate) fn unbounded(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }

    /// Closes the connection at once. What is given back is not waited for, and ends here.
    fn cut(&mut self) {
        drop(self.connection.return_to_pool());
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let Some(silence) = self.silence else {
            if self.is_open {
                Transactions::start_rollback(&mut self.connection);
            }
            return;
        };
        if self.is_amid {
            self.cut();
        } else if !self.is_last {
            if self.is_open {
                Transactions::start_rollback(&mut self.connection);
            }
            // It is tried before anybody else has it, which may find silence as well.
            let given_back = self.connection.return_to_pool();
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(async move { timeout(silence, given_back).await });
            }
        }
    }
}

/// Why there is no answer.
fn silent() -> sqlx::Error {
    let why = "the database did not answer in time";
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, why))
}
