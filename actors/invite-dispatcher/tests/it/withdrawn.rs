//! What a courier took and has not begun, when it must not leave any more.

use std::{cell::Cell, time::Duration};

use contract::{
    EmailAddress, Secret,
    ids::InviteId,
    invites::CancelInvite,
    suppressions::{AddSuppression, SuppressionReason},
};
use invite_dispatcher::{Courier, CourierTiming, MailOptions, Rates};
use kernel::Work as _;
use rstest::rstest;
use testkit::{Engine, SmtpAct, SmtpAt, SmtpScript, SmtpSink, eventually};
use tokio::time::timeout;

use crate::{
    posted::{self, House, number, run},
    scene::Scene,
};

/// How soon a courier gives back what must not leave.
const BOUND: Duration = Duration::from_secs(2);
/// How long the relay takes about what it is blocked at.
const BLOCKED: Duration = Duration::from_secs(4);
/// Long enough for a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// A relay, and one connection to it.
async fn with(engine: Engine, script: SmtpScript) -> (SmtpSink, Scene, House, Courier) {
    let sink = SmtpSink::start_with(script);
    let scene = Scene::sending(engine, &sink).await;
    let house = scene.house().await;
    let options = MailOptions::parse(&Secret::new(sink.url()), "Usher <usher@mail.example>");
    let options = options.unwrap().with_rates(Rates {
        per_second: 0,
        per_day: 1_000,
        connections: 1,
        ..Rates::default()
    });
    let courier = scene.courier_as(options).with_timing(CourierTiming {
        idle: Duration::from_mins(1),
        ..CourierTiming::default()
    });
    (sink, scene, house, courier)
}

async fn cancel(scene: &Scene, house: House, invite_id: InviteId) {
    let cancel = CancelInvite {
        organisation: house.id,
        invite_id,
    };
    scene.ask(cancel).await.unwrap();
}

async fn suppress(scene: &Scene, house: House, email: &str) {
    let add = AddSuppression {
        organisation: house.id,
        email: EmailAddress::parse(email).unwrap(),
        reason: SuppressionReason::Manual,
    };
    scene.ask(add).await.unwrap();
}

/// Whether each is where it should be, and nothing of it is a courier's or due.
async fn are(scene: &Scene, ends: &[(InviteId, &str)]) -> bool {
    for (id, end) in ends {
        let look = scene.see(*id).await;
        if look.state != *end || look.is_leased || look.due_in.is_some() || look.attempts != 0 {
            return false;
        }
    }
    true
}

async fn taken(scene: &Scene, count: i64) {
    eventually(SOON, "they are taken", async || {
        number(scene, posted::NOTED.query(), "n").await == count
    })
    .await;
}

/// Works while something else is done, and then until the batch is finished.
async fn beside(scene: &Scene, courier: &mut Courier, story: impl Future<Output = ()>) {
    let work = async {
        while number(scene, posted::FINISHED.query(), "n").await == 0 {
            courier.work().await.unwrap();
        }
    };
    let both = async { tokio::join!(work, story) };
    timeout(SOON * 2, both).await.unwrap();
    courier.finish().await;
    assert_eq!(number(scene, posted::NOTED.query(), "n").await, 0);
}

fn recipients(sink: &SmtpSink) -> Vec<String> {
    let mails = sink.messages();
    let mut recipients: Vec<_> = mails.into_iter().flat_map(|mail| mail.recipients).collect();
    recipients.sort();
    recipients
}

#[rstest]
#[actix_rt::test]
async fn whoever_must_not_be_written_to_any_more_is_not_behind_a_relay_that_is_blocked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let script = SmtpScript::new().on(|moment| {
        let is_first = moment.at == SmtpAt::Dot && moment.message == 1;
        is_first.then(|| SmtpAct::later(BLOCKED))
    });
    let (sink, scene, house, mut courier) = with(engine, script).await;
    // The first is at the relay, the next may be announced already.
    let names = [
        "first",
        "next",
        "cancelled",
        "unwanted",
        "nobodys",
        "used",
        "reminded",
        "goes",
    ];
    let mut ids = Vec::new();
    for name in names {
        ids.push(scene.invite(house, &format!("{name}@uni.edu")).await);
    }
    let [_, _, cancelled, unwanted, nobodys, used, reminded, goes] = ids[..] else {
        panic!("{ids:?}");
    };
    run(&scene, posted::REMIND.bind(reminded)).await;
    let story = async {
        taken(&scene, 8).await;
        eventually(SOON, "the first is at the relay", async || {
            sink.commands("DATA") > 0
        })
        .await;
        cancel(&scene, house, cancelled).await;
        suppress(&scene, house, "unwanted@uni.edu").await;
        run(&scene, posted::SUPPRESS.bind("nobodys@uni.edu").bind("")).await;
        run(&scene, posted::USE.bind(used).bind(house.id)).await;
        run(&scene, posted::DECLINE.bind(reminded)).await;
        let ends = [
            (cancelled, "cancelled"),
            (unwanted, "suppressed"),
            (nobodys, "suppressed"),
            (used, "unneeded"),
            (reminded, "sent"),
        ];
        eventually(BOUND, "they are given back", async || {
            let states = scene.states().await;
            assert_eq!(states.iter().map(|(_, n)| n).sum::<i64>(), 8, "{states:?}");
            are(&scene, &ends).await
        })
        .await;
        let look = scene.see(goes).await;
        assert!(look.state == "sending" && look.is_leased, "{look:?}");
    };
    beside(&scene, &mut courier, story).await;
    let sent = ["first@uni.edu", "goes@uni.edu", "next@uni.edu"];
    assert_eq!(recipients(&sink), sent);
    let look = scene.see(goes).await;
    assert!(look.is_sent && look.attempts == 1, "{look:?}");
    let counted = posted::SENT_ON.bind(crate::scene::NOON.date());
    assert_eq!(number(&scene, counted, "n").await, 3, "of the day");
}

