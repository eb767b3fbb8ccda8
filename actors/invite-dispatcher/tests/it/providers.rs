//! Providers with many domains, which count what comes to all of them together.

use contract::Secret;
use invite_dispatcher::{Courier, MailOptions, Rates};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::{Engine, SmtpSink};

use crate::{
    posted::open,
    scene::{Scene, proof},
};

const MICROSOFT: [&str; 4] = ["outlook.com", "hotmail.com", "live.co.uk", "msn.com"];

fn courier(scene: &Scene, sink: &SmtpSink, rates: Rates) -> Courier {
    let options = MailOptions::parse(&Secret::new(sink.url()), "Usher <usher@mail.example>");
    scene.courier_as(options.unwrap().with_rates(rates))
}

/// Works until nothing is due.
async fn work(courier: &mut Courier) {
    while courier.work().await.unwrap() == Pace::Again {}
}

#[rstest]
#[actix_rt::test]
async fn a_throttle_of_one_domain_of_a_provider_is_of_all_and_others_go_on(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let rates = Rates {
        connections: 1,
        ..Rates::default()
    };
    sink.reject("p0@googlemail.com", "450 4.7.0 too many messages from you");
    let first = scene.invite(house, "p0@googlemail.com").await;
    let mut courier = courier(&scene, &sink, rates);
    work(&mut courier).await;
    let same = scene.invite(house, "p1@gmail.com").await;
    let others = ["p2@hill.edu", "p3@outlook.com"];
    let mut sent = Vec::new();
    for other in others {
        sent.push(scene.invite(house, other).await);
    }
    work(&mut courier).await;
    for id in [first, same] {
        let look = scene.see(id).await;
        assert!(look.is_untouched(), "{look:?}");
    }
    for id in sent {
        assert_eq!(scene.see(id).await.state, "sent");
    }
}

#[rstest]
#[actix_rt::test]
async fn the_rate_of_a_domain_is_one_for_all_domains_of_a_provider(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let rates = Rates {
        per_domain_per_second: 1,
        ..Rates::default()
    };
    // More than are looked through at once stand in front of those that may go.
    let of_one = |n: usize| MICROSOFT[n % MICROSOFT.len()].to_owned();
    scene.many(house, "queued", 0..1_500, of_one).await;
    let alone = |n: usize| format!("d{n}.edu");
    scene.many(house, "queued", 1_500..1_510, alone).await;
    let mut courier = courier(&scene, &sink, rates);
    let count = |of_provider: bool| {
        let mails = sink.messages();
        let is_theirs = |to: &str| MICROSOFT.iter().any(|domain| to.ends_with(domain));
        let mails = mails.iter().map(|mail| mail.recipients[0].as_str());
        mails.filter(|to| is_theirs(to) == of_provider).count()
    };
    let begun = std::time::Instant::now();
    while count(false) < 10 {
        courier.work().await.unwrap();
        assert!(begun.elapsed().as_secs() < 30, "they hold up the others");
    }
    let most = begun.elapsed().as_secs() + 2;
    assert!(count(true) as u64 <= most, "{} went", count(true));
}

#[rstest]
#[actix_rt::test]
async fn a_letter_does_not_wait_for_the_rate_of_its_domain(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let hill = |_| "hill.edu".to_owned();
    scene.many(house, "queued", 0..50, hill).await;
    for n in 0..20 {
        let email = format!("letter{n}@hill.edu");
        scene.queue_to(&email, &email, proof("Ann")).await;
    }
    let rates = Rates {
        per_domain_per_second: 1,
        ..Rates::default()
    };
    let mut courier = courier(&scene, &sink, rates);
    let letters = || {
        let is_letter = |mail: &&testkit::Mail| mail.recipients[0].starts_with("letter");
        sink.messages().iter().filter(is_letter).count()
    };
    let begun = std::time::Instant::now();
    while letters() < 20 {
        courier.work().await.unwrap();
        // At one a second they would take longer.
        assert!(begun.elapsed().as_secs() < 15, "{} went", letters());
    }
    courier.finish().await;
}
