//! Whoever is killed, and whichever wire is cut: each event once, in order.

use std::{thread, time::Duration};

use kernel::Work as _;
use outbox_relay::Relay;
use rstest::rstest;
use testkit::{Engine, NatsServer, PostgresServer, TcpProxy, eventually};

use crate::{
    house::{House, settle},
    stream::{holds_exactly_the_events, make_forgetful},
};

const SOON: Duration = Duration::from_secs(30);

/// Works on through failures until everything is published.
async fn recover(relay: &mut Relay) {
    eventually(SOON, "the relay has published everything", async || {
        settle(relay).await.is_ok()
    })
    .await;
}

#[rstest]
#[actix_rt::test]
async fn a_relay_that_dies_before_it_notes_anything_is_continued(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nats = NatsServer::start();
    make_forgetful(&nats.url()).await;
    let house = House::open(engine).await;
    house.commit(house.ours, 30).await;
    house.commit(house.theirs, 3).await;
    let mut relay = house.relay(&nats.url()).await;
    settle(&mut relay).await.unwrap();
    drop(relay);
    house.forget_beyond(0).await;
    house.end_leases().await;
    house.commit(house.ours, 5).await;

    settle(&mut house.relay(&nats.url()).await).await.unwrap();
    holds_exactly_the_events(&house, &nats.url()).await;
}

#[rstest]
#[case::and_dies(true)]
#[case::and_lives_on(false)]
#[actix_rt::test]
async fn a_relay_that_never_hears_the_acknowledgements_publishes_nothing_twice(#[case] dies: bool) {
    let nats = NatsServer::start();
    make_forgetful(&nats.url()).await;
    let house = House::open(Engine::Postgres).await;
    let proxy = TcpProxy::start(nats.url().replace("nats://", ""));
    let mut relay = house.relay(&format!("nats://{}", proxy.address())).await;
    settle(&mut relay).await.unwrap();
    house.commit(house.ours, 50).await;

    proxy.hold_replies_after("organisation-updated");
    let lose = async {
        proxy.wait_held(SOON).await;
        eventually(SOON, "all of them are in the stream", async || {
            let stream = crate::stream::stream(&nats.url()).await;
            stream.cached_info().state.messages == 50
        })
        .await;
        proxy.cut();
    };
    let (worked, ()) = tokio::join!(relay.work(), lose);
    assert!(worked.is_err());
    assert_eq!(house.behind().await, 1, "nothing is noted");
    proxy.restore();
    house.commit(house.ours, 5).await;
    if dies {
        relay = house.relay(&nats.url()).await;
        house.end_leases().await;
    }
    recover(&mut relay).await;
    holds_exactly_the_events(&house, &nats.url()).await;
}

#[rstest]
#[actix_rt::test]
async fn a_relay_that_cannot_reach_the_stream_leaves_it_to_another(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nats = NatsServer::start();
    let house = House::open(engine).await;
    let proxy = TcpProxy::start(nats.url().replace("nats://", ""));
    let mut relay = house.relay(&format!("nats://{}", proxy.address())).await;
    let mut other = house.relay(&nats.url()).await;
    settle(&mut relay).await.unwrap();
    house.commit(house.ours, 20).await;
    settle(&mut other).await.unwrap();
    assert_eq!(house.behind().await, 1, "the other stands by");

    proxy.cut();
    assert!(relay.work().await.is_err());
    settle(&mut other).await.unwrap();
    holds_exactly_the_events(&house, &nats.url()).await;
}

#[rstest]
#[case::before_it_is_noted("update event_heads", 1)]
#[case::when_it_is_noted("COMMIT", 0)]
#[actix_rt::test]
async fn a_database_that_goes_away_after_the_publishing_makes_nothing_come_twice(
    #[case] needle: &str,
    #[case] behind: i64,
) {
    let nats = NatsServer::start();
    make_forgetful(&nats.url()).await;
    let house = House::open(Engine::Postgres).await;
    let server = PostgresServer::shared().address();
    let proxy = TcpProxy::start(server.clone());
    let through = house.url().replace(&server, &proxy.address().to_string());
    let db = house.db_at(&through).await;
    let mut relay = house.relay_on(db, &nats.url()).await;
    settle(&mut relay).await.unwrap();
    house.commit(house.ours, 50).await;

    proxy.hold_replies_after(needle);
    let lose = async {
        proxy.wait_held(SOON).await;
        eventually(SOON, "the database has done what it was told", async || {
            house.behind().await == behind
        })
        .await;
        proxy.cut();
    };
    let (worked, ()) = tokio::join!(relay.work(), lose);
    assert!(worked.is_err());
    house.commit(house.ours, 5).await;
    assert!(relay.work().await.is_err(), "the database is away");
    proxy.restore();
    recover(&mut relay).await;
    holds_exactly_the_events(&house, &nats.url()).await;
}

#[rstest]
#[actix_rt::test]
async fn a_server_that_is_killed_and_restarted_has_each_event_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut nats = NatsServer::start();
    make_forgetful(&nats.url()).await;
    let house = House::open(engine).await;
    let mut relay = house.relay(&nats.url()).await;
    house.commit(house.ours, 20).await;
    settle(&mut relay).await.unwrap();

    nats.kill();
    house.commit(house.ours, 20).await;
    house.commit(house.theirs, 20).await;
    assert!(relay.work().await.is_err());
    assert_eq!(house.number("usher_relay_unpublished"), "40");
    nats.restart();
    recover(&mut relay).await;
    holds_exactly_the_events(&house, &nats.url()).await;
}

#[rstest]
#[actix_rt::test]
async fn a_server_that_is_killed_while_it_stores_has_each_event_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut nats = NatsServer::start();
    make_forgetful(&nats.url()).await;
    let house = House::open(engine).await;
    let mut relay = house.relay(&nats.url()).await;
    for _ in 0..3 {
        house.commit(house.ours, 900).await;
        house.commit(house.theirs, 50).await;
        let url = nats.url();
        let killer = thread::spawn(move || {
            nats.restart();
            nats
        });
        // Whether the kill comes before, between or after is the point.
        let _ = relay.work().await;
        let _ = relay.work().await;
        nats = killer.join().unwrap();
        recover(&mut relay).await;
        holds_exactly_the_events(&house, &url).await;
    }
}
