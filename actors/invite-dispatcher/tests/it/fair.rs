//! Who holds up whom, and how couriers share a relay.

use std::time::Duration;

use contract::Secret;
use invite_dispatcher::{Courier, CourierTiming, MailOptions, Rates};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::{Engine, SmtpSink};

use crate::{
    posted::{House, number, open, run},
    scene::Scene,
};

store::statements! {
    /// What couriers have of the relay, together and the least.
    SHARES = "
        select count(*) as n, cast(coalesce(sum(per_minute), 0) as bigint) as together,
            cast(coalesce(min(per_minute), 0) as bigint) as least,
            cast(coalesce(sum(connections), 0) as bigint) as connections
        from couriers
        where id <> ''";

    /// Four seconds pass: who lives has to say so again.
    LIVES_PASS = "update couriers set alive_until = alive_until - 4000000 where id <> ''";
}

/// How many mails the large batch has.
const LARGE: usize = 400;
/// Few at a time, so that the order in which they arrive is the order in which they were taken.
const FEW: Rates = Rates {
    per_second: 500,
    per_day: 0,
    connections: 2,
    messages_per_connection: 100,
    per_domain_per_second: 0,
    per_organisation_per_second: 0,
};

fn courier(scene: &Scene, sink: &SmtpSink, rates: Rates) -> Courier {
    let options = MailOptions::parse(&Secret::new(sink.url()), "Usher <usher@mail.example>");
    let timing = CourierTiming {
        idle: Duration::ZERO,
        look: Duration::ZERO,
        ..CourierTiming::default()
    };
    let courier = scene.courier_within(options.unwrap().with_rates(rates));
    courier.with_timing(timing)
}

async fn some(scene: &Scene, house: House, name: &str, count: usize) {
    for n in 0..count {
        scene.invite(house, &format!("{name}{n}@uni.edu")).await;
    }
}

/// Behind how many mails the last one of these was taken.
fn last_of(sink: &SmtpSink, name: &str) -> usize {
    let mails = sink.messages();
    let is_one = |mail: &testkit::Mail| mail.recipients[0].starts_with(name);
    mails.iter().rposition(is_one).unwrap()
}

#[rstest]
#[actix_rt::test]
async fn the_large_batch_of_one_organisation_does_not_hold_up_the_ten_of_another(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] is_under_way: bool,
) {
    let (sink, scene, house) = open(engine).await;
    some(&scene, house, "large", LARGE).await;
    let mut courier = courier(&scene, &sink, FEW);
    if is_under_way {
        assert_eq!(courier.work().await.unwrap(), Pace::Again);
    }
    let before = sink.messages().len();
    assert!(before < LARGE / 2, "too much is over: {before}");
    let other = scene.house().await;
    some(&scene, other, "small", 10).await;
    while courier.work().await.unwrap() == Pace::Again {}
    assert_eq!(sink.messages().len(), LARGE + 10);
    // Turn by turn: as many of the one as of the other, and what was on its way already.
    let behind = last_of(&sink, "small") - before;
    assert!(behind < 60, "behind {behind} mails");
}

#[rstest]
#[actix_rt::test]
async fn a_domain_that_takes_no_more_for_now_holds_up_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let mut slow = Vec::new();
    for n in 0..20 {
        let email = format!("p{n}@slow.edu");
        sink.reject(&email, "451 4.7.0 too many messages, wait 5 minutes");
        slow.push(scene.invite(house, &email).await);
    }
    let mut others = Vec::new();
    for n in 0..20 {
        others.push(scene.invite(house, &format!("p{n}@d{n}.edu")).await);
    }
    let mut courier = courier(&scene, &sink, FEW);
    while courier.work().await.unwrap() == Pace::Again {}
    for id in others {
        assert_eq!(scene.see(id).await.state, "sent");
    }
    for id in slow {
        let look = scene.see(id).await;
        assert!(look.is_untouched(), "{look:?}");
        let minutes = look.due_in.unwrap() / 60_000_000;
        assert!((4..=5).contains(&minutes), "{look:?}");
    }
    assert!(
        sink.commands("RCPT") <= 20 + 10,
        "it is asked by what was under way, and then left alone: {}",
        sink.commands("RCPT")
    );
}

#[rstest]
#[actix_rt::test]
async fn couriers_together_have_what_one_had_and_again_when_one_is_dead(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    some(&scene, house, "p", LARGE).await;
    let rates = Rates {
        per_second: 20,
        connections: 10,
        ..FEW
    };
    let (mut one, mut other) = (courier(&scene, &sink, rates), courier(&scene, &sink, rates));
    let shares = async || {
        let of = async |column| number(&scene, SHARES.query(), column).await;
        let (n, together) = (of("n").await, of("together").await);
        assert!(together <= 1_200, "{n} couriers have {together} a minute");
        let connections = of("connections").await;
        assert!(connections <= 10, "{n} couriers have {connections}");
        (n, together, of("least").await)
    };
    one.work().await.unwrap();
    assert_eq!(shares().await, (1, 1_200, 1_200));
    // Each takes its turns until both have what falls to them.
    let mut rounds = 0;
    while shares().await != (2, 1_200, 600) {
        one.work().await.unwrap();
        shares().await;
        other.work().await.unwrap();
        rounds += 1;
        assert!(rounds < 20, "{:?}", shares().await);
    }

    // One dies and says nothing any more; the other has everything with its next word.
    drop(one);
    run(&scene, LIVES_PASS.query()).await;
    let mut rounds = 0;
    while shares().await != (1, 1_200, 1_200) {
        other.work().await.unwrap();
        rounds += 1;
        assert!(rounds < 20, "{:?}", shares().await);
    }
    assert!(sink.messages().len() < LARGE, "it was over too early");
}
