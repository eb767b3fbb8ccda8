//! How long a courier waits for a relay, and keeps what it sends meanwhile.

use std::{cell::Cell, time::Duration};

use contract::Secret;
use futures_util::future::join;
use invite_dispatcher::{CourierTiming, MailOptions, Patience, Rates, Timeouts};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::{Engine, SmtpAct, SmtpAt, SmtpMoment, SmtpScript, SmtpSink};
use tokio::{net::TcpListener, sync::Notify, time::Instant};

use crate::{
    posted::{self, open, run},
    scene::Scene,
    taken_over::relay,
};

const SHORT: Duration = Duration::from_millis(300);
/// Long enough for a busy machine, and far less than any default.
const SOON: Duration = Duration::from_secs(20);

/// One connection to this relay, which is waited for as it says.
fn patient(sink: &SmtpSink, patience: Patience) -> MailOptions {
    let options = MailOptions::parse(&Secret::new(sink.url()), "Usher <usher@mail.example>");
    let rates = Rates {
        connections: 1,
        ..Rates::default()
    };
    options.unwrap().with_rates(rates).with_patience(patience)
}

fn timeouts() -> Timeouts {
    Timeouts {
        greeting: SHORT,
        hello: SHORT,
        envelope: SHORT,
        data: SHORT,
        dot: SHORT,
        ..Timeouts::default()
    }
}

#[rstest]
#[case::the_greeting(SmtpAt::Greeting, "queued")]
#[case::hello(SmtpAt::Hello, "queued")]
#[case::a_command(SmtpAt::Mail, "queued")]
#[case::the_final_dot(SmtpAt::Dot, "unknown")]
#[actix_rt::test]
async fn a_relay_is_waited_for_as_long_as_is_set(#[case] at: SmtpAt, #[case] state: &str) {
    let silent = move |moment: &SmtpMoment<'_>| {
        (moment.at == at).then(|| SmtpAct::later(Duration::from_mins(5)))
    };
    let sink = SmtpSink::start_with(SmtpScript::new().on(silent));
    let scene = Scene::sending(Engine::Sqlite, &sink).await;
    let id = scene.invite(scene.house().await, "ann@uni.edu").await;
    let patience = Patience {
        timeouts: timeouts(),
        ..Patience::default()
    };
    let mut courier = scene.courier_as(patient(&sink, patience));
    let since = Instant::now();
    while courier.work().await.unwrap() == Pace::Again {}
    assert!((SHORT..SOON).contains(&since.elapsed()), "{since:?}");
    assert_eq!(scene.see(id).await.state, state);
}

#[rstest]
#[case::its_life(Patience { age: Duration::from_millis(1), ..Patience::default() }, 0)]
#[case::without_mail(Patience { idle: Duration::from_millis(1), ..Patience::default() }, 2)]
#[case::by_default(Patience::default(), 2)]
#[actix_rt::test]
async fn a_connection_is_kept_as_long_as_is_set(
    #[case] patience: Patience,
    #[case] per_second: u32,
) {
    let slow = |moment: &SmtpMoment<'_>| {
        (moment.at == SmtpAt::Dot).then(|| SmtpAct::later(Duration::from_millis(50)))
    };
    let sink = SmtpSink::start_with(SmtpScript::new().on(slow));
    let scene = Scene::sending(Engine::Sqlite, &sink).await;
    let house = scene.house().await;
    for n in 0..6 {
        scene.invite(house, &format!("p{n}@uni.edu")).await;
    }
    let rates = Rates {
        per_second,
        connections: 1,
        ..Rates::default()
    };
    let mut courier = scene.courier_as(patient(&sink, patience).with_rates(rates));
    while courier.work().await.unwrap() == Pace::Again {}
    assert_eq!(sink.messages().len(), 6);
    let is_kept = patience == Patience::default();
    assert_eq!(sink.connections() < 3, is_kept, "{}", sink.connections());
}

#[rstest]
#[actix_rt::test]
async fn whoever_waits_longer_than_a_lease_keeps_what_it_has(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let id = scene.invite(house, "ann@uni.edu").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let timing = CourierTiming {
        renew: Duration::ZERO,
        idle: Duration::ZERO,
        ..CourierTiming::default()
    };
    let relay_url = format!("smtp://{}", listener.local_addr().unwrap());
    let mut first = scene.courier_to(&relay_url).with_timing(timing);
    let (has_arrived, replies) = (Cell::new(false), Notify::new());
    let holds = async {
        has_arrived.set(true);
        replies.notified().await;
    };
    let work = async {
        while !has_arrived.get() {
            first.work().await.unwrap();
        }
        for _ in 0..2 {
            run(&scene, posted::END_LEASES.query()).await;
            first.work().await.unwrap();
            // A new one each time, which looks for leases that ran out at once.
            scene.deliver().await;
            let look = scene.see(id).await;
            assert!(look.state == "sending" && look.is_leased, "{look:?}");
        }
        replies.notify_one();
        while first.work().await.unwrap() == Pace::Again {}
        first.finish().await;
    };
    let ((), mails) = join(work, relay(listener, holds)).await;
    let look = scene.see(id).await;
    assert_eq!(
        (look.state.as_str(), look.crashes, look.attempts),
        ("sent", 0, 1),
        "{look:?}"
    );
    assert_eq!((mails, sink.messages().len()), (1, 0));
}