#[rstest]
#[actix_rt::test]
async fn what_a_connection_is_opened_for_is_given_back_while_it_has_not_come_about(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let script = SmtpScript::new()
        .on(|moment| (moment.at == SmtpAt::Greeting).then(|| SmtpAct::later(BLOCKED)));
    let (sink, scene, house, mut courier) = with(engine, script).await;
    let cancelled = scene.invite(house, "ann@uni.edu").await;
    let unwanted = scene.invite(house, "bob@uni.edu").await;
    let goes = scene.invite(house, "eve@uni.edu").await;
    let story = async {
        taken(&scene, 3).await;
        cancel(&scene, house, cancelled).await;
        eventually(BOUND, "the first is given back", async || {
            are(&scene, &[(cancelled, "cancelled")]).await
        })
        .await;
        // The next took its place.
        suppress(&scene, house, "bob@uni.edu").await;
        eventually(BOUND, "the second is given back", async || {
            are(&scene, &[(unwanted, "suppressed")]).await
        })
        .await;
    };
    beside(&scene, &mut courier, story).await;
    assert_eq!(recipients(&sink), ["eve@uni.edu"]);
    assert_eq!((sink.connections(), sink.commands("MAIL")), (1, 1));
    let look = scene.see(goes).await;
    assert!(look.is_sent && look.attempts == 1, "{look:?}");
}

#[rstest]
#[actix_rt::test]
async fn another_tries_where_the_mail_that_tried_is_given_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let script = SmtpScript::new().on(|moment| match (moment.at, moment.connection) {
        (SmtpAt::Greeting, 1) => Some(SmtpAct::reply("421 4.3.2 not now").and_close()),
        (SmtpAt::Greeting, _) => Some(SmtpAct::later(BLOCKED)),
        _ => None,
    });
    let (sink, scene, house, mut courier) = with(engine, script).await;
    let ids = [
        scene.invite(house, "ann@uni.edu").await,
        scene.invite(house, "eve@uni.edu").await,
    ];
    let tries = Cell::new(None);
    let story = async {
        eventually(SOON, "one tries", async || {
            for id in ids {
                if sink.connections() == 2 && scene.see(id).await.is_leased {
                    tries.set(Some(id));
                }
            }
            tries.get().is_some()
        })
        .await;
        let cancelled = tries.get().unwrap();
        cancel(&scene, house, cancelled).await;
        eventually(BOUND, "it is given back", async || {
            are(&scene, &[(cancelled, "cancelled")]).await
        })
        .await;
    };
    beside(&scene, &mut courier, story).await;
    assert_eq!(sink.messages().len(), 1);
    assert_eq!((sink.connections(), sink.commands("MAIL")), (2, 1));
    let goes = ids.into_iter().find(|id| tries.get() != Some(*id));
    let look = scene.see(goes.unwrap()).await;
    assert!(look.is_sent && look.attempts == 1, "{look:?}");
}

#[rstest]
#[actix_rt::test]
async fn another_tries_though_one_is_still_on_its_way_where_the_mail_that_tried_is_given_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let script = SmtpScript::new().on(|moment| match (moment.connection, moment.at) {
        (1, SmtpAt::Dot) => Some(SmtpAct::later(SOON * 2)),
        (2, SmtpAt::Mail) => {
            let busy = "421 4.7.0 too many messages, try again in 1 second";
            Some(SmtpAct::reply(busy).and_close())
        }
        (3.., SmtpAt::Greeting) => Some(SmtpAct::later(BLOCKED)),
        _ => None,
    });
    let sink = SmtpSink::start_with(script);
    let scene = Scene::sending(engine, &sink).await;
    let house = scene.house().await;
    let options = MailOptions::parse(&Secret::new(sink.url()), "Usher <usher@mail.example>");
    let options = options.unwrap().with_rates(Rates {
        per_second: 0,
        connections: 3,
        ..Rates::default()
    });
    let mut courier = scene.courier_as(options).with_timing(CourierTiming {
        grace: Duration::ZERO,
        ..CourierTiming::default()
    });
    let slow = scene.invite(house, "slow@uni.edu").await;
    let is_over = Cell::new(false);
    let work = async {
        while !is_over.get() {
            courier.work().await.unwrap();
        }
    };
    let story = async {
        eventually(SOON, "one is on its way", async || {
            sink.commands("DATA") == 1
        })
        .await;
        let first = scene.invite(house, "ann@uni.edu").await;
        eventually(SOON, "the relay asks for fewer", async || {
            sink.commands("MAIL") == 2 && !scene.see(first).await.is_leased
        })
        .await;
        let ids = [first, scene.invite(house, "eve@uni.edu").await];
        let tries = Cell::new(None);
        eventually(SOON, "one tries", async || {
            for id in ids {
                if sink.connections() == 3 && scene.see(id).await.is_leased {
                    tries.set(Some(id));
                }
            }
            tries.get().is_some()
        })
        .await;
        let cancelled = tries.get().unwrap();
        cancel(&scene, house, cancelled).await;
        let goes = ids.into_iter().find(|id| *id != cancelled).unwrap();
        eventually(SOON, "the other goes", async || {
            scene.see(goes).await.state == "sent"
        })
        .await;
        assert_eq!(scene.see(slow).await.state, "sending", "still on its way");
        is_over.set(true);
    };
    let both = async { tokio::join!(work, story) };
    timeout(SOON, both).await.unwrap();
    courier.finish().await;
}
