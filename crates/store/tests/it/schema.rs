//! One text makes the same schema on both engines, once.

use std::path::Path;

use futures_util::future::join;
use rstest::rstest;
use testkit::Engine;

use crate::{
    scene::{Scene, connect, stamp},
    sql,
};

/// How `SQLite` describes what it has.
mod sqlite {
    store::statements! {
        /// Tables, columns, types, nullability, place in the primary key, defaults.
        pub(crate) COLUMNS = "
            select m.name || '.' || c.name || ' ' || lower(c.type)
                || case c.\"notnull\" when 1 then ' not null' else '' end
                || case when c.pk > 0 then ' key ' || c.pk else '' end
                || coalesce(' default ' || c.dflt_value, '') as line
            from sqlite_master m, pragma_table_info(m.name) c
            where m.type = 'table' and m.name not like 'sqlite%' and m.name <> '_sqlx_migrations'";

        /// Indexes and their columns, in order.
        pub(crate) INDEXES = "
            select m.name || ' ' || case i.origin when 'c' then i.name else 'constraint' end
                || case i.\"unique\" when 1 then ' unique' else '' end
                || case i.partial when 1 then ' partial' else '' end
                || (
                    select group_concat(' ' || coalesce(x.name, '?')
                        || case x.\"desc\" when 1 then ' desc' else '' end, ',' order by x.seqno)
                    from pragma_index_xinfo(i.name) x
                    where x.key = 1
                ) as line
            from sqlite_master m, pragma_index_list(m.name) i
            where m.type = 'table' and m.name not like 'sqlite%' and m.name <> '_sqlx_migrations'";

        /// Columns that refer to another table.
        pub(crate) REFERENCES = "
            select m.name || '.' || f.\"from\" || ' -> ' || f.\"table\" || '.' || f.\"to\"
                || ' ' || lower(f.on_delete) as line
            from sqlite_master m, pragma_foreign_key_list(m.name) f
            where m.type = 'table'";
    }
}

/// How PostgreSQL describes what it has.
mod postgres {
    store::statements! {
        /// Tables, columns, types, nullability, place in the primary key, defaults.
        pub(crate) COLUMNS = "
            select t.relname || '.' || c.attname || ' ' || format_type(c.atttypid, c.atttypmod)
                || case when c.attnotnull then ' not null' else '' end
                || coalesce(' key ' || array_position(cast(k.conkey as int2[]), c.attnum), '')
                || coalesce(' default ' || replace(pg_get_expr(d.adbin, d.adrelid), '::text', ''), '')
                as line
            from pg_class t
            join pg_attribute c on c.attrelid = t.oid and c.attnum > 0 and not c.attisdropped
            left join pg_attrdef d on d.adrelid = t.oid and d.adnum = c.attnum
            left join pg_constraint k on k.conrelid = t.oid and k.contype = 'p'
            where t.relnamespace = cast('public' as regnamespace) and t.relkind = 'r'
                and t.relname <> '_sqlx_migrations'";

        /// Indexes and their columns, in order, but for those of a kind that SQLite does not know.
        pub(crate) INDEXES = "
            select t.relname || ' ' || case when k.oid is null then i.relname else 'constraint' end
                || case when x.indisunique then ' unique' else '' end
                || case when x.indpred is not null then ' partial' else '' end
                || (
                    select string_agg(' ' || coalesce(c.attname, '?')
                        || case x.indoption[n.place - 1] & 1 when 1 then ' desc' else '' end, ','
                        order by n.place)
                    from generate_series(1, x.indnkeyatts) n(place)
                    left join pg_attribute c on c.attrelid = t.oid and c.attnum = x.indkey[n.place - 1]
                        and c.attnum > 0
                ) as line
            from pg_index x
            join pg_class t on t.oid = x.indrelid
            join pg_class i on i.oid = x.indexrelid
            join pg_am m on m.oid = i.relam and m.amname = 'btree'
            left join pg_constraint k on k.conindid = i.oid and k.contype in ('p', 'u')
            where t.relnamespace = cast('public' as regnamespace) and t.relname <> '_sqlx_migrations'";

        /// Columns that refer to another table.
        pub(crate) REFERENCES = "
            select t.relname || '.' || a.attname || ' -> ' || o.relname || '.' || b.attname || ' '
                || case f.confdeltype when 'a' then 'no action' when 'r' then 'restrict'
                    when 'c' then 'cascade' when 'n' then 'set null' else 'set default' end as line
            from pg_constraint f
            join pg_class t on t.oid = f.conrelid
            join pg_class o on o.oid = f.confrelid
            join generate_series(1, 16) n(place) on n.place <= cardinality(f.conkey)
            join pg_attribute a on a.attrelid = t.oid and a.attnum = f.conkey[n.place]
            join pg_attribute b on b.attrelid = o.oid and b.attnum = f.confkey[n.place]
            where f.contype = 'f'";

        /// Indexes of a kind that SQLite does not know.
        pub(crate) OTHER_INDEXES = "
            select t.relname || ' ' || i.relname || ' ' || m.amname as line
            from pg_index x
            join pg_class t on t.oid = x.indrelid
            join pg_class i on i.oid = x.indexrelid
            join pg_am m on m.oid = i.relam and m.amname <> 'btree'
            where t.relnamespace = cast('public' as regnamespace)";
    }
}

/// Columns, indexes and references, each sorted.
async fn describe(engine: Engine, scene: &Scene) -> [Vec<String>; 3] {
    let statements = match engine {
        Engine::Sqlite => [&sqlite::COLUMNS, &sqlite::INDEXES, &sqlite::REFERENCES],
        Engine::Postgres => [
            &postgres::COLUMNS,
            &postgres::INDEXES,
            &postgres::REFERENCES,
        ],
    };
    let mut described = [const { Vec::new() }; 3];
    for (lines, statement) in described.iter_mut().zip(statements) {
        *lines = scene.lines(statement).await;
        lines.sort();
    }
    described
}

#[tokio::test]
async fn both_engines_have_the_same_tables_columns_indexes_and_references() {
    let sqlite = Scene::open(Engine::Sqlite).await;
    let postgres = Scene::open(Engine::Postgres).await;
    let mut sqlite = describe(Engine::Sqlite, &sqlite).await;
    let postgres = describe(Engine::Postgres, &postgres).await;
    // SQLite looks at names in the index of an order, PostgreSQL in one of trigrams.
    for order in ["activity", "email", "name", "redeemed"] {
        let head = format!("memberships memberships_by_{order} ");
        let [_, indexes, _] = &mut sqlite;
        let index = indexes.iter_mut().find(|line| line.starts_with(&head));
        let index = index.unwrap();
        let same = index.replacen(", name_key", "", 1);
        assert_ne!(*index, same);
        *index = same;
    }
    assert!(sqlite.iter().all(|lines| !lines.is_empty()), "{sqlite:#?}");
    for (sqlite, postgres) in sqlite.iter().zip(&postgres) {
        let only = |here: &[String], there: &[String]| {
            let mut here = here.to_vec();
            here.retain(|line| !there.contains(line));
            here
        };
        let (of_sqlite, of_postgres) = (only(sqlite, postgres), only(postgres, sqlite));
        assert_eq!((of_sqlite, of_postgres), (Vec::new(), Vec::new()));
    }
    assert_eq!(sqlite, postgres);
}

#[tokio::test]
async fn only_searches_have_an_index_that_one_engine_knows() {
    let scene = Scene::open(Engine::Postgres).await;
    assert_eq!(
        scene.lines(&postgres::OTHER_INDEXES).await,
        ["memberships memberships_by_trigrams gin"]
    );
}

#[rstest]
#[tokio::test]
async fn a_schema_knows_text_and_bigint_only(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let [columns, ..] = describe(engine, &scene).await;
    for column in columns {
        let kind = column.split(' ').nth(1).unwrap();
        assert!(matches!(kind, "text" | "bigint"), "{column}");
    }
}

#[rstest]
#[tokio::test]
async fn migrating_again_changes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut tx = scene.write().await;
    sql::PUT_KEY.bind("kept").execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let look = async || {
        let [columns, indexes, references] = describe(engine, &scene).await;
        let migrations = scene.lines(&sql::MIGRATIONS).await;
        [
            columns,
            indexes,
            references,
            migrations,
            scene.lines(&sql::KEYS).await,
        ]
    };
    let before = look().await;
    scene.database.migrate().await.unwrap();
    scene.another_node().await.database.migrate().await.unwrap();
    assert_eq!(look().await, before);
    assert_eq!(before.last().unwrap(), &["kept"]);
}

#[rstest]
#[tokio::test]
async fn two_nodes_that_start_together_both_find_the_schema(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let file = engine.fresh();
    let (one, two) = (connect(file.url()).await, connect(file.url()).await);
    let (first, second) = join(one.migrate(), two.migrate()).await;
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
}

/// Whoever copies the file alone has everything. Connections that are dropped together leave the log
/// now and then.
#[tokio::test]
async fn a_closed_file_has_no_log_beside_it() {
    for _ in 0..50 {
        let file = Engine::Sqlite.fresh();
        let database = connect(file.url()).await;
        let db = database.open("test").await.unwrap();
        let tx = db.write(&stamp()).await.unwrap();
        tx.commit().await.unwrap();
        db.read().await.unwrap();
        database.close().await;
        let log = file.url().strip_prefix("sqlite:").unwrap().to_owned() + "-wal";
        assert!(!Path::new(&log).exists());
    }
}

#[test]
fn every_migration_names_its_owner_and_is_run() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let list = include_str!("../../src/migrate.rs");
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("-- owner: "), "{name}");
        assert!(
            list.contains(&format!("\"{name}\"")),
            "{name} is not in migrate.rs"
        );
    }
}
