//! What would hold mail up for good, or for no reason.

use std::{cell::Cell, time::Duration};

use contract::{Clock as _, Secret, Stamp, ids::InviteId};
use invite_dispatcher::{Courier, CourierTiming, Enlister, MailOptions, Rates};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::{Engine, SmtpAct, SmtpAt, SmtpScript, SmtpSink, eventually};
use tokio::time::timeout;

use crate::{
    posted::{self, House, number, run},
    scene::Scene,
};

/// Long enough for a busy machine and the pauses of a courier; nothing takes it when all is well.
const SOON: Duration = Duration::from_secs(30);

async fn with(engine: Engine, script: SmtpScript) -> (SmtpSink, Scene, House) {
    let sink = SmtpSink::start_with(script);
    let scene = Scene::sending(engine, &sink).await;
    let house = scene.house().await;
    (sink, scene, house)
}

/// A courier that keeps its connections while nothing is due.
fn patient(scene: &Scene, sink: &SmtpSink, rates: Rates) -> Courier {
    let options = MailOptions::parse(&Secret::new(sink.url()), "Usher <usher@mail.example>");
    let timing = CourierTiming {
        idle: Duration::from_mins(1),
        ..CourierTiming::default()
    };
    scene
        .courier_as(options.unwrap().with_rates(rates))
        .with_timing(timing)
}

async fn until_sent(scene: &Scene, courier: &mut Courier, id: InviteId) {
    let sent = async {
        while scene.see(id).await.state != "sent" {
            courier.work().await.unwrap();
        }
    };
    timeout(SOON, sent).await.unwrap();
}

#[rstest]
#[actix_rt::test]
async fn a_mail_that_tries_and_finds_its_connection_gone_tries_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    // It is full at the first message, and has closed by the time that the second comes.
    let script = SmtpScript::new().on(|moment| match (moment.connection, moment.at) {
        (1, SmtpAt::Dot) => Some(SmtpAct::reply(
            "454 4.7.0 Throttling failure: rate exceeded",
        )),
        (1, SmtpAt::Mail) if moment.message > 1 => {
            Some(SmtpAct::reply("421 4.4.2 idle for too long").and_close())
        }
        _ => None,
    });
    let (sink, scene, house) = with(engine, script).await;
    let id = scene.invite(house, "ann@uni.edu").await;
    let rates = Rates {
        connections: 1,
        ..Rates::default()
    };
    let mut courier = patient(&scene, &sink, rates);
    until_sent(&scene, &mut courier, id).await;
    courier.finish().await;
    assert_eq!((sink.connections(), sink.commands("MAIL")), (2, 3));
}

#[rstest]
#[case::deferred("451 4.7.1 Greylisted, come back later")]
#[case::throttled("450 4.7.0 too many messages, try again in 5 minutes")]
#[actix_rt::test]
async fn an_invite_that_is_cancelled_on_its_way_and_not_taken_is_over(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] reply: &'static str,
) {
    let script = SmtpScript::new().on(move |moment| {
        (moment.at == SmtpAt::Rcpt)
            .then(|| SmtpAct::reply(reply).after(Duration::from_millis(1_500)))
    });
    let (sink, scene, house) = with(engine, script).await;
    let id = scene.invite(house, "ann@uni.edu").await;
    let mut courier = patient(&scene, &sink, Rates::default());
    let cancel = async {
        eventually(SOON, "the invite is on its way", async || {
            sink.commands("RCPT") > 0
        })
        .await;
        assert_eq!(scene.see(id).await.state, "sending");
        run(&scene, posted::CANCEL_SENDING.bind(id)).await;
    };
    let work = async {
        while number(&scene, posted::FINISHED.query(), "n").await == 0 {
            courier.work().await.unwrap();
        }
    };
    let both = async { tokio::join!(work, cancel) };
    timeout(SOON, both).await.unwrap();
    let look = scene.see(id).await;
    assert_eq!((look.state.as_str(), look.due_in), ("cancelled", None));
    assert_eq!((look.reason.as_str(), look.reply.as_str()), ("", reply));
    courier.finish().await;
}

