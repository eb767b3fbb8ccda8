//! The database, not the queries: connections, transactions, dialect, history, leases, secrets at
//! rest. sqlx is known in here only.
//!
//! # Map
//! - [`Database`]: what is configured; [`Db`]: one role's share of it.
//! - [`Reader`], [`Tx`]: what statements run on. [`statements!`], [`Statement`], [`Row`], [`Value`].
//! - `wire`: how long the engine may be silent to them.
//! - `dialect`: the few words in which SQLite and PostgreSQL differ.
//! - `history`: [`Tx::publish`] and [`Tx::audit`]: events and audit entries of the same transaction;
//!   `audit`: the entries as they are read.
//! - `redact`: [`Tx::redact`]: whoever was erased is named in the trail no more.
//! - `lease`: who may do what one process at a time does.
//! - [`vault`]: secrets at rest; `keys`: the installation's own secrets.
//! - `migrate`: the schema, one text for both engines, in `migrations/`.
//!
//! # Rules of the SQL
//! One text for both engines: `$n` only, named columns, `text` and `bigint`, no booleans,
//! `cast(sum(n) as bigint)`, `on conflict .. do nothing` where a race may insert first. Rows in bulk
//! travel as one JSON parameter: `from rows($1)`, fields `rows.value ->> 'id'`,
//! `cast(rows.value ->> 'n' as bigint)`. `now_micros()` is the database's clock, `for_update` and
//! `skip_locked` are row locks where the engine has them. `may_contain($n, column)` is said before a
//! `like '%..%'` that reads many rows: PostgreSQL's is slow, and it looks for the text first.
//!
//! # To add a table
//! 1. A migration in `migrations/` whose first line names its owner, listed in `migrate.rs`.
//! 2. Its statements in the owner's `src/sql.rs`, through [`statements!`].

mod audit;
mod connection;
mod database;
mod dialect;
mod error;
mod history;
mod keys;
mod lease;
mod migrate;
mod redact;
mod row;
mod statement;
mod value;
pub mod vault;
mod wire;

pub use self::{
    audit::audit_entry,
    connection::{Connection, Reader, Tx},
    database::{Database, DatabaseOptions, Db},
    dialect::Dialect,
    error::StoreError,
    redact::Redaction,
    row::{Column, Row},
    statement::{Query, Statement},
    value::Value,
};

/// The store's own statements, for the test that prepares everything on both engines.
pub fn own_statements() -> Vec<&'static Statement> {
    [
        history::STATEMENTS,
        redact::STATEMENTS,
        lease::STATEMENTS,
        keys::STATEMENTS,
        database::STATEMENTS,
    ]
    .concat()
}
