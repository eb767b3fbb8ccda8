//! What statements run on: a reader, or a transaction that writes.

use std::{fmt, sync::Arc};

use contract::{Clock, Stamp};
use sqlx::{AnyConnection, Executor as _};
use tokio::sync::Notify;

use crate::{dialect::Dialect, error::StoreError, history::History, wire::Wire};

/// Something a statement can run on. Implemented by [`Reader`] and [`Tx`] only.
pub trait Connection: sealed::Sealed {
    #[doc(hidden)]
    fn dialect(&self) -> Dialect;
    #[doc(hidden)]
    fn wire(&mut self) -> &mut Wire;
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
    pub(crate) wire: Wire,
    pub(crate) dialect: Dialect,
}

impl Connection for Reader {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }
}

impl Reader {
    /// From now on everything is read as it was at one instant, whoever writes meanwhile. Waits for
    /// nobody and nobody waits for it; what it still sees is kept by the engine until it is dropped.
    pub async fn snapshot(mut self) -> Result<Self, StoreError> {
        // However it ends, its transaction ends with its connection.
        self.wire.close_on_drop();
        let begin = match self.dialect {
            Dialect::Sqlite => "begin",
            Dialect::Postgres => "begin isolation level repeatable read read only",
        };
        let begin = async |connection: &mut AnyConnection| connection.execute(begin).await;
        self.wire.exchange("begin", begin).await?;
        Ok(self)
    }
}

/// A transaction that writes. Dropped without [`Tx::commit`] it never happened.
pub struct Tx {
    pub(crate) wire: Wire,
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

    fn wire(&mut self) -> &mut Wire {
        &mut self.wire
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
        self.wire.commit().await?;
        if has_events {
            self.nudge.notify_one();
        }
        Ok(())
    }
}
