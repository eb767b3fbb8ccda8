use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rstest::rstest;
use testkit::{BusKind, Engine, PostgresServer};

#[test]
fn fresh_databases_are_empty_and_distinct_even_when_asked_for_at_once() {
    let server = PostgresServer::shared();
    let urls: BTreeSet<String> = thread::scope(|scope| {
        let asked: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| server.fresh_database()))
            .collect();
        asked
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    });
    assert_eq!(urls.len(), 8);
    for url in urls {
        server.query(&url, "create table seats (id text primary key)");
    }
}

#[test]
fn a_database_sorts_as_people_do_unless_told_otherwise() {
    let server = PostgresServer::shared();
    let url = server.fresh_database();
    let rows = "from (values ('a'), ('B')) as t (c) order by c";
    assert_eq!(server.query(&url, &format!("select c {rows}")), "a\nB");
    assert_eq!(
        server.query(&url, &format!("select c {rows} collate \"C\"")),
        "B\na"
    );
}

#[test]
fn a_durable_server_keeps_what_it_committed_when_killed() {
    let mut server = PostgresServer::durable();
    let url = server.fresh_database();
    assert_eq!(server.query(&url, "show fsync"), "on");
    server.query(
        &url,
        "create table seats (id text); insert into seats values ('s_1')",
    );

    server.kill();
    assert!(std::net::TcpStream::connect(server.address()).is_err());

    server.restart();
    assert_eq!(server.query(&url, "select id from seats"), "s_1");
}

#[rstest]
fn each_engine_gives_an_empty_database(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (one, other) = (engine.fresh(), engine.fresh());
    assert_ne!(one.url(), other.url());
    match engine {
        Engine::Sqlite => {
            let path = Path::new(one.url().strip_prefix("sqlite:").unwrap()).to_owned();
            assert!(!path.exists() && path.parent().unwrap().is_dir());
            drop(one);
            assert!(!path.parent().unwrap().exists());
        }
        Engine::Postgres => assert!(one.url().starts_with("postgres://postgres@127.0.0.1:")),
    }
}

#[rstest]
fn a_database_is_prepared_once_and_each_test_has_a_copy_of_its_own(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let server = PostgresServer::shared;
    let path = |url: &str| PathBuf::from(url.strip_prefix("sqlite:").unwrap());
    let write = |url: &str, what: &str| match engine {
        Engine::Sqlite => fs::write(path(url), what).unwrap(),
        Engine::Postgres => {
            let table = "drop table if exists seats; create table seats (id text)";
            let row = format!("insert into seats values ('{what}')");
            server().query(url, &format!("{table}; {row}"));
        }
    };
    let read = |url: &str| match engine {
        Engine::Sqlite => fs::read_to_string(path(url)).unwrap(),
        Engine::Postgres => server().query(url, "select id from seats"),
    };
    let times = AtomicU32::new(0);
    let prepared = || {
        engine.prepared(async |url| {
            times.fetch_add(1, Ordering::Relaxed);
            write(&url, "s_1");
        })
    };
    let (one, other) = (prepared(), prepared());
    write(one.url(), "s_2");
    let third = prepared();
    let rows = [&one, &other, &third].map(|database| read(database.url()));
    assert_eq!(rows, ["s_2", "s_1", "s_1"]);
    assert_eq!(times.into_inner(), 1);
}

#[test]
fn each_bus_has_its_url() {
    assert_eq!(BusKind::Local.url(), "local:");
    assert!(BusKind::Nats.url().starts_with("nats://127.0.0.1:"));
}
