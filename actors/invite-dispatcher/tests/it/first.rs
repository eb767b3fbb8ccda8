//! What of a batch goes before the rest of it.

use std::time::Duration;

use contract::{
    EmailAddress, Secret, Timestamp,
    ids::InviteId,
    invites::{Invite, ReaddressInvite, ResendInvite},
};
use invite_dispatcher::{Courier, CourierTiming, MailOptions, Rates};
use kernel::Work as _;
use rstest::rstest;
use testkit::{Engine, SmtpSink, eventually_some};

use crate::{
    grown::{ANALYSE, TOLD},
    posted::{House, number, open, run},
    scene::Scene,
};

store::statements! {
    /// Was sent two hours ago.
    SENT = "
        update invites
        set state = 'sent', due_at = null, queued_at = now_micros() - 7200000000,
            sent_at = now_micros() - 7200000000
        where id = $1";

    /// All of a batch was asked for an hour ago.
    ASKED = "
        update invites
        set due_at = due_at - 3600000000, queued_at = queued_at - 3600000000
        where batch_id = $1 and due_at is not null";

    /// Was refused for now, half an hour ago, and is due again since a second.
    DEFER = "
        update invites
        set state = 'deferred', attempts = 1, deferred_since = now_micros() - 1800000000,
            due_at = now_micros() - 1000000 - position
        where batch_id = $1 and position >= 1000";

    /// Was refused for now, and is due again.
    REFUSED = "
        update invites
        set state = 'deferred', attempts = 1, deferred_since = queued_at, due_at = queued_at + 20000
        where batch_id = $1 and position >= 20000";

    NOW = "select now_micros() as now";

    /// What has a place before all others.
    PLACES = "
        select count(*) as n from invites
        where batch_id = $1 and due_at < queued_at - 1000000";
}

const SLOW: Rates = Rates {
    per_second: 10,
    per_day: 0,
    connections: 1,
    messages_per_connection: 100,
    per_domain_per_second: 0,
    per_organisation_per_second: 0,
};

fn uni(_: usize) -> String {
    "uni.edu".to_owned()
}

/// A courier that looks what is due each time.
pub(crate) fn courier(scene: &Scene, sink: &SmtpSink, rates: Rates) -> Courier {
    let options = MailOptions::parse(&Secret::new(sink.url()), "Usher <usher@mail.example>");
    let options = options.unwrap().with_rates(rates);
    scene.courier_as(options).with_timing(CourierTiming {
        idle: Duration::ZERO,
        look: Duration::ZERO,
        ..CourierTiming::default()
    })
}

/// Works until so many mails have arrived; their recipients, in their order.
pub(crate) async fn work(courier: &mut Courier, sink: &SmtpSink, count: usize) -> Vec<String> {
    while sink.messages().len() < count {
        courier.work().await.unwrap();
    }
    courier.finish().await;
    let mut mails = sink.messages();
    mails.sort_by_key(|mail| mail.at);
    mails.truncate(count);
    mails.into_iter().flat_map(|mail| mail.recipients).collect()
}

/// Invites that were sent, of a batch of which a thousand others wait since an hour.
async fn with_sent(scene: &Scene, house: House, names: [&str; 3]) -> Vec<InviteId> {
    scene.many(house, "queued", 100..1_100, uni).await;
    run(scene, ASKED.bind(house.batch)).await;
    let mut sent = Vec::new();
    for name in names {
        let id = scene.invite(house, &format!("{name}@uni.edu")).await;
        run(scene, SENT.bind(id)).await;
        sent.push(id);
    }
    sent
}

async fn send_again(scene: &Scene, house: House, invite_id: InviteId) -> Invite {
    let organisation = house.id;
    let resend = ResendInvite {
        organisation,
        invite_id,
    };
    scene.ask(resend).await.unwrap()
}

