//! A courier behind a PostgreSQL that falls silent and closes nothing.

use std::{cell::Cell, time::Duration};

use contract::Secret;
use futures_util::future::join;
use invite_dispatcher::{Courier, CourierMetrics, CourierTiming, MailOptions, Rates};
use kernel::{Pace, Work as _};
use rstest::rstest;
use store::{Database, DatabaseOptions};
use testkit::{Engine, PostgresServer, TcpProxy};
use tokio::{net::TcpListener, time::timeout};

use crate::{
    outage::until_idle,
    posted::{self, number, open, run},
    scene::Scene,
    sql,
    taken_over::{relay, some},
};

/// How long the database may be silent here.
const SILENCE: Duration = Duration::from_secs(1);
/// A step that takes longer never ends.
const SOON: Duration = Duration::from_secs(20);

/// A courier with one connection to whoever listens, whose database is behind a wire.
async fn behind_a_wire(
    scene: &Scene,
    listener: &TcpListener,
    idle: Duration,
) -> (Courier, TcpProxy) {
    let server = PostgresServer::shared().address();
    let proxy = TcpProxy::start(server.clone());
    let url = scene.url().replace(&server, &proxy.address().to_string());
    let mut options = DatabaseOptions::new(Secret::new(url), scene.clock.clone());
    options.silence = SILENCE;
    let database = Database::connect(&options).await.unwrap();
    let db = database.open("courier").await.unwrap();
    let url = Secret::new(format!("smtp://{}", listener.local_addr().unwrap()));
    let options = MailOptions::parse(&url, "Usher <usher@mail.example>").unwrap();
    let options = options.with_rates(Rates {
        connections: 1,
        ..Rates::default()
    });
    let metrics = CourierMetrics::unscraped().unwrap();
    let (clock, vault) = (scene.clock.clone(), scene.vault.clone());
    let courier = Courier::new(db, clock, vault, options, metrics).with_timing(CourierTiming {
        look: Duration::ZERO,
        idle,
        ..CourierTiming::default()
    });
    (courier, proxy)
}

#[rstest]
#[case::that_speaks_again_after_it_was_asked("select")]
#[case::that_speaks_again_after_it_has_committed("COMMIT")]
#[actix_rt::test]
async fn a_courier_goes_on_behind_a_database(#[case] falls_silent_after: &str) {
    let (_sink, scene, house) = open(Engine::Postgres).await;
    let ids = some(&scene, house, 5).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (mut courier, proxy) = behind_a_wire(&scene, &listener, Duration::ZERO).await;
    let refused = Cell::new(0);
    let silence = async { proxy.hold_replies_after(falls_silent_after) };
    let work = async {
        loop {
            match timeout(SOON, courier.work()).await.unwrap() {
                Ok(Pace::Again) => {}
                Ok(_) => break,
                Err(_) => {
                    refused.set(refused.get() + 1);
                    proxy.restore();
                }
            }
        }
        courier.finish().await;
    };
    let ((), mails) = join(work, relay(listener, silence)).await;
    assert!(refused.get() > 0, "it was silent");
    assert_eq!(mails, 5, "one each");
    for id in ids {
        let look = scene.see(id).await;
        assert_eq!(
            (look.state.as_str(), look.attempts, look.crashes),
            ("sent", 1, 0),
            "{look:?}"
        );
    }
}

#[rstest]
#[case::and_goes_on(true)]
#[case::and_is_to_end(false)]
#[actix_rt::test]
async fn what_a_courier_took_without_an_answer_goes_back_and_leaves_once(#[case] goes_on: bool) {
    let (sink, scene, _) = open(Engine::Postgres).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (mut courier, proxy) = behind_a_wire(&scene, &listener, SOON).await;
    // It has its share before there is anything for the relay.
    let broken = scene.queue("proof:0").await;
    run(&scene, sql::BREAK.bind(broken)).await;
    until_idle(&mut courier).await;
    assert!(scene.look(broken).await.is_failed);
    let house = scene.house().await;
    let ids = some(&scene, house, 5).await;
    let letter = scene.queue("proof:1").await;
    proxy.hold_replies_after("COMMIT");
    let is_held = Cell::new(false);
    let held = async {
        proxy.wait_held(SOON).await;
        is_held.set(true);
    };
    let lose = async { while courier.work().await.is_ok() || !is_held.get() {} };
    join(lose, held).await;
    for id in &ids {
        assert_eq!(scene.see(*id).await.state, "sending", "it was committed");
    }
    assert!(scene.look(letter).await.lease.is_some());
    proxy.restore();
    if goes_on {
        until_idle(&mut courier).await;
    } else {
        courier.finish().await;
    }
    for id in &ids {
        let look = scene.see(*id).await;
        assert!(look.is_untouched(), "{look:?}");
    }
    let look = scene.look(letter).await;
    assert_eq!((look.lease, look.attempts, look.unknowns), (None, 0, 0));
    run(&scene, posted::FORGET_COURIERS.query()).await;
    scene.deliver().await;
    assert_eq!(sink.messages().len(), 6, "one each");
    for id in ids {
        let look = scene.see(id).await;
        assert_eq!(
            (look.state.as_str(), look.attempts, look.crashes),
            ("sent", 1, 0),
            "{look:?}"
        );
    }
    let look = scene.look(letter).await;
    assert!(look.is_sent, "{look:?}");
    assert_eq!((look.attempts, look.unknowns), (1, 0), "{look:?}");
    assert_eq!(number(&scene, posted::NOTED.query(), "n").await, 0);
}
