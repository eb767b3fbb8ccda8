//! What a courier that finds no database does about letters, about batches that are over, and at its end.

use std::{cell::Cell, time::Duration};

use contract::Secret;
use futures_util::future::join;
use invite_dispatcher::{CourierTiming, MailOptions, Rates};
use kernel::Work as _;
use rstest::rstest;
use testkit::Engine;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream},
    net::TcpListener,
    sync::Notify,
};

use crate::{
    invited::begin,
    outage::{courier, fail, until_idle},
    posted::{self, number, open, run},
    sql,
    taken_over::{relay, some},
};

/// Long enough for a busy machine; nothing takes it when all is well.
const SOON: Duration = Duration::from_secs(20);

#[rstest]
#[actix_rt::test]
async fn what_a_courier_knows_of_a_letter_is_written_down_though_its_lease_ran_out_meanwhile(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, _) = open(engine).await;
    let id = scene.queue("proof:1").await;
    let (mut late, listener) = courier(&scene).await;
    let mut other = scene.courier();
    let hide = run(&scene, posted::HIDE_INVITES.query());
    let work = async {
        fail(&mut late, 2).await;
        fail(&mut other, 1).await;
        run(&scene, posted::SHOW_INVITES.query()).await;
        scene.write(&sql::END_LEASES).await;
        until_idle(&mut other).await;
        assert!(sink.messages().is_empty(), "whose it is may not be back");
        until_idle(&mut late).await;
        late.finish().await;
    };
    let ((), mails) = join(work, relay(listener, hide)).await;
    let look = scene.look(id).await;
    assert!(look.is_sent && look.lease.is_none(), "{look:?}");
    assert_eq!((look.attempts, look.unknowns), (1, 0), "{look:?}");
    assert_eq!(mails + sink.messages().len(), 1);
}

#[rstest]
#[actix_rt::test]
async fn a_courier_that_is_to_end_waits_for_the_database_as_long_as_it_may(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_sink, scene, house) = open(engine).await;
    let id = scene.invite(house, "ann@uni.edu").await;
    let (mut late, listener) = courier(&scene).await;
    let mut other = scene.courier();
    let hide = run(&scene, posted::HIDE_INVITES.query());
    let work = async {
        fail(&mut late, 2).await;
        let shows = async {
            // Meanwhile the other has tried in vain, too.
            fail(&mut other, 5).await;
            run(&scene, posted::SHOW_INVITES.query()).await;
        };
        join(Box::pin(late.finish()), shows).await;
        drop(late);
    };
    let ((), mails) = join(work, relay(listener, hide)).await;
    let look = scene.see(id).await;
    assert_eq!(
        (look.state.as_str(), look.attempts),
        ("sent", 1),
        "{look:?}"
    );
    assert_eq!(mails, 1);
}

#[actix_rt::test]
async fn a_history_that_somebody_holds_stops_nobody_elses_mail() {
    let (sink, scene, house) = open(Engine::Postgres).await;
    let other = scene.house().await;
    some(&scene, other, 20).await;
    let mut steers = begin(&scene).await;
    steers.lock_histories(&[house.id]).await.unwrap();
    let mut courier = scene.courier().with_timing(CourierTiming {
        history: Duration::from_millis(20),
        ..CourierTiming::default()
    });
    let work = async {
        while number(&scene, posted::FINISHED.query(), "n").await < 2 {
            courier.work().await.unwrap();
        }
    };
    let commit = async {
        sink.wait_for(20, SOON).await;
        steers.commit().await.unwrap();
    };
    tokio::join!(work, commit);
    courier.finish().await;
}

/// One connection of a relay that takes everything; hangs up where it is told to at what was said.
async fn serve(listener: &TcpListener, mut goes_on: impl AsyncFnMut(&str) -> bool) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufStream::new(stream);
    let (mut line, mut is_body, mut reply) = (String::new(), false, "220 relay\r\n");
    loop {
        stream.write_all(reply.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let said = line.trim_end();
        if is_body && said != "." {
            reply = "";
            continue;
        }
        if !goes_on(said).await {
            return;
        }
        is_body = said == "DATA";
        reply = if is_body {
            "354 go on\r\n"
        } else {
            "250 yes\r\n"
        };
    }
}

#[rstest]
#[actix_rt::test]
async fn what_a_connection_leaves_behind_does_not_begin_on_another_while_the_database_refuses(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_sink, scene, house) = open(engine).await;
    let ids = some(&scene, house, 3).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Secret::new(format!("smtp://{}", listener.local_addr().unwrap()));
    let options = MailOptions::parse(&url, "Usher <usher@mail.example>").unwrap();
    let options = options.with_rates(Rates {
        connections: 2,
        ..Rates::default()
    });
    // Silence alone stops nothing here.
    let mut courier = scene.courier_as(options).with_timing(CourierTiming {
        unanswered: Duration::from_hours(1),
        idle: Duration::from_hours(1),
        ..CourierTiming::default()
    });
    let (is_told, is_refused) = (Notify::new(), Notify::new());
    let (begun, has_hung_up) = (Cell::new(0), Cell::new(false));
    // The second is told of the third mail while the first waits with its reply.
    let first = async {
        serve(&listener, async |said| {
            begun.set(begun.get() + usize::from(said.starts_with("MAIL")));
            if said == "." && begun.get() == 1 {
                is_told.notified().await;
                run(&scene, posted::HIDE_INVITES.query()).await;
            }
            true
        })
        .await;
    };
    let second = async {
        let mut mails = 0;
        serve(&listener, async |said| {
            mails += usize::from(said.starts_with("MAIL"));
            if mails > 1 {
                is_told.notify_one();
                is_refused.notified().await;
                return false;
            }
            true
        })
        .await;
        has_hung_up.set(true);
    };
    let work = async {
        while courier.work().await.is_ok() {}
        is_refused.notify_one();
        let mut since = 0;
        while since < 20 {
            assert!(courier.work().await.is_err());
            since += usize::from(has_hung_up.get());
        }
        assert_eq!(begun.get(), 1, "no other has begun");
        run(&scene, posted::SHOW_INVITES.query()).await;
        while number(&scene, posted::FINISHED.query(), "n").await == 0 {
            courier.work().await.unwrap();
        }
        courier.finish().await;
        drop(courier);
    };
    tokio::join!(first, second, work);
    assert_eq!(begun.get(), 2, "the third went after it");
    for id in ids {
        let look = scene.see(id).await;
        assert_eq!(
            (look.state.as_str(), look.attempts, look.crashes),
            ("sent", 1, 0),
            "{look:?}"
        );
    }
}
