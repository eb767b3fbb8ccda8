//! What holds a batch back, as its administrators are told while it is sent.

use std::time::Duration;

use contract::{
    EmailAddress, Secret,
    batches::{Batch, GetBatch, Limit, Pace, PreviewInvitation},
    invites::InviteState,
};
use invite_dispatcher::{Courier, CourierMetrics, MailOptions, Rates};
use kernel::Work as _;
use prometheus::{Registry, TextEncoder};
use rstest::rstest;
use testkit::{Engine, Log, SmtpSink};
use tokio::time::timeout;

use crate::{
    posted::{EVENTS, House, MAKE_DUE, PAUSE, number, open, run},
    scene::Scene,
};

store::statements! {
    DUE = "update invites set due_at = 0 where email = $1 and due_at is not null";
}

const PATIENCE: Duration = Duration::from_secs(30);
const TOO_MANY: &str = "too many messages, wait 5 minutes";

impl Scene {
    /// The batch as its administrators see it.
    pub(crate) async fn counted(&self, house: House) -> Batch {
        let (organisation, batch_id) = (house.id, house.batch);
        let get = GetBatch {
            organisation,
            batch_id,
        };
        self.ask(get).await.unwrap()
    }

    async fn invites(&self, house: House, count: usize, domain: &str) {
        for n in 0..count {
            self.invite(house, &format!("p{n}@{domain}")).await;
        }
    }

    /// Works until this is said to hold the batch back; answers the sentence.
    async fn held_by(&self, house: House, courier: &mut Courier, limit: Limit) -> String {
        let pace = self.pace_while(house, courier, limit).await;
        pace.limited_by.unwrap()
    }

    /// Works until this is said to hold the batch back; answers how fast it goes then.
    async fn pace_while(&self, house: House, courier: &mut Courier, limit: Limit) -> Pace {
        let told = async {
            let mut before = None;
            loop {
                courier.work().await.unwrap();
                let batch = self.counted(house).await;
                let pace = batch
                    .pace
                    .unwrap_or_else(|| panic!("never said; last: {before:?}"));
                if pace.limit == Some(limit) {
                    return pace;
                }
                before = Some(pace);
            }
        };
        timeout(PATIENCE, told).await.unwrap()
    }
}

fn courier(scene: &Scene, sink: &SmtpSink, rates: Rates) -> Courier {
    let options = MailOptions::parse(&Secret::new(sink.url()), "Usher <usher@mail.example>");
    scene.courier_within(options.unwrap().with_rates(rates))
}

#[rstest]
#[case::the_relays_rate(
    Rates { per_second: 5, ..Rates::default() },
    Limit::RelayRate,
    "The mail relay takes 5 mails a second."
)]
#[case::the_organisations_rate(
    Rates { per_organisation_per_second: 2, ..Rates::default() },
    Limit::OrganisationRate,
    "An organisation sends at most 2 mails a second."
)]
#[case::a_domain(
    Rates { per_domain_per_second: 1, ..Rates::default() },
    Limit::RecipientDomain,
    "uni.edu takes only so many mails at a time."
)]
#[case::the_day(
    Rates { per_day: 1, ..Rates::default() },
    Limit::RelayDay,
    "The mail relay takes 1 mails a day, and today's have left. It goes on at midnight UTC."
)]
#[actix_rt::test]
async fn the_limit_that_holds_a_batch_back_is_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] rates: Rates,
    #[case] limit: Limit,
    #[case] sentence: &str,
) {
    let (sink, scene, house) = open(engine).await;
    scene.invites(house, 60, "uni.edu").await;
    let mut courier = courier(&scene, &sink, rates);
    assert_eq!(scene.held_by(house, &mut courier, limit).await, sentence);
    courier.finish().await;
}

#[rstest]
#[actix_rt::test]
async fn a_limit_of_one_organisation_is_not_told_of_another(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let other = scene.house().await;
    scene.invites(house, 60, "uni.edu").await;
    sink.reject("p0@law.edu", "451 4.7.1 greylisted, come back later");
    scene.invites(other, 1, "law.edu").await;
    let rates = Rates {
        per_organisation_per_second: 2,
        ..Rates::default()
    };
    let mut courier = courier(&scene, &sink, rates);
    scene
        .held_by(house, &mut courier, Limit::OrganisationRate)
        .await;
    let pace = scene.counted(other).await.pace.unwrap();
    assert_eq!(pace.limit, Some(Limit::Retries), "{pace:?}");
    courier.finish().await;
}

