//! A batch that is cancelled, row by row.

use contract::ids::InviteId;
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::Engine;

use crate::{
    posted::{self, House, number, open, run},
    scene::Scene,
};

store::statements! {
    /// Nobody looked at it yet.
    DRAFT = "
        update invites set state = 'draft', queued_at = null, due_at = null, expires_at = null
        where id = $1";

    SKIP = "update invites set state = 'skipped', due_at = null, expires_at = null where id = $1";

    STAND = "update invites set state = $2 where id = $1";

    /// It is not sent again.
    STAND_FOR_GOOD = "update invites set state = $2, due_at = null where id = $1";

    /// What would be looked at again, when it is looked for more of the batch.
    AGAIN = "
        select count(*) as n
        from invites
        where state = 'cancelled' and (queued_at is null or due_at is not null)";

    /// Many, as an import makes them.
    DRAFTS = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email, email_key,
            domain, state, created_at, queued_at, due_at)
        select rows.value ->> 'id', b.organisation_id, b.id, b.link_id,
            cast(rows.value ->> 'position' as bigint), 1, 'x', rows.value ->> 'id', 'uni.edu',
            rows.value ->> 'state', 0, cast(rows.value ->> 'due_at' as bigint),
            cast(rows.value ->> 'due_at' as bigint)
        from rows($1)
        join batches b on b.id = $2";
}

#[derive(serde::Serialize)]
struct Given {
    id: String,
    position: usize,
    state: &'static str,
    due_at: Option<i64>,
}

async fn take_back(scene: &Scene) {
    let mut enlister = scene.enlister();
    while enlister.work().await.unwrap() == Pace::Again {}
}

/// An invite of the house as a statement leaves it.
async fn with(
    scene: &Scene,
    house: House,
    statement: &'static store::Statement,
    state: &str,
) -> InviteId {
    let id = scene.invite(house, &format!("{state}@uni.edu")).await;
    run(scene, statement.bind(id).bind(state)).await;
    id
}

#[rstest]
#[actix_rt::test]
async fn what_has_not_left_is_cancelled_once_and_everything_else_stays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_sink, scene, house) = open(engine).await;
    let draft = scene.invite(house, "draft@uni.edu").await;
    run(&scene, DRAFT.bind(draft)).await;
    let skipped = scene.invite(house, "skipped@uni.edu").await;
    run(&scene, SKIP.bind(skipped)).await;
    let queued = scene.invite(house, "queued@uni.edu").await;
    let taken = scene.invite(house, "taken@uni.edu").await;
    run(&scene, posted::TAKE.bind(taken)).await;
    let accepted = scene.invite(house, "accepted@uni.edu").await;
    run(&scene, posted::USE.bind(accepted).bind(house.id)).await;
    let mut expected = vec![
        (draft, "cancelled"),
        (skipped, "skipped"),
        (queued, "cancelled"),
        (taken, "sending"),
        (accepted, "queued"),
    ];
    for state in ["deferred", "unknown"] {
        expected.push((with(&scene, house, &STAND, state).await, "cancelled"));
    }
    for state in ["sent", "delivered", "bounced", "failed", "expired"] {
        expected.push((with(&scene, house, &STAND_FOR_GOOD, state).await, state));
    }
    let lost = scene.invite(house, "lost@uni.edu").await;
    run(&scene, STAND_FOR_GOOD.bind(lost).bind("unknown")).await;
    expected.push((lost, "unknown"));
    take_back(&scene).await;
    assert_eq!(scene.see(queued).await.state, "queued", "nobody cancelled");
    run(&scene, DRAFT.bind(draft)).await;
    run(&scene, posted::CANCEL_BATCH.bind(house.batch)).await;
    take_back(&scene).await;
    for (id, state) in expected {
        let look = scene.see(id).await;
        assert_eq!(look.state, state, "{look:?}");
        assert_eq!(
            look.due_in.is_some(),
            ["sending", "queued"].contains(&state)
        );
    }
    assert_eq!(number(&scene, AGAIN.query(), "n").await, 0);
}

#[rstest]
#[actix_rt::test]
async fn a_large_batch_is_taken_back_whole_and_in_no_piece_looked_at_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_sink, scene, house) = open(engine).await;
    let given = |position| {
        let is_queued = position % 2 == 0;
        Given {
            id: format!("inv_{position:06}"),
            position,
            state: if is_queued { "queued" } else { "draft" },
            due_at: is_queued.then_some(7),
        }
    };
    let given: Vec<_> = (0..4_500).map(given).collect();
    run(&scene, DRAFTS.bind_rows(&given).bind(house.batch)).await;
    run(&scene, posted::CANCEL_BATCH.bind(house.batch)).await;
    take_back(&scene).await;
    assert_eq!(scene.states().await, [("cancelled".to_owned(), 4_500)]);
    assert_eq!(number(&scene, AGAIN.query(), "n").await, 0);
}
