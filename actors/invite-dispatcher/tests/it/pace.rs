//! How fast mails leave, how many on a day, and how soon they stop: each is let through before it is
//! announced.

use std::{
    cell::Cell,
    collections::BTreeMap,
    time::{Duration, Instant},
};

use contract::Secret;
use invite_dispatcher::{MailOptions, Rates};
use kernel::Work as _;
use rstest::rstest;
use testkit::{Engine, SmtpAct, SmtpAt, SmtpScript, SmtpSink};

use crate::{
    posted::{self, House, number, open, run},
    scene::{NOON, Scene},
};

/// A relay that takes so many milliseconds for each message, one connection to it, and a batch to send.
async fn slowly(
    engine: Engine,
    rates: Rates,
    count: usize,
    millis: u64,
) -> (SmtpSink, Scene, House, MailOptions) {
    let script = SmtpScript::new().on(move |moment| {
        (moment.at == SmtpAt::Dot).then(|| SmtpAct::later(Duration::from_millis(millis)))
    });
    let sink = SmtpSink::start_with(script);
    let scene = Scene::sending(engine, &sink).await;
    let house = scene.house().await;
    for n in 0..count {
        scene.invite(house, &format!("p{n}@uni.edu")).await;
    }
    let options = MailOptions::parse(&Secret::new(sink.url()), "Usher <usher@mail.example>");
    let options = options.unwrap().with_rates(Rates {
        connections: 1,
        ..rates
    });
    (sink, scene, house, options)
}

#[rstest]
#[actix_rt::test]
async fn no_second_has_more_mails_than_the_rate_and_what_is_on_its_way(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let rates = Rates {
        per_second: 15,
        ..Rates::default()
    };
    let (sink, scene, _, options) = slowly(engine, rates, 40, 40).await;
    let mut courier = scene.courier_as(options);
    while sink.messages().len() < 40 {
        courier.work().await.unwrap();
    }
    courier.finish().await;
    let at: Vec<Instant> = sink.messages().iter().map(|mail| mail.at).collect();
    // Two may come at once by the rate, and two that were let through may have been held up.
    for pair in at.windows(15 + 4 + 1) {
        let span = pair[19] - pair[0];
        assert!(span >= Duration::from_secs(1), "20 mails in {span:?}");
    }
}

#[rstest]
#[case::paused(500, 40, false)]
#[case::cancelled(500, 40, true)]
// Without a limit, one connection has many mails behind it: of a slow relay, for a long time.
#[case::paused_before_a_slow_relay(0, 400, false)]
#[case::cancelled_before_a_slow_relay(0, 400, true)]
#[actix_rt::test]
async fn what_is_paused_or_cancelled_stops_behind_the_mails_on_their_way(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] per_second: u32,
    #[case] millis: u64,
    #[case] is_cancelled: bool,
) {
    let rates = Rates {
        per_second,
        ..Rates::default()
    };
    let (sink, scene, house, options) = slowly(engine, rates, 60, millis).await;
    let mut courier = scene.courier_as(options);
    let (steered, bound) = (Cell::new(None::<Instant>), Duration::from_secs(2));
    let is_over = |at: Instant| at.elapsed() > bound + Duration::from_millis(500);
    let work = async {
        while !steered.get().is_some_and(is_over) {
            courier.work().await.unwrap();
        }
        courier.finish().await;
    };
    let steer = async {
        sink.wait_for(2, Duration::from_secs(20)).await;
        let statement = if is_cancelled {
            &posted::CANCEL_BATCH
        } else {
            &posted::PAUSE
        };
        run(&scene, statement.bind(house.batch)).await;
        steered.set(Some(Instant::now()));
    };
    tokio::join!(work, steer);
    let steered = steered.get().unwrap();
    let mails = sink.messages();
    assert!((2..60).contains(&mails.len()), "{}", mails.len());
    let late = mails.iter().filter(|mail| mail.at > steered + bound);
    assert_eq!(late.count(), 0, "within two seconds");
    let after = mails.iter().filter(|mail| mail.at > steered).count();
    assert!(per_second == 0 || after <= 4, "{after} after it was said");
    assert!(
        !scene
            .states()
            .await
            .iter()
            .any(|(state, _)| state == "sending")
    );
}

#[rstest]
#[actix_rt::test]
async fn what_goes_back_when_a_batch_rests_is_as_before_and_is_sent_once_when_it_goes_on(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let rates = Rates {
        per_second: 0,
        per_day: 1_000,
        ..Rates::default()
    };
    let (sink, scene, house, options) = slowly(engine, rates, 0, 300).await;
    let mut ids = Vec::new();
    for n in 0..40 {
        ids.push(scene.invite(house, &format!("p{n}@uni.edu")).await);
    }
    let mut courier = scene.courier_as(options);
    let states = async || scene.states().await.into_iter().collect::<BTreeMap<_, _>>();
    let noted = async || number(&scene, posted::NOTED.query(), "n").await;
    let counted = async || number(&scene, posted::SENT_ON.bind(NOON.date()), "n").await;
    let until = Instant::now() + Duration::from_secs(20);
    while sink.messages().len() < 2 {
        courier.work().await.unwrap();
    }
    assert!(noted().await > 2, "many wait behind the connection");
    run(&scene, posted::PAUSE.bind(house.batch)).await;
    loop {
        let states = states().await;
        assert_eq!(states.values().sum::<i64>(), 40, "{states:?}");
        if !states.contains_key("sending") {
            break;
        }
        assert!(Instant::now() < until, "{states:?}");
        courier.work().await.unwrap();
    }
    let sent = sink.messages().len();
    assert!(sent < 10, "{sent}");
    assert_eq!(noted().await, 0);
    assert_eq!(counted().await, i64::try_from(sent).unwrap());
    for id in &ids {
        let look = scene.see(*id).await;
        assert!(
            look.is_sent && look.attempts == 1 || look.is_untouched(),
            "{look:?}"
        );
    }
    courier.finish().await;

    run(&scene, posted::RESUME.bind(house.batch)).await;
    scene.deliver().await;
    for id in &ids {
        let look = scene.see(*id).await;
        assert!(look.is_sent && look.attempts == 1, "{look:?}");
    }
    assert_eq!(sink.messages().len(), 40, "neither twice nor never");
}

#[rstest]
#[actix_rt::test]
async fn the_limit_of_a_day_is_kept_and_the_rest_waits(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    sink.reject("p0@uni.edu", "550 5.1.1 no such user");
    for n in 0..8 {
        scene.invite(house, &format!("p{n}@uni.edu")).await;
    }
    let rates = Rates {
        per_day: 5,
        ..Rates::default()
    };
    scene.deliver_within(&sink, rates).await;
    assert_eq!(sink.messages().len(), 5, "a refusal is not counted");
    assert_eq!(
        number(&scene, posted::SENT_ON.bind(NOON.date()), "n").await,
        5
    );
    let states = scene.states().await;
    let expected = [("bounced", 1), ("queued", 2), ("sent", 5)];
    assert_eq!(states, expected.map(|(state, n)| (state.to_owned(), n)));
}
