//! Statements: named, listed, prepared on both engines by a test.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use sqlx::{
    AnyConnection, AssertSqlSafe, Executor as _, SqlSafeStr as _, SqlStr, any::AnyArguments,
};

use crate::{connection::Connection, dialect::Dialect, error::StoreError, row::Row, value::Value};

/// Defines statements and `STATEMENTS`, the list of all of them in this module.
///
/// ```
/// store::statements! {
///     /// Finds a link by the hash of its secret.
///     pub(crate) FIND_LINK = "select id from links where token_hash = $1";
/// }
/// assert_eq!(STATEMENTS.len(), 1);
/// ```
#[macro_export]
macro_rules! statements {
    // The store's own: its list is gathered by `own_statements`.
    (own $($(#[$doc:meta])* $vis:vis $name:ident = $text:expr;)*) => {
        $($(#[$doc])* $vis static $name: $crate::Statement =
            $crate::Statement::new(stringify!($name), $text);)*
        pub(crate) static STATEMENTS: &[&$crate::Statement] = &[$(&$name),*];
    };
    ($($(#[$doc:meta])* $vis:vis $name:ident = $text:expr;)*) => {
        $($(#[$doc])* $vis static $name: $crate::Statement =
            $crate::Statement::new(stringify!($name), $text);)*
        /// Every statement of this module.
        pub static STATEMENTS: &[&$crate::Statement] = &[$(&$name),*];
    };
}

/// One SQL text with a name.
#[derive(Debug)]
pub struct Statement {
    name: &'static str,
    text: &'static str,
    sqlite: OnceLock<SqlStr>,
    postgres: OnceLock<SqlStr>,
}

/// A statement with what was bound to it so far.
#[derive(Debug)]
pub struct Query {
    statement: &'static Statement,
    arguments: Result<Arguments, StoreError>,
    is_kept: bool,
}

struct Arguments(AnyArguments);

impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Parameters may be secrets.
        f.write_str("Arguments")
    }
}

impl Statement {
    /// For [`statements!`].
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Self {
            name,
            text,
            sqlite: OnceLock::new(),
            postgres: OnceLock::new(),
        }
    }

    /// Its name in errors.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// As it is written, for tests that ask an engine how it would go about it.
    pub fn text(&self) -> &'static str {
        self.text
    }

    fn sql(&self, dialect: Dialect) -> SqlStr {
        let rendered = match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
        };
        // Safe: a text of the program with words of the dialect put in, nothing of a user.
        let render = || AssertSqlSafe(Arc::<str>::from(dialect.render(self.text))).into_sql_str();
        rendered.get_or_init(render).clone()
    }

    /// Without parameters, or before the first is bound.
    pub fn query(&'static self) -> Query {
        Query {
            statement: self,
            arguments: Ok(Arguments(AnyArguments::default())),
            is_kept: true,
        }
    }

    /// Binds the first parameter.
    pub fn bind(&'static self, value: impl Value) -> Query {
        self.query().bind(value)
    }

    /// Binds rows as the first parameter.
    pub fn bind_rows<T: Serialize>(&'static self, rows: &[T]) -> Query {
        self.query().bind_rows(rows)
    }

    /// Every row of a statement without parameters.
    pub async fn fetch_all(
        &'static self,
        on: &mut impl Connection,
    ) -> Result<Vec<Row>, StoreError> {
        self.query().fetch_all(on).await
    }

    /// Lets the engine check the statement without running it.
    pub async fn prepare(&'static self, on: &mut impl Connection) -> Result<(), StoreError> {
        let sql = self.sql(on.dialect());
        let prepare =
            async |connection: &mut AnyConnection| connection.prepare(sql).await.map(drop);
        on.wire().exchange(self.name, prepare).await
    }
}

impl Query {
    /// Binds the next parameter.
    #[must_use]
    pub fn bind(mut self, value: impl Value) -> Self {
        if let Ok(Arguments(arguments)) = &mut self.arguments
            && let Err(error) = value.add_to(arguments)
        {
            self.arguments = Err(StoreError::Parameter(error));
        }
        self
    }

    /// Binds rows as the next parameter: one JSON text, read by `rows($n)`.
    #[must_use]
    pub fn bind_rows<T: Serialize>(self, rows: &[T]) -> Self {
        match serde_json::to_string(rows) {
            Ok(json) => self.bind(json),
            Err(error) => Self {
                arguments: Err(StoreError::Parameter(error.into())),
                ..self
            },
        }
    }

    /// Planned for these values and for how large the tables are now, and forgotten: for a statement
    /// over many rows of a table that grows fast. PostgreSQL keeps the plan of one that it ran a few
    /// times, though it was made while the table was all but empty.
    #[must_use]
    pub fn planned_anew(self) -> Self {
        Self {
            is_kept: false,
            ..self
        }
    }

    fn ready(
        self,
        dialect: Dialect,
    ) -> Result<
        (
            sqlx::query::Query<'static, sqlx::Any, AnyArguments>,
            &'static str,
        ),
        StoreError,
    > {
        let Arguments(arguments) = self.arguments?;
        let statement = self.statement;
        Ok((
            sqlx::query_with(statement.sql(dialect), arguments).persistent(self.is_kept),
            statement.name,
        ))
    }

    /// Runs it; answers how many rows it touched.
    pub async fn execute(self, on: &mut impl Connection) -> Result<u64, StoreError> {
        let (query, name) = self.ready(on.dialect())?;
        let execute = async |connection: &mut AnyConnection| query.execute(connection).await;
        let done = on.wire().exchange(name, execute).await?;
        Ok(done.rows_affected())
    }

    /// Every row.
    pub async fn fetch_all(self, on: &mut impl Connection) -> Result<Vec<Row>, StoreError> {
        let (query, name) = self.ready(on.dialect())?;
        let fetch = async |connection: &mut AnyConnection| query.fetch_all(connection).await;
        let rows = on.wire().exchange(name, fetch).await?;
        Ok(rows.into_iter().map(Row).collect())
    }

    /// The row, if there is one.
    pub async fn fetch_optional(self, on: &mut impl Connection) -> Result<Option<Row>, StoreError> {
        let (query, name) = self.ready(on.dialect())?;
        let fetch = async |connection: &mut AnyConnection| query.fetch_optional(connection).await;
        Ok(on.wire().exchange(name, fetch).await?.map(Row))
    }

    /// The row; it is an error that there is none.
    pub async fn fetch_one(self, on: &mut impl Connection) -> Result<Row, StoreError> {
        let name = self.statement.name;
        let missing = || StoreError::of(name, sqlx::Error::RowNotFound);
        self.fetch_optional(on).await?.ok_or_else(missing)
    }
}
