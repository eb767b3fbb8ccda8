//! The schema: numbered texts, one for both engines, never edited after a release.

use sqlx::{
    AssertSqlSafe, SqlSafeStr as _,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use crate::{connection::Connection as _, database::Database, dialect::Dialect, error::StoreError};

macro_rules! migrations {
    ($($version:literal $name:literal),* $(,)?) => {
        &[$(($version, $name, include_str!(concat!("../migrations/", $name, ".sql")))),*]
    };
}

const MIGRATIONS: &[(i64, &str, &str)] = migrations![
    1 "0001_house",
    2 "0002_admin_directory",
    3 "0003_people",
    4 "0004_links",
    5 "0005_seats",
    6 "0006_mails",
    7 "0007_idempotency",
    8 "0008_memberships",
    9 "0009_accounts",
    10 "0010_invites",
    11 "0011_accepted",
    12 "0012_found",
    13 "0013_sessions",
    14 "0014_readdressed",
    15 "0015_pending",
    16 "0016_accepted_lately",
    17 "0017_by_position",
    19 "0019_leased",
    20 "0020_revocations",
    21 "0021_forgotten",
    23 "0023_offers",
    24 "0024_paused",
    25 "0025_trigrams",
    26 "0026_open_by_name",
    27 "0027_unforgotten",
    28 "0028_let_in",
    29 "0029_retags",
    30 "0030_told",
    31 "0031_may_have_left",
    32 "0032_let_in_before",
    34 "0034_leases",
    35 "0035_by_seen",
    36 "0036_by_given",
    37 "0037_found_along",
];

fn migrator(dialect: Dialect) -> Migrator {
    let migrations = MIGRATIONS.iter().map(|(version, name, text)| {
        let (name, text) = ((*name).into(), dialect.render_schema(text));
        // Safe: a text of the program with words of the dialect put in.
        let sql = AssertSqlSafe(text).into_sql_str();
        Migration::new(*version, name, MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// Whether the lock of whoever migrates was waited for too long: a migration that waits for a table fails
/// otherwise, with its version.
fn is_held(error: &MigrateError) -> bool {
    match error {
        MigrateError::Execute(sqlx::Error::Database(error)) => {
            error.code().is_some_and(|code| code == "55P03")
        }
        _ => false,
    }
}

impl Database {
    /// Brings the schema up to date. Safe to be done by several nodes at once: PostgreSQL takes an
    /// advisory lock, for which it waits as long as another holds it; on SQLite the whole of it is one
    /// transaction that writes.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let db = self.open_for_migrations().await?;
        let migrator = migrator(db.dialect);
        if db.dialect == Dialect::Postgres {
            loop {
                match migrator.run(&db.writer).await {
                    Err(error) if is_held(&error) => {
                        tracing::info!("waits for whoever brings the schema up to date");
                    }
                    run => return run.map_err(StoreError::from),
                }
            }
        }
        // Looking what is missing and making it under one lock: another process looks afterwards.
        let mut tx = db.begin().await?;
        migrator.run(tx.wire().unbounded()).await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use contract::{ManualClock, Secret, Timestamp};
    use rstest::rstest;
    use sqlx::{AssertSqlSafe, Row as _, migrate::Migrate as _};
    use testkit::{Engine, eventually_some};

    use super::{Database, migrator};
    use crate::DatabaseOptions;

    /// Invites as they stood in each state before leases were noted: id, state, `due_at`, `queued_at`,
    /// `leased_until`, `cancelled_at`.
    const BEFORE: &str = include_str!("../tests/it/before_0019.sql");

    const AFTER: &str = "
        select i.id || ' ' || i.state || ' ' || coalesce(i.due_at || '', '-') || ' '
            || coalesce(i.queued_at || '', '-')
            || case when l.invite_id is null then '' else ' noted' end as line
        from invites i
        left join leased_invites l on l.invite_id = i.id
        order by i.id";

    /// Sessions from before the password of their account and from after it, and seats that were
    /// revoked in two organisations, in one and in none.
    const SESSIONS_BEFORE: &str = include_str!("../tests/it/before_0020.sql");

    const SESSIONS_AFTER: &str = "
        select 'session ' || token_hash as line from person_sessions
        union all
        select 'revoked ' || account_id || ' ' || at from revocations
        order by line";

    /// Letters that left, failed, and wait.
    const LETTERS_BEFORE: &str = include_str!("../tests/it/before_0021.sql");

    const LETTERS_AFTER: &str = "
        select id || ' ' || recipient || ' ' || coalesce(last_reply, '-') as line
        from mails
        order by id";

    /// Somebody who was revoked twice and given the seat again, somebody who is revoked, somebody who
    /// never was.
    const LEDGER_BEFORE: &str = include_str!("../tests/it/before_0023.sql");

    const LEDGER_AFTER: &str = "
        select account_id || ' ' || at as line from revocations order by account_id";

    /// Invites that are sent for the first time and again, and what became of them; a batch that rests, and
    /// one that is finished, too.
    const MAILS_BEFORE: &str = include_str!("../tests/it/before_0031.sql");

    const MAILS_AFTER: &str = "
        select id || ': ' || may_have_left || ' ' || coalesce(sent_at || '', '-') as line
        from invites
        union all
        select 'batch ' || id || coalesce(' rests since ' || paused_at, '') as line
        from batches
        order by line";

    /// People who hold and await seats of a link whose domains were narrowed since, and of one without.
    const LET_IN_BEFORE: &str = include_str!("../tests/it/before_0032.sql");

    const LET_IN_AFTER: &str = "
        select id || ' ' || coalesce(let_in_domain, '-') as line from memberships order by id";

    /// The lines of a query, after a migration of rows that stood there before it.
    async fn migrated(engine: Engine, version: i64, before: &str, after: &str) -> Vec<String> {
        let file = engine.fresh();
        let clock = ManualClock::at(Timestamp::from_micros(0));
        let options = DatabaseOptions::new(Secret::new(file.url()), clock);
        let database = Database::connect(&options).await.unwrap();
        let db = database.open("test").await.unwrap();
        let mut earlier = migrator(db.dialect);
        let migrations = earlier.migrations.to_mut();
        migrations.retain(|one| one.version < version);
        earlier.run(&db.writer).await.unwrap();
        for statement in before.split(';') {
            let query = sqlx::query(AssertSqlSafe(statement));
            query.execute(&db.writer).await.unwrap();
        }
        database.migrate().await.unwrap();
        let after = sqlx::query(AssertSqlSafe(after));
        let rows = after.fetch_all(&db.writer).await.unwrap();
        rows.iter().map(|row| row.get("line")).collect()
    }

    #[rstest]
    #[tokio::test]
    async fn invites_of_every_state_are_as_before_and_leases_are_noted(
        #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    ) {
        let lines = migrated(engine, 19, BEFORE, AFTER).await;
        let expected = [
            "1 draft - -",
            "2 skipped - 5",
            "3 queued 7 6",
            "4 sending 7 6 noted",
            "5 sending 0 6 noted",
            "6 deferred 9 6",
            "7 unknown - 6",
            "8 cancelled - -",
            "9 bounced - 6 noted",
        ];
        assert_eq!(lines, expected);
    }

    #[rstest]
    #[tokio::test]
    async fn whom_letters_went_to_is_forgotten_and_to_whom_they_are_to_go_is_not(
        #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    ) {
        let lines = migrated(engine, 21, LETTERS_BEFORE, LETTERS_AFTER).await;
        assert_eq!(lines, ["1  -", "2  -", "3 eve@uni.edu -"]);
    }

    #[rstest]
    #[tokio::test]
    async fn sessions_that_outlived_their_password_end_and_revocations_are_noted(
        #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    ) {
        let lines = migrated(engine, 20, SESSIONS_BEFORE, SESSIONS_AFTER).await;
        let expected = [
            "revoked one 7",
            "revoked two 9",
            "session one, with the password",
            "session two, later",
        ];
        assert_eq!(lines, expected);
    }
    #[rstest]
    #[tokio::test]
    async fn revocations_of_before_they_were_noted_are_those_of_the_ledgers(
        #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    ) {
        let lines = migrated(engine, 23, LEDGER_BEFORE, LEDGER_AFTER).await;
        assert_eq!(lines, ["one 5", "two 9"]);
    }

    #[rstest]
    #[tokio::test]
    async fn what_arrived_has_left_and_of_what_is_sent_again_something_may_have(
        #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    ) {
        let lines = migrated(engine, 31, MAILS_BEFORE, MAILS_AFTER).await;
        let expected = [
            "1 first: 0 -",
            "2 again: 1 -",
            "3 again, was sent: 0 6",
            "4 again, over: 0 -",
            "5 arrived: 0 8",
            "6 arrived, was sent: 0 6",
            "7 refused: 0 -",
            "8 complained: 0 8",
            "batch b rests since 6",
            "batch c",
        ];
        assert_eq!(lines, expected);
    }

    #[rstest]
    #[tokio::test]
    async fn who_was_let_in_before_it_was_noted_stays_so_with_the_address_of_then(
        #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    ) {
        let lines = migrated(engine, 32, LET_IN_BEFORE, LET_IN_AFTER).await;
        let expected = [
            "a held uni.edu",
            "b waits -",
            "c waits lake.edu",
            "d waits -",
            "e waits any.where.org",
            "f sits -",
            "g held old.edu",
            "h waits uni.edu",
        ];
        assert_eq!(lines, expected);
    }

    /// Since when somebody waits for whoever migrates.
    const WAITS: &str = "
        select cast(extract(epoch from query_start) * 1000000 as bigint) as since
        from pg_stat_activity
        where datname = current_database() and wait_event = 'advisory'";

    #[tokio::test]
    async fn whoever_migrates_waits_for_another_longer_than_for_any_other_lock() {
        let file = Engine::Postgres.fresh();
        let clock = ManualClock::at(Timestamp::from_micros(0));
        let options = DatabaseOptions::new(Secret::new(file.url()), clock);
        let database = Database::connect(&options).await.unwrap();
        let db = database.open("test").await.unwrap();
        let mut other = db.writer.acquire().await.unwrap();
        other.lock().await.unwrap();
        let waits_since = async |earlier: i64| {
            eventually_some(Duration::from_secs(30), "it waits", async || {
                let since = sqlx::query(WAITS).fetch_optional(&db.writer).await.unwrap();
                let since: Option<i64> = since.map(|row| row.get("since"));
                since.filter(|since| *since > earlier)
            })
            .await
        };
        let release = async {
            let first = waits_since(0).await;
            waits_since(first).await;
            other.unlock().await.unwrap();
        };
        let (migrated, ()) = tokio::join!(database.migrate(), release);
        migrated.unwrap();
    }
}
