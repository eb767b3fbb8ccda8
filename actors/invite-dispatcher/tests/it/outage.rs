//! Couriers while the database is away, and after it is there again.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use contract::{
    Clock as _, EmailAddress, Secret, Stamp,
    batches::{Steer, SteerBatch},
    ids::InviteId,
    invites::CancelInvite,
    suppressions::{AddSuppression, SuppressionReason},
};
use futures_util::future::join;
use invite_dispatcher::{Courier, CourierTiming, MailOptions, Rates};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::Engine;
use tokio::{net::TcpListener, sync::Notify, task::yield_now};

use crate::{
    posted::{self, House, open, run},
    scene::Scene,
    taken_over::{Seen, counting, relay, some},
};

/// A courier with one connection to whoever listens here, which looks at each step what has become of its mail.
pub(crate) async fn courier(scene: &Scene) -> (Courier, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Secret::new(format!("smtp://{}", listener.local_addr().unwrap()));
    let options = MailOptions::parse(&url, "Usher <usher@mail.example>");
    let courier = scene.courier_as(options.unwrap().with_rates(Rates {
        connections: 1,
        ..Rates::default()
    }));
    let timing = CourierTiming {
        look: Duration::ZERO,
        idle: Duration::ZERO,
        ..CourierTiming::default()
    };
    (courier.with_timing(timing), listener)
}

pub(crate) async fn until_idle(courier: &mut Courier) {
    while courier.work().await.unwrap() == Pace::Again {}
}

/// Works in vain, so often.
pub(crate) async fn fail(courier: &mut Courier, times: usize) {
    let mut refused = 0;
    while refused < times {
        refused += usize::from(courier.work().await.is_err());
    }
}

#[rstest]
#[actix_rt::test]
async fn what_a_courier_knows_is_written_down_though_its_lease_ran_out_meanwhile(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let ids = some(&scene, house, 3).await;
    let (mut late, listener) = courier(&scene).await;
    let hide = run(&scene, posted::HIDE_INVITES.query());
    let work = async {
        fail(&mut late, 2).await;
        run(&scene, posted::SHOW_INVITES.query()).await;
        // Longer than a lease it was away; one that has just begun is there first.
        run(&scene, posted::END_LEASES.query()).await;
        scene.deliver().await;
        let look = scene.see(ids[0]).await;
        assert_eq!((look.state.as_str(), look.crashes), ("unknown", 1));
        until_idle(&mut late).await;
        late.finish().await;
    };
    let ((), mails) = join(work, relay(listener, hide)).await;
    scene.carry_later().await;
    for id in ids {
        let look = scene.see(id).await;
        assert_eq!(
            (look.state.as_str(), look.attempts, look.crashes),
            ("sent", 1, 0),
            "{look:?}"
        );
    }
    assert_eq!(mails + sink.messages().len(), 3, "one each");
}

#[rstest]
#[actix_rt::test]
async fn nobody_is_thought_dead_because_the_database_was_away(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_sink, scene, house) = open(engine).await;
    let id = scene.invite(house, "ann@uni.edu").await;
    run(&scene, posted::TAKE.bind(id)).await;
    let mut other = scene.courier();
    run(&scene, posted::HIDE_INVITES.query()).await;
    fail(&mut other, 1).await;
    run(&scene, posted::SHOW_INVITES.query()).await;
    run(&scene, posted::END_LEASES.query()).await;
    run(&scene, posted::NOTE.bind(id)).await;
    until_idle(&mut other).await;
    let look = scene.see(id).await;
    assert!(look.state == "sending" && look.is_leased, "{look:?}");
    // Who was not there cannot know that it was.
    scene.deliver().await;
    let look = scene.see(id).await;
    assert_eq!((look.state.as_str(), look.crashes), ("unknown", 1));
}

#[rstest]
#[actix_rt::test]
async fn what_others_have_had_meanwhile_does_not_begin_any_more(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let ids = some(&scene, house, 5).await;
    let (mut slow, listener) = courier(&scene).await;
    let (has_arrived, replies) = (Cell::new(false), Notify::new());
    let holds = async {
        has_arrived.set(true);
        replies.notified().await;
    };
    let work = async {
        while !has_arrived.get() {
            slow.work().await.unwrap();
        }
        assert!(
            scene.see(ids[4]).await.is_leased,
            "all wait behind the first"
        );
        run(&scene, posted::END_LEASES.query()).await;
        run(&scene, posted::FORGET_COURIERS.query()).await;
        // Somebody has one more, so that the batch goes on.
        let last = scene.invite(house, "eve@uni.edu").await;
        run(&scene, posted::TAKE.bind(last)).await;
        scene.deliver().await;
        scene.carry_later().await;
        assert_eq!(sink.messages().len(), 5);
        slow.work().await.unwrap();
        replies.notify_one();
        until_idle(&mut slow).await;
        slow.finish().await;
    };
    let ((), mails) = join(work, relay(listener, holds)).await;
    assert_eq!(mails, 1, "what was on its way");
    for id in ids {
        let look = scene.see(id).await;
        assert_eq!((look.state.as_str(), look.crashes), ("sent", 1), "{look:?}");
    }
}

