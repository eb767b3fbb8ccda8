//! Whom a domain holds up that takes no more.

use std::time::{Duration, Instant};

use contract::batches::Limit;
use invite_dispatcher::Rates;
use kernel::Work as _;
use rstest::rstest;
use testkit::Engine;

use crate::{
    first::courier,
    posted::{number, open},
};

store::statements! {
    /// What was taken only to be put back would have been due first.
    STAND = "
        select count(*) as n,
            coalesce(sum(case when attempts > 0 or leased_until is not null then 1 else 0 end), 0)
                as touched,
            coalesce(sum(case when due_at > queued_at + 100000 then 1 else 0 end), 0) as later
        from invites
        where domain = 'slow.edu' and state = 'queued'";
}

const ROWS: usize = 3_000;
/// A tenth of what those in front would take, each for itself.
const SOON: Duration = Duration::from_secs(30);

#[rstest]
#[case::of_a_slow_relay(Rates { per_second: 10, ..Rates::default() }, true)]
#[case::of_a_slow_organisation(Rates { per_organisation_per_second: 10, ..Rates::default() }, true)]
#[case::of_a_slow_relay_by_our_own_limit(
    Rates { per_second: 10, per_domain_per_second: 1, ..Rates::default() }, false
)]
#[actix_rt::test]
async fn thousands_of_a_domain_that_takes_no_more_hold_up_nobody_behind_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] rates: Rates,
    #[case] is_busy: bool,
) {
    let (sink, scene, house) = open(engine).await;
    let slow = |_| "slow.edu".to_owned();
    scene.many(house, "queued", 0..ROWS, slow).await;
    for n in (0..100).filter(|_| is_busy) {
        let busy = "451 4.7.0 too many messages, wait 10 minutes";
        sink.reject(&format!("p{n}@slow.edu"), busy);
    }
    let other = |n| format!("d{n}.edu");
    scene.many(house, "queued", ROWS..ROWS + 10, other).await;
    let mut courier = courier(&scene, &sink, rates);
    let begun = Instant::now();
    let arrived = || {
        let mails = sink.messages();
        let others = mails
            .iter()
            .filter(|mail| mail.recipients[0].contains("@d"));
        others.count()
    };
    while arrived() < 10 {
        assert!(begun.elapsed() < SOON, "{} of 10", arrived());
        courier.work().await.unwrap();
    }
    courier.finish().await;
    let touched = number(&scene, STAND.query(), "touched").await;
    assert_eq!(touched, 0, "what waits was not tried");
    let waiting = number(&scene, STAND.query(), "n").await;
    assert!(waiting > 2_800, "{waiting}");
    let later = number(&scene, STAND.query(), "later").await;
    assert_eq!(later, waiting, "each has its place");
}

#[rstest]
#[actix_rt::test]
async fn where_all_goes_to_one_domain_nothing_is_put_off_for_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let slow = |_| "slow.edu".to_owned();
    scene.many(house, "queued", 0..ROWS, slow).await;
    let rates = Rates {
        per_second: 100,
        per_domain_per_second: 5,
        ..Rates::default()
    };
    let mut courier = courier(&scene, &sink, rates);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        courier.work().await.unwrap();
    }
    courier.finish().await;
    let sent = sink.messages().len();
    assert!((10..=20).contains(&sent), "{sent}");
    let later = number(&scene, STAND.query(), "later").await;
    assert!(later < 200, "{later}: only what was taken");
}

#[rstest]
#[case::of_its_relay(Rates { per_second: 10, per_domain_per_second: 1, ..Rates::default() })]
#[case::of_its_organisation(
    Rates { per_organisation_per_second: 10, per_domain_per_second: 1, ..Rates::default() }
)]
#[actix_rt::test]
async fn a_batch_of_which_all_goes_to_a_blocked_domain_waits_for_that_and_not_for_the_rate(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] rates: Rates,
) {
    let (sink, scene, house) = open(engine).await;
    let other = scene.house().await;
    let slow = |_| "slow.edu".to_owned();
    scene.many(house, "queued", 0..ROWS, slow).await;
    scene
        .many(other, "queued", 0..ROWS, |n| format!("d{n}.edu"))
        .await;
    let mut courier = courier(&scene, &sink, rates);
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < SOON, "it never says so");
        courier.work().await.unwrap();
        let [blocked, free] = [house, other].map(|house| scene.counted(house));
        let told = blocked.await.pace.unwrap();
        let free = free.await.pace.unwrap().limit;
        let is_rate = matches!(free, Some(Limit::RelayRate | Limit::OrganisationRate));
        if told.limit == Some(Limit::RecipientDomain) && is_rate {
            let said = told.limited_by.unwrap();
            let ends = "takes only so many mails at a time.";
            assert!(said.ends_with(ends), "{said}");
            break;
        }
    }
    courier.finish().await;
}
