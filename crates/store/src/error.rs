//! What can go wrong with a database, and what a caller is told of it.

use std::path::PathBuf;

use contract::{Kind, Problem};

/// Why a statement or transaction did not go through.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no engine that is known.
    #[error("database.url must begin with sqlite: or postgres://")]
    UnknownEngine,
    /// A SQLite file that is not to be made is not there.
    #[error("there is no database at {}; `usher migrate` makes one", .0.display())]
    Missing(PathBuf),
    /// The database cannot be reached, or not in time.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The connection was lost during COMMIT: it happened, or it did not.
    #[error("the connection was lost during commit, which may or may not have happened")]
    CommitUnknown(#[source] sqlx::Error),
    /// A unique key is taken.
    #[error("a row with this key exists")]
    Conflict(#[source] sqlx::Error),
    /// A column holds what it never should.
    #[error("column {column} {why}")]
    BadRow {
        /// Which column.
        column: String,
        /// What is wrong with it; never its content.
        why: String,
    },
    /// A statement is wrong, or was refused by the engine.
    #[error("statement {statement} failed")]
    Statement {
        /// Its name.
        statement: &'static str,
        /// What the engine says.
        #[source]
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("the schema could not be migrated")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Rows could not be written as JSON.
    #[error("rows could not be written as a parameter")]
    Parameter(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something sealed could not be opened: another key, another row, or tampering.
    #[error("a sealed secret does not open")]
    Sealed,
}

impl StoreError {
    /// Sorts an error of the driver by what a caller can do about it.
    pub(crate) fn of(statement: &'static str, error: sqlx::Error) -> Self {
        if is_transient(&error) {
            return Self::Unavailable(error);
        }
        match error.as_database_error() {
            Some(refusal) if refusal.is_unique_violation() => Self::Conflict(error),
            _ => Self::Statement {
                statement,
                source: error,
            },
        }
    }

    /// Whether the same may go through a moment later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::CommitUnknown(_))
    }
}

fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| {
            let code = code.as_ref();
            // PostgreSQL: connection exceptions, shutdown, cancelled by time-out, lock time-out,
            // serialisation and deadlock, too many connections. SQLite: busy and locked.
            code.starts_with("08")
                || code.starts_with("57P")
                || code.starts_with("40")
                || matches!(
                    code,
                    "57014" | "55P03" | "53300" | "5" | "6" | "517" | "261"
                )
        }),
        _ => false,
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        // The whole chain, for the operator; the driver's messages quote keys, never parameters.
        let cause = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        match error {
            StoreError::Unavailable(_) => {
                tracing::warn!(%error, cause, "database");
                Self::new(Kind::Unavailable)
            }
            StoreError::CommitUnknown(_) => {
                tracing::warn!(%error, cause, "database");
                Self::new(Kind::InDoubt)
            }
            StoreError::Sealed => {
                tracing::error!(%error, "sealing.key is not the one that this was sealed with");
                Self::new(Kind::Unavailable).detail(
                    "What is kept sealed does not open with this installation's key: whoever runs \
                     it must bring back the sealing.key that it was sealed with.",
                )
            }
            _ => {
                tracing::error!(%error, cause, "database");
                Self::new(Kind::Internal)
            }
        }
    }
}