#[rstest]
#[actix_rt::test]
async fn a_relay_that_is_away_or_asks_for_fewer_is_told_without_its_words(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    scene.invites(house, 1, "law.edu").await;
    scene.deliver().await;
    scene.invites(house, 3, "uni.edu").await;
    let mut away = scene.courier_to("smtp://127.0.0.1:1");
    let said = scene.held_by(house, &mut away, Limit::RelayAway).await;
    assert!(
        said.starts_with("The mail relay cannot be reached"),
        "{said}"
    );
    away.finish().await;
    for n in 0..3 {
        let reply = format!("421 4.7.0 p{n}@uni.edu: too many mails from you");
        sink.reject(&format!("p{n}@uni.edu"), &reply);
    }
    run(&scene, MAKE_DUE.query()).await;
    let mut busy = courier(&scene, &sink, Rates::default());
    let pace = scene.pace_while(house, &mut busy, Limit::RelayBusy).await;
    let said = pace.limited_by.unwrap();
    assert_eq!(said, "The mail relay asked for fewer mails.");
    let left = pace.seconds_left;
    assert_eq!(left, None, "how fast it goes changes by the minute");
    busy.finish().await;
}

#[rstest]
#[actix_rt::test]
async fn operators_are_told_once_that_fewer_mails_leave(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let log = Log::of("invite_dispatcher");
    let _listening = log.listen();
    let (sink, scene, house) = open(engine).await;
    for n in 0..6 {
        let address = format!("p{n}@uni.edu");
        sink.reject_message(&address, &format!("451 4.7.0 {address}: {TOO_MANY}"));
    }
    scene.invites(house, 6, "uni.edu").await;
    let registry = Registry::new();
    let metrics = CourierMetrics::register(&registry, "relay").unwrap();
    let (db, vault) = (scene.db.clone(), scene.vault.clone());
    let (clock, options) = (scene.clock.clone(), scene.options.clone());
    let mut courier = Courier::new(db, clock, vault, options, metrics);
    while courier.work().await.unwrap() == kernel::Pace::Again {}
    courier.finish().await;
    let gathered = TextEncoder::new().encode_to_string(&registry.gather());
    let shown = gathered.unwrap();
    assert!(shown.contains("usher_mail_slowed 1"), "{shown}");
    let text = log.text();
    let told: Vec<_> = text
        .lines()
        .filter(|line| line.contains("fewer mails leave"))
        .collect();
    let [told] = told.as_slice() else {
        panic!("{text}");
    };
    assert!(
        told.contains("per_minute: 600") && told.contains(TOO_MANY),
        "{told}"
    );
    assert!(!told.contains("uni.edu"), "{told}");
}

#[rstest]
#[actix_rt::test]
async fn a_batch_that_rests_says_so_and_one_that_nobody_sends_does_too(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_sink, scene, house) = open(engine).await;
    scene.invites(house, 3, "uni.edu").await;
    let pace = scene.counted(house).await.pace.unwrap();
    assert_eq!((pace.limit, pace.seconds_left), (None, None), "{pace:?}");
    run(&scene, MAKE_DUE.query()).await;
    let pace = scene.counted(house).await.pace.unwrap();
    assert_eq!(pace.limit, Some(Limit::NoCourier), "{pace:?}");
    run(&scene, PAUSE.bind(house.batch)).await;
    let pace = scene.counted(house).await.pace.unwrap();
    assert_eq!(pace.limit, Some(Limit::Paused), "{pace:?}");
}

