//! By how much a batch exceeds the free seats.

use contract::{
    batches::{AddToBatch, Batch, GetBatch, SealBatch, SendBatch, Steer, SteerBatch},
    ids::BatchId,
};
use rstest::rstest;
use store::Query;
use testkit::Engine;

use crate::{
    batches::{organisation, row},
    posted::run,
    scene::Scene,
};

store::statements! {
    /// Where the mail of a row stands.
    STAND = "update invites set state = $2, expires_at = $3 where batch_id = $1 and position = $4";

    /// All of them were sent.
    STAND_ALL = "update invites set state = 'sent' where batch_id = $1";

    TAKE_BACK = "update invites set cancelled_at = 1 where batch_id = $1 and position = $2";

    ACCEPT = "
        insert into invite_uses (invite_id, organisation_id, membership_id, account_id, email_key, at)
        select id, organisation_id, 'member' || id, 'account' || id, email_key, 1
        from invites
        where batch_id = $1 and position = $2";
}

const ROWS: u64 = 25;
/// Of the plan of the batch.
const FREE: u64 = 10;

async fn batch(scene: &Scene, batch_id: BatchId) -> Batch {
    let organisation = organisation();
    let get = GetBatch {
        organisation,
        batch_id,
    };
    scene.ask(get).await.unwrap()
}

#[rstest]
#[actix_rt::test]
async fn who_can_take_no_seat_any_more_exceeds_none(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    let (organisation, batch_id) = (organisation(), scene.open_batch(ROWS).await);
    let rows = (0..ROWS).map(|n| row(1, &format!("p{n}@x.edu"))).collect();
    let add = AddToBatch {
        organisation,
        batch_id,
        first_row: 0,
        rows,
    };
    scene.ask(add).await.unwrap();
    let seal = SealBatch {
        organisation,
        batch_id,
        given: ROWS,
    };
    let draft = scene.ask(seal).await.unwrap();
    assert_eq!(draft.exceeds_free_seats_by, ROWS - FREE);
    let send = SendBatch {
        organisation,
        batch_id,
    };
    let sent = scene.ask(send).await.unwrap();
    assert_eq!(sent.exceeds_free_seats_by, ROWS - FREE);
    run(&scene, STAND_ALL.bind(batch_id)).await;
    let never = i64::MAX;
    let stand = |state: &'static str, until: i64, position: u64| {
        let stand = STAND.bind(batch_id).bind(state).bind(until);
        stand.bind(position)
    };
    let mut left = ROWS - FREE;
    let gone: [Query; 9] = [
        stand("skipped", never, 0),
        stand("cancelled", never, 1),
        stand("bounced", never, 2),
        stand("failed", never, 3),
        stand("suppressed", never, 4),
        stand("expired", never, 5),
        stand("delivered", 1, 6),
        TAKE_BACK.bind(batch_id).bind(7_u64),
        ACCEPT.bind(batch_id).bind(8_u64),
    ];
    for change in gone {
        run(&scene, change).await;
        left -= 1;
        assert_eq!(batch(&scene, batch_id).await.exceeds_free_seats_by, left);
    }
    // Is counted once, whoever accepts what bounced; and whoever complained can still accept.
    let same = [
        ACCEPT.bind(batch_id).bind(2_u64),
        stand("complained", never, 9),
        stand("deferred", never, 10),
        stand("unknown", never, 11),
    ];
    for change in same {
        run(&scene, change).await;
        assert_eq!(batch(&scene, batch_id).await.exceeds_free_seats_by, left);
    }
    let cancel = SteerBatch {
        organisation,
        batch_id,
        steer: Steer::Cancel,
    };
    let cancelled = scene.ask(cancel).await.unwrap();
    assert_eq!(cancelled.exceeds_free_seats_by, 0);
}
