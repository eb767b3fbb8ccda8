//! How fast mails leave, and how soon they stop: each is let through before it is announced.

use std::time::{Duration, Instant};

use contract::Secret;
use invite_dispatcher::{MailOptions, Rates};
use kernel::Work as _;
use rstest::rstest;
use testkit::{Engine, SmtpAct, SmtpAt, SmtpScript, SmtpSink};

use crate::{
    posted::{self, House, run},
    scene::Scene,
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
    let mut steered = None;
    let until = Instant::now() + Duration::from_secs(4);
    let work = async {
        while Instant::now() < until {
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
        steered = Some(Instant::now());
    };
    tokio::join!(work, steer);
    let steered = steered.unwrap();
    let mails = sink.messages();
    assert!((2..60).contains(&mails.len()), "{}", mails.len());
    let late = mails
        .iter()
        .filter(|mail| mail.at > steered + Duration::from_secs(2));
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