#[rstest]
#[actix_rt::test]
async fn what_is_left_is_reckoned_by_the_pace_of_what_went(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    scene.invites(house, 60, "uni.edu").await;
    let rates = Rates {
        per_second: 10,
        ..Rates::default()
    };
    let mut courier = courier(&scene, &sink, rates);
    let going = async {
        loop {
            courier.work().await.unwrap();
            let batch = scene.counted(house).await;
            let sum: u64 = batch.states.values().sum();
            assert_eq!((sum, batch.given), (60, 0), "no row is lost meanwhile");
            if batch
                .states
                .get(&InviteState::Sent)
                .is_some_and(|n| *n >= 20)
            {
                return batch;
            }
        }
    };
    let batch = timeout(PATIENCE, going).await.unwrap();
    let pace = batch.pace.unwrap();
    let left = 60 - batch.states[&InviteState::Sent];
    assert!(pace.last_minute >= 20, "{pace:?}");
    let seconds = pace.seconds_left.unwrap();
    // Ten a second go at most, and a busy machine sends fewer.
    assert!(seconds * 11 >= left, "{seconds} for {left}");
    assert!(seconds <= left, "{seconds} for {left}");
    courier.finish().await;
    scene.deliver().await;
    scene.deliver().await;
    assert!(scene.counted(house).await.pace.is_none(), "nothing is left");
}

#[rstest]
#[actix_rt::test]
async fn what_is_tried_once_more_is_left_until_it_was(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] again: bool,
) {
    let (sink, scene, house) = open(engine).await;
    scene.invites(house, 5, "uni.edu").await;
    sink.vanish_after_dot("p4@uni.edu");
    sink.reject("p3@uni.edu", "451 4.7.1 greylisted, come back later");
    scene.deliver().await;
    let batch = scene.counted(house).await;
    let states = [
        (InviteState::Deferred, 1),
        (InviteState::Unknown, 1),
        (InviteState::Sent, 3),
    ];
    assert_eq!(batch.states, states.into());
    assert_eq!((batch.to_repeat, batch.left()), (1, 2));
    assert_eq!(batch.finished_at, None);
    let pace = batch.pace.unwrap();
    assert_eq!(pace.limit, Some(Limit::Retries));
    assert_eq!(pace.last_minute, 3, "what is tried again is not settled");
    assert!(pace.seconds_left.is_some_and(|seconds| seconds > 0));

    sink.accept("p3@uni.edu");
    run(&scene, DUE.bind("p3@uni.edu")).await;
    scene.deliver().await;
    let batch = scene.counted(house).await;
    let states = [(InviteState::Unknown, 1), (InviteState::Sent, 4)];
    assert_eq!(batch.states, states.into());
    assert_eq!((batch.to_repeat, batch.left()), (1, 1));
    assert_eq!(batch.finished_at, None);
    assert_eq!(batch.pace.unwrap().limit, Some(Limit::Retries));
    let finished = || EVENTS.bind("batch-finished");
    assert_eq!(number(&scene, finished(), "n").await, 0);

    if !again {
        sink.accept("p4@uni.edu");
    }
    scene.carry_later().await;
    scene.deliver().await;
    let batch = scene.counted(house).await;
    let states = if again {
        vec![(InviteState::Unknown, 1), (InviteState::Sent, 4)]
    } else {
        vec![(InviteState::Sent, 5)]
    };
    assert_eq!(batch.states, states.into_iter().collect());
    assert_eq!((batch.to_repeat, batch.left()), (0, 0));
    assert!(batch.finished_at.is_some() && batch.pace.is_none());
    assert_eq!(number(&scene, finished(), "n").await, 1);
}

#[rstest]
#[actix_rt::test]
async fn a_preview_is_the_mail_of_the_first_row_without_its_secrets(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let preview = || PreviewInvitation {
        organisation: house.id,
        batch_id: house.batch,
    };
    let nobody = scene.ask(preview()).await.unwrap();
    assert_eq!(nobody.to.as_str(), "somebody@example.org");
    scene.invite(house, "ann@uni.edu").await;
    let preview = scene.ask(preview()).await.unwrap();
    assert_eq!(preview.to, EmailAddress::parse("ann@uni.edu").unwrap());
    for part in [&preview.text, &preview.html] {
        assert!(part.contains("Law School"), "{part}");
        assert!(part.contains("/invite/preview"), "{part}");
        assert!(part.contains("Bob Roe"), "{part}");
    }
    scene.deliver().await;
    let sent = sink.messages()[0].text();
    let subject = crate::mime::Read::of(&sent).header("Subject").to_owned();
    assert_eq!(subject, preview.subject, "as it is sent");
    assert!(!sent.contains("/invite/preview"), "{sent}");
    let foreign = PreviewInvitation {
        organisation: scene.house().await.id,
        batch_id: house.batch,
    };
    let refused = scene.ask(foreign).await.unwrap_err();
    assert_eq!(refused.kind, contract::Kind::NotFound);
}
