//! A courier that ends while it hands a letter over.

use std::{cell::Cell, net::TcpListener, time::Duration};

use contract::ids::MailId;
use futures_util::{
    FutureExt as _,
    future::{join, join_all},
    select_biased,
};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::{Engine, Log, SmtpSink, eventually};
use tokio::sync::Notify;

use crate::{
    outage::{courier, until_idle},
    posted::{self, run},
    scene::Scene,
    sql,
    taken_over::relay,
};

/// Long enough for a busy machine; nothing takes it when all is well.
const SOON: Duration = Duration::from_secs(20);

impl Scene {
    /// A courier takes the letter and ends before the relay has said a word.
    async fn crash_while_sending(&self, id: MailId) {
        // Connections are taken by the system, and nobody ever greets.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut courier = self.courier_to(&format!("smtp://{}", silent.local_addr().unwrap()));
        let taken = eventually(SOON, "the letter is taken", async || {
            self.look(id).await.lease.is_some_and(|lease| lease > 0)
        });
        let work = async { while courier.work().await.unwrap() == Pace::Again {} };
        select_biased! {
            () = work.fuse() => panic!("it waits for a greeting"),
            () = taken.fuse() => {}
        }
        // What it had of the relay is over some seconds later; its lease is not.
        run(self, posted::FORGET_COURIERS.query()).await;
    }
}

#[rstest]
#[actix_rt::test]
async fn a_letter_is_taken_over_when_the_lease_of_a_dead_courier_is_over(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    let id = scene.queue("proof:1").await;
    scene.crash_while_sending(id).await;
    scene.deliver_later().await;
    let lease = scene.look(id).await.lease.unwrap();
    assert!((150_000_000..=180_000_000).contains(&lease), "{lease}");
    assert!(sink.messages().is_empty(), "it may still be on its way");

    scene.write(&sql::END_LEASES).await;
    scene.deliver().await;
    let look = scene.look(id).await;
    assert!(look.is_sent && look.lease.is_none());
    assert_eq!((look.attempts, look.unknowns), (2, 1));
    assert_eq!(sink.messages().len(), 1);
}

#[rstest]
#[actix_rt::test]
async fn a_letter_on_which_two_couriers_died_is_not_tried_a_third_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    let id = scene.queue("proof:1").await;
    for _ in 0..2 {
        scene.crash_while_sending(id).await;
        scene.write(&sql::END_LEASES).await;
    }
    scene.deliver().await;
    let look = scene.look(id).await;
    assert!(look.is_failed && look.letter.is_empty());
    assert!(look.last_reply.contains("no reply is known"), "{look:?}");
    assert!(sink.messages().is_empty());
}

#[rstest]
#[actix_rt::test]
async fn a_verdict_that_comes_when_others_have_had_the_letter_changes_nothing_and_is_warned_of(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let log = Log::default();
    let _listening = log.listen();
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    let id = scene.queue("proof:1").await;
    let (mut late, listener) = courier(&scene).await;
    let (has_arrived, replies) = (Cell::new(false), Notify::new());
    let holds = async {
        has_arrived.set(true);
        replies.notified().await;
    };
    let work = async {
        while !has_arrived.get() {
            late.work().await.unwrap();
        }
        scene.write(&sql::END_LEASES).await;
        run(&scene, posted::FORGET_COURIERS.query()).await;
        scene.deliver().await;
        let before = scene.rows().await;
        assert!(!log.text().contains("others have had since"));
        replies.notify_one();
        until_idle(&mut late).await;
        late.finish().await;
        assert_eq!(scene.rows().await, before);
    };
    join(work, relay(listener, holds)).await;
    let look = scene.look(id).await;
    assert!(look.is_sent && look.unknowns == 1, "{look:?}");
    let warning = format!("mail: {id}");
    let logged = log.text();
    let told = logged.split_once("others have had since");
    assert!(
        told.is_some_and(|(_, rest)| rest.contains(&warning)),
        "{logged}"
    );
}

#[rstest]
#[actix_rt::test]
async fn many_couriers_send_every_letter_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    for n in 0..20 {
        scene.queue(&format!("proof:{n}")).await;
    }
    let work = (0..6).map(|_| async {
        let mut courier = scene.courier();
        while courier.work().await.unwrap() == Pace::Again {}
    });
    join_all(work).await;
    assert_eq!(sink.messages().len(), 20);
}