#[rstest]
#[case::on_a_connection_that_works("b@hill.edu")]
#[case::on_a_fresh_one("a@hill.edu")]
#[actix_rt::test]
async fn a_recipient_that_ends_the_connection_waits_and_holds_up_nobody(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] shy: &'static str,
) {
    let script = SmtpScript::new().on(move |moment| {
        let is_shy = moment.at == SmtpAt::Rcpt && moment.recipient == shy;
        is_shy.then(|| SmtpAct::reply("421 4.7.0 greylisted").and_close())
    });
    let (sink, scene, house) = with(engine, script).await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let email = format!("{name}@hill.edu");
        ids.push((email == shy, scene.invite(house, &email).await));
    }
    let rates = Rates {
        connections: 1,
        ..Rates::default()
    };
    let mut courier = patient(&scene, &sink, rates);
    for (is_shy, id) in &ids {
        if !is_shy {
            until_sent(&scene, &mut courier, *id).await;
        }
    }
    let told = number(&scene, posted::STOPPED.query(), "n").await;
    assert_eq!(told, 0, "the relay is not away");
    courier.finish().await;
    for (is_shy, id) in ids {
        let look = scene.see(id).await;
        let state = if is_shy { "deferred" } else { "sent" };
        assert_eq!((look.state.as_str(), look.attempts), (state, 1), "{look:?}");
        assert!(!is_shy || look.waits(1), "{look:?}");
    }
    assert_eq!(sink.connections(), 2);
}

/// SQLite has one writer at a time: there, nobody comes in between.
#[actix_rt::test]
async fn what_a_courier_takes_while_its_batch_is_cancelled_stays_on_its_way() {
    let (_sink, scene, house) = with(Engine::Postgres, SmtpScript::new()).await;
    let taken = scene.invite(house, "ann@uni.edu").await;
    let waits = scene.invite(house, "bob@uni.edu").await;
    run(&scene, posted::CANCEL_BATCH.bind(house.batch)).await;
    let stamp = Stamp {
        now: scene.clock.now(),
        actor: "operator".to_owned(),
        request_id: "fixture".to_owned(),
    };
    let mut tx = scene.db.write(&stamp).await.unwrap();
    posted::TAKE.bind(taken).execute(&mut tx).await.unwrap();
    let mut enlister = Enlister::new(scene.db.clone(), scene.clock.clone(), scene.woken.clone());
    let withdraw = async { while enlister.work().await.unwrap() == Pace::Again {} };
    let commit = async {
        eventually(SOON, "the withdrawal waits for the courier", async || {
            number(&scene, posted::WAITING.query(), "n").await > 0
        })
        .await;
        tx.commit().await.unwrap();
    };
    tokio::join!(withdraw, commit);
    let look = scene.see(taken).await;
    assert!(look.state == "sending" && look.is_leased, "{look:?}");
    assert_eq!(scene.see(waits).await.state, "cancelled");
}

#[rstest]
#[actix_rt::test]
async fn a_courier_that_comes_second_gets_its_half_while_the_first_is_busy(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let script = SmtpScript::new().on(|moment| {
        (moment.at == SmtpAt::Dot).then(|| SmtpAct::later(Duration::from_millis(200)))
    });
    let (sink, scene, house) = with(engine, script).await;
    for n in 0..300 {
        scene.invite(house, &format!("p{n}@uni.edu")).await;
    }
    let rates = Rates {
        per_second: 400,
        connections: 10,
        ..Rates::default()
    };
    let (mut first, mut second) = (patient(&scene, &sink, rates), patient(&scene, &sink, rates));
    while sink.open() < 10 {
        first.work().await.unwrap();
    }
    let is_over = Cell::new(false);
    let work = async |courier: &mut Courier| {
        while !is_over.get() {
            courier.work().await.unwrap();
        }
    };
    let watch = async {
        eventually(SOON, "each has half", async || {
            number(&scene, posted::LEAST.query(), "connections").await == 5
        })
        .await;
        is_over.set(true);
    };
    tokio::join!(work(&mut first), work(&mut second), watch);
    assert_eq!(number(&scene, posted::LEAST.query(), "n").await, 2);
    assert!(sink.messages().len() < 300, "there is still mail");
    assert!(sink.most_open() <= 10, "{}", sink.most_open());
    first.finish().await;
    second.finish().await;
}