#[rstest]
#[case::as_long_as_is_set(Duration::ZERO)]
#[case::and_not_before(Duration::from_hours(1))]
#[actix_rt::test]
async fn nothing_new_begins_once_the_database_is_silent_for_as_long_as_is_set(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] unanswered: Duration,
) {
    let (_sink, scene, house) = open(engine).await;
    some(&scene, house, 20).await;
    let (courier, listener) = courier(&scene).await;
    let mut courier = courier.with_timing(CourierTiming {
        unanswered,
        ..CourierTiming::default()
    });
    let (seen, held) = (Seen::default(), RefCell::new(None));
    // Whoever asks for invites waits for this, on SQLite whoever writes.
    let silence = async {
        let stamp = Stamp {
            now: scene.clock.now(),
            actor: "operator".to_owned(),
            request_id: "fixture".to_owned(),
        };
        let mut tx = scene.db.write(&stamp).await.unwrap();
        posted::HIDE_INVITES.query().execute(&mut tx).await.unwrap();
        held.replace(Some((tx, seen.begun.get())));
    };
    let quiet = async {
        let mut count = 0;
        while count < 1_000 {
            yield_now().await;
            let is_silent = held.borrow().is_some();
            count = if is_silent && seen.is_quiet() {
                count + 1
            } else {
                0
            };
        }
        let (tx, before) = held.take().unwrap();
        drop(tx);
        seen.begun.get() - before
    };
    let work = async {
        until_idle(&mut courier).await;
        courier.finish().await;
    };
    let ends = join(quiet, work);
    let ((meanwhile, ()), mails) = join(ends, counting(listener, &seen, silence)).await;
    assert_eq!(mails, 20, "one each");
    if unanswered.is_zero() {
        assert!(
            meanwhile <= 1,
            "{meanwhile} with the one that was announced"
        );
    } else {
        assert!(meanwhile > 10, "{meanwhile} of what it had");
    }
}

/// What an administrator does while a courier is thought dead.
#[derive(Clone, Copy, Debug)]
enum Act {
    Cancel,
    CancelBatch,
    Suppress,
}

impl Act {
    const fn state(self) -> &'static str {
        match self {
            Self::Cancel | Self::CancelBatch => "cancelled",
            Self::Suppress => "suppressed",
        }
    }

    async fn upon(self, scene: &Scene, house: House, ids: &[InviteId]) {
        let organisation = house.id;
        for (n, invite_id) in ids.iter().copied().enumerate() {
            match self {
                Self::Cancel => {
                    let cancel = CancelInvite {
                        organisation,
                        invite_id,
                    };
                    scene.ask(cancel).await.unwrap();
                }
                Self::Suppress => {
                    let add = AddSuppression {
                        organisation,
                        email: EmailAddress::parse(&format!("p{}@uni.edu", n + 1)).unwrap(),
                        reason: SuppressionReason::Manual,
                    };
                    scene.ask(add).await.unwrap();
                }
                Self::CancelBatch => {}
            }
        }
        if matches!(self, Self::CancelBatch) {
            let cancel = SteerBatch {
                organisation,
                batch_id: house.batch,
                steer: Steer::Cancel,
            };
            scene.ask(cancel).await.unwrap();
            let mut enlister = scene.enlister();
            while enlister.work().await.unwrap() == Pace::Again {}
        }
    }
}

#[rstest]
#[actix_rt::test]
async fn what_never_began_ends_as_what_was_done_to_it_while_its_courier_was_thought_dead(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(Act::Cancel, Act::CancelBatch, Act::Suppress)] act: Act,
    #[values(true, false)] is_first: bool,
) {
    let (_sink, scene, house) = open(engine).await;
    let ids = some(&scene, house, 4).await;
    let (mut slow, listener) = courier(&scene).await;
    let (has_arrived, replies) = (Cell::new(false), Notify::new());
    let holds = async {
        has_arrived.set(true);
        replies.notified().await;
    };
    let work = async {
        while !has_arrived.get() {
            slow.work().await.unwrap();
        }
        assert!(
            scene.see(ids[3]).await.is_leased,
            "all wait behind the first"
        );
        if is_first {
            act.upon(&scene, house, &ids[1..]).await;
        }
        run(&scene, posted::END_LEASES.query()).await;
        run(&scene, posted::FORGET_COURIERS.query()).await;
        scene.deliver().await;
        let look = scene.see(ids[1]).await;
        assert_eq!((look.state.as_str(), look.crashes), ("unknown", 1));
        if !is_first {
            act.upon(&scene, house, &ids[1..]).await;
        }
        slow.work().await.unwrap();
        replies.notify_one();
        until_idle(&mut slow).await;
        slow.finish().await;
    };
    let ((), mails) = join(work, relay(listener, holds)).await;
    assert_eq!(mails, 1, "what was on its way");
    assert_eq!(scene.see(ids[0]).await.state, "sent");
    for id in &ids[1..] {
        let look = scene.see(*id).await;
        assert_eq!(
            (look.state.as_str(), look.reason.as_str(), look.crashes),
            (act.state(), "", 0),
            "{look:?}"
        );
        assert_eq!((look.attempts, look.due_in), (0, None), "{look:?}");
    }
}
