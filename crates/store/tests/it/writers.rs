//! Who writes at the same time waits for the other, and does not fail; who reads, reads in the kernel's memory.

use std::{pin::pin, time::Duration};

use futures_util::{FutureExt as _, future::try_join_all};
use rstest::rstest;
use store::StoreError;
use testkit::Engine;

use crate::{
    scene::{Scene, lines, organisation, stamp},
    sql,
};

store::statements! {
    /// How much of a SQLite file is mapped at most.
    MAPPED = "pragma mmap_size";
}

#[rstest]
#[case::of_one_node(false)]
#[case::of_two_nodes(true)]
#[tokio::test]
async fn a_second_writer_of_a_sqlite_file_waits_until_the_first_is_done(#[case] two_nodes: bool) {
    let one = Scene::open(Engine::Sqlite).await;
    let two = one.another_node().await;
    let mut first = one.write().await;
    sql::PUT_KEY
        .bind("first")
        .execute(&mut first)
        .await
        .unwrap();
    let stamp = stamp();
    let other = if two_nodes { &two.db } else { &one.db };
    let mut second = pin!(other.write(&stamp));
    // Long enough for a refusal to show; what is waited for is that nothing happens.
    let early = tokio::time::timeout(Duration::from_millis(200), &mut second).await;
    assert!(early.is_err(), "the first is not done");
    first.commit().await.unwrap();
    let mut second = second.await.unwrap();
    assert_eq!(lines(&mut second, &sql::KEYS).await, ["first"]);
    sql::PUT_KEY
        .bind("second")
        .execute(&mut second)
        .await
        .unwrap();
    second.commit().await.unwrap();
    assert_eq!(one.lines(&sql::KEYS).await, ["first", "second"]);
}

#[rstest]
#[tokio::test]
async fn writers_that_read_first_lose_no_update(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let one = Scene::open(engine).await;
    let two = one.another_node().await;
    let mut tx = one.write().await;
    sql::PUT_HEAD
        .bind(organisation(1))
        .execute(&mut tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let count = async |scene: &Scene| {
        let mut tx = scene.db.write(&stamp()).await?;
        let row = sql::READ_HEAD
            .bind(organisation(1))
            .fetch_one(&mut tx)
            .await?;
        let next = row.get::<i64>("last_seq")? + 1;
        sql::SET_HEAD
            .bind(organisation(1))
            .bind(next)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    };
    let nodes = [&one, &two].into_iter().cycle().take(30);
    try_join_all(nodes.map(count)).await.unwrap();
    assert_eq!(
        one.lines(&sql::HEADS).await,
        [format!("{} 30", organisation(1))]
    );
}

#[rstest]
#[tokio::test]
async fn a_reader_does_not_wait_for_a_writer_and_sees_what_was_committed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut tx = scene.write().await;
    sql::PUT_KEY.bind("mine").execute(&mut tx).await.unwrap();
    assert!(scene.lines(&sql::KEYS).await.is_empty());
    assert_eq!(lines(&mut tx, &sql::KEYS).await, ["mine"]);
    tx.commit().await.unwrap();
    assert_eq!(scene.lines(&sql::KEYS).await, ["mine"]);
}

#[rstest]
#[tokio::test]
async fn a_snapshot_shows_one_instant_whoever_writes_meanwhile(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let reader = scene.db.read().await.unwrap();
    let mut snapshot = reader.snapshot().await.unwrap();
    assert!(lines(&mut snapshot, &sql::KEYS).await.is_empty());
    let mut tx = scene.write().await;
    sql::PUT_KEY.bind("late").execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(scene.lines(&sql::KEYS).await, ["late"]);
    assert!(lines(&mut snapshot, &sql::KEYS).await.is_empty());
    let refused = sql::PUT_KEY.bind("own").execute(&mut snapshot).await;
    assert!(refused.is_err(), "it only reads");
    drop(snapshot);
    // more often than there are connections: none of them is still in the past
    let mut readers = Vec::new();
    for _ in 0..4 {
        readers.push(scene.db.read().await.unwrap());
    }
    for reader in &mut readers {
        assert_eq!(lines(reader, &sql::KEYS).await, ["late"]);
    }
}

#[rstest]
#[tokio::test]
async fn a_key_that_is_taken_is_a_conflict_and_no_fault_of_the_database(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut tx = scene.write().await;
    sql::PUT_KEY.bind("twice").execute(&mut tx).await.unwrap();
    let refused = sql::PUT_KEY
        .bind("twice")
        .execute(&mut tx)
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused:?}");
    assert!(!refused.is_transient());
}

#[tokio::test]
async fn the_shares_of_a_sqlite_file_have_one_writer_among_them() {
    let scene = Scene::open(Engine::Sqlite).await;
    let other = scene.database.open("another").await.unwrap();
    let stamp = stamp();
    let held = scene.write().await;
    assert!(other.write(&stamp).now_or_never().is_none());
    drop(held);
    assert!(other.write(&stamp).await.is_ok());
}

#[tokio::test]
async fn readers_of_a_sqlite_file_map_it_and_its_writer_does_not() {
    let scene = Scene::open(Engine::Sqlite).await;
    let mapped = |row: store::Row| row.get::<i64>("mmap_size").unwrap();
    let mut reader = scene.db.read().await.unwrap();
    assert!(mapped(MAPPED.query().fetch_one(&mut reader).await.unwrap()) > 1 << 30);
    let mut tx = scene.write().await;
    assert_eq!(mapped(MAPPED.query().fetch_one(&mut tx).await.unwrap()), 0);
}
