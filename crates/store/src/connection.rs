//! What statements run on: a reader, or a transaction that writes.

use std::{fmt, sync::Arc};

use contract::{Clock, Stamp};
use sqlx::{Any, AnyConnection, Transaction, pool::PoolConnection};
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

/// A connection to read from. Each statement sees what was committed before it.
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
