//! A database that falls silent and closes nothing: each wait for it ends, and the next goes another way.

use std::{future::Future, time::Duration};

use contract::{Kind, ManualClock, Problem, Secret, events::Event};
use futures_util::FutureExt as _;
use rstest::rstest;
use store::{Connection, Database, DatabaseOptions, Db, StoreError};
use testkit::{Engine, PostgresServer, TcpProxy, eventually};
use tokio::time::timeout;

use crate::{
    scene::{NOON, Scene, lines, organisation, stamp},
    sql,
};

/// How long the database may be silent here.
const SILENCE: Duration = Duration::from_secs(1);
/// What takes longer never ends.
const PATIENCE: Duration = Duration::from_secs(20);

store::statements! {
    /// Who answers.
    BACKEND = "select cast(pg_backend_pid() as text) as line";

    /// After how many seconds the server misses a client.
    MISSED = "
        select cast(cast(current_setting('tcp_keepalives_idle') as bigint)
            + cast(current_setting('tcp_keepalives_interval') as bigint)
            * cast(current_setting('tcp_keepalives_count') as bigint) as text)
            || ' ' || current_setting('tcp_user_timeout') as line";
}

/// A database, and the same behind a wire, with so many connections.
async fn behind_a_wire(connections: u32) -> (Scene, TcpProxy, Db) {
    let scene = Scene::open(Engine::Postgres).await;
    let server = PostgresServer::shared().address();
    let proxy = TcpProxy::start(server.clone());
    let url = scene.url().replace(&server, &proxy.address().to_string());
    let mut options = DatabaseOptions::new(Secret::new(url), ManualClock::at(NOON));
    options.connections = connections;
    options.silence = SILENCE;
    let database = Database::connect(&options).await.unwrap();
    let db = database.open("test").await.unwrap();
    (scene, proxy, db)
}

/// What ends, as everything should.
async fn ends<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.unwrap()
}

async fn backend(on: &mut impl Connection) -> String {
    ends(lines(on, &BACKEND)).await.concat()
}

/// Whether what was asked is known not to have an answer.
fn is_unavailable<T>(answer: Result<T, StoreError>) -> bool {
    let Err(error) = answer else { return false };
    matches!(error, StoreError::Unavailable(_)) && Problem::from(error).kind == Kind::Unavailable
}

/// A way to ask something.
#[derive(Clone, Copy, Debug)]
enum Way {
    All,
    Optional,
    Execute,
    Prepare,
}

impl Way {
    async fn ask(self, on: &mut impl Connection) -> Result<(), StoreError> {
        match self {
            Self::All => sql::KEYS.fetch_all(on).await.map(drop),
            Self::Optional => sql::KEYS.query().fetch_optional(on).await.map(drop),
            Self::Execute => sql::KEYS.query().execute(on).await.map(drop),
            Self::Prepare => sql::KEYS.prepare(on).await,
        }
    }
}

#[rstest]
#[case::of_a_reader(Way::All, false)]
#[case::of_a_reader_for_a_row(Way::Optional, false)]
#[case::of_a_transaction(Way::Execute, true)]
#[case::of_a_transaction_that_only_prepares(Way::Prepare, true)]
#[tokio::test]
async fn a_statement_without_an_answer_ends_and_the_next_goes_over_another_connection(
    #[case] way: Way,
    #[case] is_writing: bool,
) {
    let (_scene, proxy, db) = behind_a_wire(1).await;
    let before = if is_writing {
        let mut tx = db.write(&stamp()).await.unwrap();
        let before = backend(&mut tx).await;
        proxy.hold_replies_after("installation_keys");
        assert!(is_unavailable(ends(way.ask(&mut tx)).await));
        // Nobody waits for it a second time, and COMMIT is not said.
        proxy.restore();
        assert!(is_unavailable(way.ask(&mut tx).now_or_never().unwrap()));
        assert!(is_unavailable(tx.commit().now_or_never().unwrap()));
        before
    } else {
        let mut reader = db.read().await.unwrap();
        let before = backend(&mut reader).await;
        proxy.hold_replies_after("installation_keys");
        assert!(is_unavailable(ends(way.ask(&mut reader)).await));
        proxy.restore();
        before
    };
    let mut reader = ends(db.read()).await.unwrap();
    assert_ne!(backend(&mut reader).await, before);
    ends(way.ask(&mut reader)).await.unwrap();
}

