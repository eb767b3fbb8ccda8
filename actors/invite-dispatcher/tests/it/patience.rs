//! How long a courier waits for a relay, and keeps what it sends meanwhile.

use std::time::Duration;

use contract::Secret;
use futures_util::{FutureExt as _, select_biased};
use invite_dispatcher::{CourierTiming, MailOptions, Patience, Rates, Timeouts};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::{Engine, SmtpAct, SmtpAt, SmtpMoment, SmtpScript, SmtpSink, eventually};
use tokio::time::{Instant, sleep};

use crate::scene::Scene;

const SHORT: Duration = Duration::from_millis(300);
/// Long enough for a busy machine, and far less than any default.
const SOON: Duration = Duration::from_secs(8);

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
    let wait = Duration::from_secs(5);
    let slow =
        move |moment: &SmtpMoment<'_>| (moment.at == SmtpAt::Dot).then(|| SmtpAct::later(wait));
    let sink = SmtpSink::start_with(SmtpScript::new().on(slow));
    let scene = Scene::sending(engine, &sink).await;
    let id = scene.invite(scene.house().await, "ann@uni.edu").await;
    let timing = CourierTiming {
        lease: Duration::from_secs(2),
        renew: Duration::from_millis(200),
        after_crash: Duration::ZERO,
        ..CourierTiming::default()
    };
    let courier = || scene.courier().with_timing(timing);
    let (mut first, since) = (courier(), Instant::now());
    let work = async { while first.work().await.unwrap() == Pace::Again {} };
    // A new one each time, which looks for leases that ran out at once.
    let others = async {
        loop {
            courier().work().await.unwrap();
            sleep(Duration::from_millis(200)).await;
        }
    };
    select_biased! {
        () = work.fuse() => {}
        () = others.fuse() => {}
    }
    assert!(since.elapsed() >= wait, "it waited for the relay");
    let is_sent = async || scene.see(id).await.state == "sent";
    eventually(SOON, "the invite is sent", is_sent).await;
    let look = scene.see(id).await;
    assert_eq!((look.crashes, look.attempts), (0, 1), "{look:?}");
    assert_eq!(sink.messages().len(), 1);
}
