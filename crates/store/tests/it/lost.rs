//! A wire that breaks: before COMMIT nothing happened, during COMMIT nobody knows.

use std::time::Duration;

use contract::{Kind, Problem, Secret, SystemClock, events::Event};
use futures_util::future::join;
use store::{Database, DatabaseOptions, StoreError};
use testkit::{Engine, PostgresServer, TcpProxy, eventually};

use crate::{
    scene::{Scene, connect, organisation, stamp},
    sql,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A database, and the same behind a wire that can be cut.
async fn behind_a_wire() -> (Scene, TcpProxy, Database) {
    let scene = Scene::open(Engine::Postgres).await;
    let server = PostgresServer::shared().address();
    let proxy = TcpProxy::start(server.clone());
    let url = scene.url().replace(&server, &proxy.address().to_string());
    let database = connect(&url).await;
    (scene, proxy, database)
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_unknown_and_may_have_happened() {
    let (scene, proxy, database) = behind_a_wire().await;
    let db = database.open("test").await.unwrap();
    let mut tx = db.write(&stamp()).await.unwrap();
    sql::PUT_KEY.bind("written").execute(&mut tx).await.unwrap();
    tx.publish(organisation(1), Event::OrganisationCreated);
    proxy.hold_replies_after("COMMIT");
    let cut = async {
        let committed = async || scene.lines(&sql::KEYS).await == ["written"];
        eventually(PATIENCE, "the server has committed", committed).await;
        proxy.cut();
    };
    let (committed, ()) = join(tx.commit(), cut).await;
    let unknown = committed.unwrap_err();
    assert!(
        matches!(unknown, StoreError::CommitUnknown(_)),
        "{unknown:?}"
    );
    assert!(unknown.is_transient());
    assert_eq!(scene.lines(&sql::EVENTS).await.len(), 1);
    let problem = Problem::from(unknown);
    assert_eq!((problem.kind, problem.retry_after), (Kind::InDoubt, None));
}

#[tokio::test]
async fn a_connection_that_is_lost_before_the_commit_leaves_nothing() {
    let (scene, proxy, database) = behind_a_wire().await;
    let db = database.open("test").await.unwrap();
    let mut tx = db.write(&stamp()).await.unwrap();
    sql::PUT_KEY.bind("lost").execute(&mut tx).await.unwrap();
    proxy.cut();
    let lost = sql::PUT_KEY
        .bind("more")
        .execute(&mut tx)
        .await
        .unwrap_err();
    assert!(matches!(lost, StoreError::Unavailable(_)), "{lost:?}");
    assert_eq!(Problem::from(lost).kind, Kind::Unavailable);
    drop(tx);
    proxy.restore();
    let mut tx = db.write(&stamp()).await.unwrap();
    sql::PUT_KEY.bind("after").execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(scene.lines(&sql::KEYS).await, ["after"]);
}

#[tokio::test]
async fn a_history_that_cannot_be_written_is_no_unknown_commit() {
    let (scene, proxy, database) = behind_a_wire().await;
    let db = database.open("test").await.unwrap();
    let mut tx = db.write(&stamp()).await.unwrap();
    tx.publish(organisation(1), Event::OrganisationCreated);
    proxy.cut();
    // COMMIT was never said: it is certain that nothing happened.
    let lost = tx.commit().await.unwrap_err();
    assert!(matches!(lost, StoreError::Unavailable(_)), "{lost:?}");
    assert!(scene.lines(&sql::EVENTS).await.is_empty());
}

#[tokio::test]
async fn a_database_that_is_not_there_is_said_to_be_unavailable() {
    let proxy = TcpProxy::start(PostgresServer::shared().address());
    proxy.cut();
    let url = format!("postgres://postgres@{}/nothing", proxy.address());
    let options = DatabaseOptions::new(Secret::new(url), SystemClock::shared());
    let refused = Database::connect(&options).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
}

#[tokio::test]
async fn an_engine_that_is_not_known_is_refused_without_its_url() {
    let url = Secret::new("mysql://root:hunter2@127.0.0.1/usher");
    let options = DatabaseOptions::new(url, SystemClock::shared());
    let refused = Database::connect(&options).await.unwrap_err();
    assert!(matches!(refused, StoreError::UnknownEngine), "{refused:?}");
    assert!(!format!("{refused:?} {refused}").contains("hunter2"));
}