#[rstest]
#[actix_rt::test]
async fn what_is_sent_again_or_corrected_goes_before_the_rest_of_its_batch(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let sent = with_sent(&scene, house, ["ann", "bob", "eve"]).await;
    let asked = number(&scene, NOW.query(), "now").await;
    let mut answers = Vec::new();
    for id in &sent[..2] {
        answers.push(send_again(&scene, house, *id).await);
    }
    let readdress = ReaddressInvite {
        organisation: house.id,
        invite_id: sent[2],
        email: EmailAddress::parse("eva@uni.edu").unwrap(),
    };
    answers.push(scene.ask(readdress).await.unwrap());
    let asked = Timestamp::from_micros(asked);
    for answer in answers {
        let next = answer.next_try_at.unwrap();
        assert!(next >= asked, "{next:?} is not before {asked:?}");
    }
    let places = number(&scene, PLACES.bind(house.batch), "n").await;
    assert_eq!(places, 3, "of the batch, and nothing else");
    let mut first = work(&mut courier(&scene, &sink, SLOW), &sink, 4).await;
    let rest = first.split_off(3);
    first.sort();
    assert_eq!(first, ["ann@uni.edu", "bob@uni.edu", "eva@uni.edu"]);
    assert!(rest[0].starts_with('p'), "{rest:?}");
}

#[rstest]
#[actix_rt::test]
async fn what_goes_alone_is_due_when_it_is_asked_for(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let id = scene.invite(house, "ann@uni.edu").await;
    run(&scene, SENT.bind(id)).await;
    send_again(&scene, house, id).await;
    assert_eq!(number(&scene, PLACES.bind(house.batch), "n").await, 0);
    let due_in = scene.see(id).await.due_in.unwrap();
    assert!(due_in > -60_000_000, "{due_in}");
    let first = work(&mut courier(&scene, &sink, SLOW), &sink, 1).await;
    assert_eq!(first, ["ann@uni.edu"]);
}

#[rstest]
#[case::one_at_a_time(10)]
#[case::many_at_a_time(0)]
#[actix_rt::test]
async fn what_is_tried_again_and_what_is_not_wait_for_each_other_by_half(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] per_second: u32,
) {
    let (sink, scene, house) = open(engine).await;
    scene.many(house, "queued", 100..400, uni).await;
    scene.many(house, "queued", 1_000..1_300, uni).await;
    run(&scene, ASKED.bind(house.batch)).await;
    run(&scene, DEFER.bind(house.batch)).await;
    let rates = Rates { per_second, ..SLOW };
    let first = work(&mut courier(&scene, &sink, rates), &sink, 32).await;
    let again = first.iter().filter(|to| to.len() == "p1000@uni.edu".len());
    let again = again.count();
    assert!((10..=22).contains(&again), "{again} of 32");
}

#[rstest]
#[actix_rt::test]
async fn of_what_is_due_no_more_is_read_than_is_taken_whatever_the_statistics_say(
    #[values(true, false)] is_analysed: bool,
) {
    const ROWS: usize = 20_000;
    let (sink, scene, house) = open(Engine::Postgres).await;
    scene.many(house, "queued", 100..ROWS, uni).await;
    run(&scene, ASKED.bind(house.batch)).await;
    scene.many(house, "queued", ROWS..ROWS + 300, uni).await;
    run(&scene, REFUSED.bind(house.batch)).await;
    if is_analysed {
        run(&scene, ANALYSE.query()).await;
    }
    let what = "the sessions have told what they read";
    let told = async |written: u64| {
        eventually_some(Duration::from_secs(40), what, async || {
            let mut reader = scene.db.read().await.unwrap();
            let told = TOLD.query().fetch_one(&mut reader).await.unwrap();
            let is_told = told.get::<u64>("written").unwrap() >= written;
            is_told.then(|| told.get::<u64>("read").unwrap())
        })
        .await
    };
    let before = told(20_200).await;
    let rates = Rates {
        per_second: 0,
        connections: 1,
        ..SLOW
    };
    work(&mut courier(&scene, &sink, rates), &sink, 100).await;
    // One more, to know when what was read is told.
    scene.many(house, "queued", 30_000..30_001, uni).await;
    let read = told(20_201).await - before;
    // Once, all is looked through for leases that nobody noted.
    assert!(read < 30_000, "{read} invites were read for 100 mails");
}
