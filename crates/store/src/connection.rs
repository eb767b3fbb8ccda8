//! What statements run on: a reader, or a transaction that writes.

use std::{fmt, sync::Arc};

use contract::{Clock, Stamp};
use sqlx::{Any, AnyConnection, Executor as _, Transaction, pool::PoolConnection};
use tokio::sync::Notify;

use crate::{dialect::Dialect, error::StoreError, history::History};

/// Something a statement can run on. Implemented by [`Reader`] and [`Tx`] only.
pub trait Connection: sealed::Sealed {
    #[doc(hidden)]
    fn dialect(&self) -> Dialect;
    #[doc(hidden)]
    fn raw(&mut self) -> &mut AnyConnection;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Reader {}
    impl Sealed for super::Tx {}
}

/// A connection to read from. Each statement sees what was committed before it, those of a
/// [snapshot](Reader::snapshot) what was committed before its first.
#[derive(Debug)]
pub struct Reader {
    pub(crate) connection: PoolConnection<Any>,
    pub(crate) dialect: Dialect,
}

impl Connection for Reader {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn raw(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

impl Reader {
    /// From now on everything is read as it was at one instant, whoever writes meanwhile. Waits for
    /// nobody and nobody waits for it; what it still sees is kept by the engine until it is dropped.
    pub async fn snapshot(mut self) -> Result<Self, StoreError> {
        // However it ends, its transaction ends with its connection.
        self.connection.close_on_drop();
        let begin = match self.dialect {
            Dialect::Sqlite => "begin",
            Dialect::Postgres => "begin isolation level repeatable read read only",
        };
        match self.raw().execute(begin).await {
            Ok(_) => Ok(self),
            Err(error) => Err(StoreError::of("begin", error)),
        }
    }
}

/// A transaction that writes. Dropped without [`Tx::commit`] it never happened.
pub struct Tx {
    pub(crate) transaction: Transaction<'static, Any>,
    pub(crate) dialect: Dialect,
    pub(crate) stamp: Stamp,
    pub(crate) history: History,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) nudge: Arc<Notify>,
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx")
            .field("stamp", &self.stamp)
            .finish_non_exhaustive()
    }
}

impl Connection for Tx {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn raw(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }
}

impl Tx {
    /// When, by whom and in which request.
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Writes events and audit entries and makes everything durable.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let has_events = self.flush_history().await?;
        let Self {
            transaction, nudge, ..
        } = self;
        transaction
            .commit()
            .await
            .map_err(|error| match StoreError::of("commit", error) {
                // The engine may have committed before the connection broke.
                StoreError::Unavailable(error) => StoreError::CommitUnknown(error),
                refused => refused,
            })?;
        if has_events {
            nudge.notify_one();
        }
        Ok(())
    }
}
