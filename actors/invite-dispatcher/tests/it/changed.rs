//! Limits that change while mails are under way.

use std::time::{Duration, Instant};

use contract::{Clock as _, Secret};
use invite_dispatcher::{Courier, CourierTiming, MailLimits, MailOptions, Rates};
use kernel::Work as _;
use rstest::rstest;
use testkit::{Engine, SmtpAct, SmtpAt, SmtpScript, SmtpSink};
use tokio::sync::watch;

use crate::{
    posted::{self, House, number, open},
    scene::Scene,
};

store::statements! {
    /// What couriers have, but for the first.
    OF_THE_LATER = "
        select count(*) as n
        from invites
        where leased_by <> (select min(id) from couriers where id <> '')";
}

const SOON: Duration = Duration::from_secs(30);

fn one_a_second() -> Rates {
    Rates {
        per_second: 1,
        ..Rates::default()
    }
}

fn limits(rates: Rates) -> MailLimits {
    MailLimits {
        rates,
        ..MailLimits::default()
    }
}

/// A courier within these limits, which may change.
fn courier(scene: &Scene, sink: &SmtpSink, rates: Rates) -> (Courier, watch::Sender<MailLimits>) {
    let options = MailOptions::parse(&Secret::new(sink.url()), "Usher <usher@mail.example>");
    let (change, changes) = watch::channel(limits(rates));
    let courier = scene.courier_as(options.unwrap().with_rates(rates));
    (courier.heeding(changes), change)
}

/// A relay that takes its time for each message.
async fn slow(engine: Engine, count: usize) -> (SmtpSink, Scene, House) {
    let script = SmtpScript::new().on(|moment| {
        (moment.at == SmtpAt::Dot).then(|| SmtpAct::later(Duration::from_millis(100)))
    });
    let sink = SmtpSink::start_with(script);
    let scene = Scene::sending(engine, &sink).await;
    let house = scene.house().await;
    scene
        .many(house, "queued", 0..count, |_| "hill.edu".to_owned())
        .await;
    (sink, scene, house)
}

/// Works until so many have arrived.
async fn work(courier: &mut Courier, sink: &SmtpSink, count: usize) {
    let begun = Instant::now();
    while sink.messages().len() < count {
        assert!(begun.elapsed() < SOON, "{} arrived", sink.messages().len());
        courier.work().await.unwrap();
    }
}

#[rstest]
#[actix_rt::test]
async fn another_rate_holds_at_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (sink, scene, _) = slow(engine, 1_000).await;
    let (mut courier, change) = courier(&scene, &sink, one_a_second());
    work(&mut courier, &sink, 1).await;
    // At one a second the rest would take longer than anybody waits here.
    change.send_replace(limits(Rates::default()));
    work(&mut courier, &sink, 70).await;
    let before = sink.messages().len();
    assert!(before < 500, "it was over before it changed: {before}");
    change.send_replace(limits(one_a_second()));
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        courier.work().await.unwrap();
    }
    courier.finish().await;
    // Each connection has one, and the next at hand: those arrive.
    let (after, most) = (
        sink.messages().len() - before,
        begun.elapsed().as_secs() + 1,
    );
    assert!(after as u64 <= 20 + most, "{after}");
}

#[rstest]
#[actix_rt::test]
async fn couriers_have_together_what_the_changed_limit_says_and_never_more_than_the_larger(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, _) = slow(engine, 3_000).await;
    let rates = |per_second, connections| Rates {
        per_second,
        connections,
        ..Rates::default()
    };
    let (mut one, of_one) = courier(&scene, &sink, rates(20, 10));
    let (mut other, of_other) = courier(&scene, &sink, rates(20, 10));
    let together = async || {
        let of = async |column| number(&scene, posted::COURIERS.query(), column).await;
        (of("per_minute").await, of("connections").await)
    };
    // Each takes some turns, and then more until both have what falls to them.
    let mut turns = async |most: (i64, i64), wanted: (i64, i64)| {
        let (mut rounds, begun) = (0, Instant::now());
        while rounds < 3 || together().await != wanted {
            let (did, too) = tokio::join!(one.work(), other.work());
            did.unwrap();
            too.unwrap();
            let (rate, connections) = together().await;
            let is_within = rate <= most.0 && connections <= most.1;
            assert!(is_within, "{rate} {connections} of {most:?}");
            let has_time = begun.elapsed() < SOON;
            assert!(has_time, "{rate} {connections} not {wanted:?}");
            rounds += 1;
        }
    };
    turns((1_200, 10), (1_200, 10)).await;
    // One node is told, and then the other, which gives way until it is.
    of_one.send_replace(limits(rates(40, 14)));
    turns((2_400, 14), (1_200, 10)).await;
    of_other.send_replace(limits(rates(40, 14)));
    turns((2_400, 14), (2_400, 14)).await;
    // The one that is told has nothing until the other is, too.
    of_one.send_replace(limits(rates(10, 4)));
    turns((2_400, 14), (1_200, 7)).await;
    of_other.send_replace(limits(rates(10, 4)));
    turns((1_200, 14), (600, 4)).await;
}

