//! Invites that were accepted while their mail waited: by a link that was handed on, or by a mail whose
//! reply was lost.

use contract::{
    batches::{Batch, GetBatch},
    ids::InviteId,
    invites::InviteState,
};
use invite_dispatcher::Reminder;
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::Engine;

use crate::{
    posted::{self, House, open, run},
    scene::{NOON, Scene},
};

store::statements! {
    /// Three batches are handed in, to a plan with ten seats.
    GIVEN = "update batches set given = 7 where id = $1";

    TRY_AGAIN = "update invites set due_at = 0 where id = $1";
}

async fn batch(scene: &Scene, house: House) -> Batch {
    let get = GetBatch {
        organisation: house.id,
        batch_id: house.batch,
    };
    let batch = scene.ask(get).await.unwrap();
    let sum = batch.states.values().sum::<u64>();
    assert_eq!(sum, batch.given, "every row is somewhere, once");
    batch
}

async fn accept(scene: &Scene, house: House, invite: InviteId) {
    run(scene, posted::USE.bind(invite).bind(house.id)).await;
}

#[rstest]
#[actix_rt::test]
async fn whoever_accepts_before_the_mail_leaves_is_counted_as_that_and_gets_none(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] is_cancelled: bool,
) {
    let (sink, scene, house) = open(engine).await;
    let waits = scene.invite(house, "waits@uni.edu").await;
    let deferred = scene.invite(house, "deferred@uni.edu").await;
    let lost = scene.invite(house, "lost@uni.edu").await;
    let put_off = scene.invite(house, "put-off@uni.edu").await;
    let over = scene.invite_until(house, "over@uni.edu", NOON).await;
    let late = scene.invite_until(house, "late@uni.edu", NOON).await;
    let open = scene.invite(house, "open@uni.edu").await;
    run(&scene, GIVEN.bind(house.batch)).await;
    sink.reject("deferred@uni.edu", "451 4.7.1 greylisted, come back later");
    for email in ["lost@uni.edu", "put-off@uni.edu"] {
        sink.vanish_after_dot(email);
    }
    for id in [waits, over] {
        accept(&scene, house, id).await;
    }
    let (db, clock) = (scene.db.clone(), scene.clock.clone());
    let mut reminder = Reminder::new(db, clock, scene.woken.clone());
    while reminder.work().await.unwrap() == Pace::Again {}
    scene.deliver().await;
    // The mail whose reply was lost may be there, whatever is said of the next.
    sink.reject("put-off@uni.edu", "451 4.7.1 greylisted, come back later");
    run(&scene, TRY_AGAIN.bind(put_off)).await;
    scene.deliver().await;
    let look = scene.see(put_off).await;
    assert_eq!((look.state.as_str(), look.lost_replies), ("deferred", 1));
    for id in [deferred, lost, put_off] {
        accept(&scene, house, id).await;
    }
    if is_cancelled {
        run(&scene, posted::CANCEL_BATCH.bind(house.batch)).await;
    }
    scene.carry_later().await;
    scene.deliver().await;
    for (id, state) in [
        (waits, "unneeded"),
        (over, "unneeded"),
        (deferred, "unneeded"),
        (lost, "unknown"),
        (put_off, "unknown"),
        (late, "expired"),
        (open, "sent"),
    ] {
        let look = scene.see(id).await;
        let stands = (look.state.as_str(), look.due_in, look.is_leased);
        assert_eq!(stands, (state, None, false), "{look:?}");
    }
    let batch = batch(&scene, house).await;
    assert_eq!((batch.accepted, batch.left()), (5, 0));
    assert_eq!(batch.states.get(&InviteState::Cancelled), None);
    assert_eq!(batch.states.get(&InviteState::Unneeded), Some(&3));
    assert!(batch.finished_at.is_some());
    let mut got: Vec<_> = sink.messages();
    let got: Vec<_> = got.drain(..).flat_map(|mail| mail.recipients).collect();
    assert_eq!(got.len(), 3, "nobody is written to who accepted: {got:?}");
}