#[tokio::test]
async fn a_commit_without_an_answer_is_unknown() {
    let (scene, proxy, db) = behind_a_wire(1).await;
    let mut tx = db.write(&stamp()).await.unwrap();
    sql::PUT_KEY.bind("written").execute(&mut tx).await.unwrap();
    tx.publish(organisation(1), Event::OrganisationCreated);
    proxy.hold_replies_after("COMMIT");
    let unknown = ends(tx.commit()).await.unwrap_err();
    assert!(
        matches!(unknown, StoreError::CommitUnknown(_)),
        "{unknown:?}"
    );
    let committed = async || scene.lines(&sql::KEYS).await == ["written"];
    eventually(PATIENCE, "the server has committed", committed).await;
    proxy.restore();
    let mut tx = ends(db.write(&stamp())).await.unwrap();
    sql::PUT_KEY.bind("another").execute(&mut tx).await.unwrap();
    ends(tx.commit()).await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_never_begins_ends() {
    let (_scene, proxy, db) = behind_a_wire(1).await;
    proxy.hold_replies_after("begin");
    assert!(is_unavailable(ends(db.write(&stamp())).await));
    proxy.hold_replies_after("nothing that is said");
    ends(db.write(&stamp())).await.unwrap();
    let reader = ends(db.read()).await.unwrap();
    proxy.hold_replies_after("begin");
    assert!(is_unavailable(ends(reader.snapshot()).await));
    proxy.restore();
    ends(db.read()).await.unwrap();
}

#[tokio::test]
async fn connections_that_were_idle_while_the_host_vanished_are_replaced() {
    let (_scene, proxy, db) = behind_a_wire(3).await;
    let (mut one, mut two) = (db.read().await.unwrap(), db.read().await.unwrap());
    let before = [backend(&mut one).await, backend(&mut two).await];
    drop((one, two));
    proxy.forget();
    // Held together: each is another.
    let (mut one, mut two) = (db.read().await.unwrap(), db.read().await.unwrap());
    let mut three = db.read().await.unwrap();
    for reader in [&mut one, &mut two, &mut three] {
        assert!(!before.contains(&backend(reader).await));
    }
}

/// What somebody has of the database as it vanishes.
#[derive(Clone, Copy, Debug)]
enum Has {
    Reader,
    Snapshot,
    Transaction,
    /// Of which nobody waits for the end.
    Statement,
}

#[rstest]
#[tokio::test]
async fn whoever_gives_a_connection_to_a_host_that_vanished_back_keeps_no_place_in_the_pool(
    #[values(Has::Reader, Has::Snapshot, Has::Transaction, Has::Statement)] has: Has,
) {
    let (_scene, proxy, db) = behind_a_wire(1).await;
    let mut reader = None;
    let mut tx = None;
    match has {
        Has::Reader | Has::Statement => reader = Some(db.read().await.unwrap()),
        Has::Snapshot => reader = Some(db.read().await.unwrap().snapshot().await.unwrap()),
        Has::Transaction => tx = Some(db.write(&stamp()).await.unwrap()),
    }
    proxy.forget();
    if matches!(has, Has::Statement) {
        let asked = sql::KEYS.fetch_all(reader.as_mut().unwrap()).now_or_never();
        assert!(asked.is_none(), "nobody answers");
    }
    drop((reader, tx));
    let mut reader = ends(db.read()).await.unwrap();
    ends(sql::KEYS.fetch_all(&mut reader)).await.unwrap();
}

#[tokio::test]
async fn the_server_misses_a_node_that_vanished_and_does_not_keep_its_locks() {
    let (_scene, _proxy, db) = behind_a_wire(1).await;
    let mut reader = db.read().await.unwrap();
    assert_eq!(lines(&mut reader, &MISSED).await, ["25 25000"]);
}