#[rstest]
#[case::becomes_limited(0, 1_000)]
#[case::is_limited_no_more(1_000, 0)]
#[actix_rt::test]
async fn what_is_under_way_while_days_become_limited_counts_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] before: u64,
    #[case] after: u64,
) {
    let (sink, scene, _) = slow(engine, 40).await;
    let rates = |per_day| Rates {
        per_day,
        connections: 4,
        ..Rates::default()
    };
    let (mut courier, change) = courier(&scene, &sink, rates(before));
    work(&mut courier, &sink, 4).await;
    assert!(sink.messages().len() < 40, "it was over before it changed");
    change.send_replace(limits(rates(after)));
    work(&mut courier, &sink, 40).await;
    courier.finish().await;
    let day = scene.clock.now().date();
    let counted = number(&scene, posted::SENT_ON.bind(day), "n").await;
    assert_eq!(counted, 40);
}

#[rstest]
#[actix_rt::test]
async fn a_connection_of_former_terms_ends_after_the_mail_that_it_has(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, _) = slow(engine, 12).await;
    let rates = |messages_per_connection| Rates {
        messages_per_connection,
        connections: 1,
        ..Rates::default()
    };
    let (mut courier, change) = courier(&scene, &sink, rates(100));
    work(&mut courier, &sink, 2).await;
    change.send_replace(limits(rates(1)));
    work(&mut courier, &sink, 12).await;
    courier.finish().await;
    let mails = sink.messages();
    let of_first = mails.iter().filter(|mail| mail.connection == 1).count();
    assert!((2..=6).contains(&of_first), "{of_first}");
    assert_eq!(sink.connections(), 1 + 12 - of_first, "one mail each");
}

#[rstest]
#[actix_rt::test]
async fn whoever_has_no_connection_any_more_gives_back_what_waits_for_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, _) = slow(engine, 600).await;
    // Without a limit of the rate much waits for each connection.
    let rates = |connections| Rates {
        connections,
        ..Rates::default()
    };
    let (mut one, of_one) = courier(&scene, &sink, rates(4));
    let (mut other, of_other) = courier(&scene, &sink, rates(4));
    let of = async |query: store::Query| number(&scene, query, "n").await;
    let least = async || number(&scene, posted::LEAST.query(), "connections").await;
    let mut rounds = 0;
    while least().await < 2 || of(OF_THE_LATER.query()).await == 0 {
        one.work().await.unwrap();
        other.work().await.unwrap();
        rounds += 1;
        assert!(rounds < 20, "nothing was given back");
    }
    of_one.send_replace(limits(rates(1)));
    of_other.send_replace(limits(rates(1)));
    let mut rounds = 0;
    while least().await > 0 || of(OF_THE_LATER.query()).await > 0 {
        one.work().await.unwrap();
        other.work().await.unwrap();
        rounds += 1;
        let kept = of(OF_THE_LATER.query()).await;
        assert!(rounds < 20, "{kept} wait for nothing");
    }
    assert!(sink.messages().len() < 600, "there is still mail");
}

#[rstest]
#[actix_rt::test]
async fn what_comes_due_with_a_lower_rate_waits_for_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let (courier, change) = courier(&scene, &sink, Rates::default());
    let timing = CourierTiming {
        idle: Duration::from_mins(1),
        ..CourierTiming::default()
    };
    let mut courier = courier.with_timing(timing);
    scene.invite(house, "ann@hill.edu").await;
    work(&mut courier, &sink, 1).await;
    let hill = |_| "hill.edu".to_owned();
    scene.many(house, "queued", 1..100, hill).await;
    change.send_replace(limits(one_a_second()));
    let begun = Instant::now();
    courier.work().await.unwrap();
    courier.finish().await;
    let (after, most) = (sink.messages().len() - 1, begun.elapsed().as_secs() + 1);
    assert!(after as u64 <= most, "{after}");
}
