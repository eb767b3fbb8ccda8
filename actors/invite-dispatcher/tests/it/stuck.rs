//! What would hold mail up for good, or for no reason.

use std::{cell::Cell, time::Duration};

use contract::{Clock as _, Secret, Stamp, ids::InviteId};
use invite_dispatcher::{Courier, CourierTiming, MailOptions, Rates};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::{Engine, SmtpAct, SmtpAt, SmtpScript, SmtpSink, eventually};
use tokio::time::timeout;

use crate::{
    posted::{self, House, number, run},
    scene::{Scene, proof},
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
    scene
        .courier_as(options.unwrap().with_rates(rates))
        .with_timing(patience())
}

fn patience() -> CourierTiming {
    CourierTiming {
        idle: Duration::from_mins(1),
        ..CourierTiming::default()
    }
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
    #[values(true, false)] is_reminder: bool,
) {
    let script = SmtpScript::new().on(move |moment| {
        (moment.at == SmtpAt::Rcpt)
            .then(|| SmtpAct::reply(reply).after(Duration::from_millis(1_500)))
    });
    let (sink, scene, house) = with(engine, script).await;
    let id = scene.invite(house, "ann@uni.edu").await;
    if is_reminder {
        run(&scene, posted::REMIND.bind(id)).await;
    }
    let mut courier = patient(&scene, &sink, Rates::default());
    let cancel = async {
        eventually(SOON, "the invite is on its way", async || {
            sink.commands("RCPT") > 0
        })
        .await;
        assert_eq!(scene.see(id).await.state, "sending");
        run(&scene, posted::CANCEL.bind(id)).await;
    };
    let work = async {
        while number(&scene, posted::FINISHED.query(), "n").await == 0 {
            courier.work().await.unwrap();
        }
    };
    let both = async { tokio::join!(work, cancel) };
    timeout(SOON, both).await.unwrap();
    let look = scene.see(id).await;
    let state = if is_reminder { "sent" } else { "cancelled" };
    assert_eq!((look.state.as_str(), look.due_in), (state, None));
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
    let mut enlister = scene.enlister();
    while enlister.work().await.unwrap() == Pace::Again {}
    assert_eq!(scene.see(waits).await.state, "cancelled");
    assert_eq!(scene.see(taken).await.state, "queued", "left alone");
    tx.commit().await.unwrap();
    while enlister.work().await.unwrap() == Pace::Again {}
    let look = scene.see(taken).await;
    assert!(look.state == "sending" && look.is_leased, "{look:?}");
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

#[rstest]
#[actix_rt::test]
async fn a_letter_goes_before_the_invites_that_wait_for_a_connection(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    // Many are taken while the relay is fast; then it slows down.
    let script = SmtpScript::new().on(|moment| {
        let is_slow = moment.at == SmtpAt::Dot && moment.message > 40;
        is_slow.then(|| SmtpAct::later(Duration::from_millis(150)))
    });
    let (sink, scene, house) = with(engine, script).await;
    for n in 0..99 {
        scene.invite(house, &format!("p{n}@uni.edu")).await;
    }
    let rates = Rates {
        connections: 1,
        ..Rates::default()
    };
    let mut courier = patient(
        &scene,
        &sink,
        Rates {
            per_second: 0,
            ..rates
        },
    );
    let place = || {
        let mails = sink.messages();
        let is_letter = |mail: &testkit::Mail| mail.recipients == ["eve@hill.edu"];
        mails.iter().position(is_letter)
    };
    let work = async {
        while place().is_none() {
            courier.work().await.unwrap();
        }
    };
    let queue = async {
        sink.wait_for(42, SOON).await;
        scene
            .queue_to("proof:1", "eve@hill.edu", proof("Eve"))
            .await;
    };
    let both = async { tokio::join!(work, queue) };
    timeout(SOON, both).await.unwrap();
    let place = place().unwrap();
    assert!(place < 62, "{place} were before it");
    courier.finish().await;
}

#[rstest]
#[actix_rt::test]
async fn a_mail_that_cannot_be_composed_does_not_tell_that_the_relay_takes_mail(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let script = SmtpScript::new().on(|moment| {
        let away = || SmtpAct::reply("451 4.3.0 local error");
        (moment.at == SmtpAt::Mail).then(away)
    });
    let (sink, scene, house) = with(engine, script).await;
    for n in 0..6 {
        scene.invite(house, &format!("p{n}@uni.edu")).await;
    }
    let mut courier = scene.courier_of("another").with_timing(patience());
    while number(&scene, posted::STOPPED.query(), "n").await == 0 {
        courier.work().await.unwrap();
    }
    // Sooner or later the mail that tries is one that does not open under this key.
    let letter = scene.queue("proof:1").await;
    let mut before = sink.commands("MAIL");
    let tries = async {
        while !scene.look(letter).await.is_failed {
            before = sink.commands("MAIL");
            courier.work().await.unwrap();
        }
        while sink.commands("MAIL") == before {
            courier.work().await.unwrap();
        }
    };
    timeout(SOON, tries).await.unwrap();
    courier.finish().await;
    assert_eq!(sink.commands("MAIL"), before + 1, "one tries at a time");
}
