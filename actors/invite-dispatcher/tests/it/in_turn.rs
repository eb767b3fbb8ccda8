//! Whose rows are queued, or taken back, first.

use contract::{
    Clock as _,
    ids::InviteId,
    invites::{ResendPending, Resent},
};
use kernel::{Pace, Work as _};
use rstest::rstest;
use serde::Serialize;
use testkit::Engine;

use crate::{
    posted::{self, House, number, open, run},
    scene::Scene,
};

store::statements! {
    /// Many at once, as an import makes them, or as they wait.
    pub(crate) MANY = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email, email_key,
            domain, state, created_at, queued_at, due_at, expires_at)
        select rows.value ->> 'id', b.organisation_id, b.id, b.link_id,
            cast(rows.value ->> 'position' as bigint), 1, rows.value ->> 'email',
            rows.value ->> 'email', rows.value ->> 'domain', $3, 0,
            case when $3 = 'queued' then now_micros() end,
            case when $3 = 'queued' then now_micros() end,
            case when $3 = 'queued' then cast($4 as bigint) end
        from rows($1)
        join batches b on b.id = $2";

    /// A courier has it.
    HOLD = "
        update invites
        set leased_by = 'a courier', leased_until = now_micros() + 60000000
        where id = $1";

    /// All of a batch was sent two hours ago.
    SENT = "
        update invites
        set state = 'sent', due_at = null, queued_at = now_micros() - 7200000000,
            sent_at = now_micros() - 7200000000
        where batch_id = $1";

    /// How many of a batch are in a state.
    OF = "select count(*) as n from invites where batch_id = $1 and state = $2";
}

/// Rows of the large batches: a few pieces.
const LARGE: usize = 4_500;
const SMALL: usize = 10;

#[derive(Serialize)]
struct Row {
    id: InviteId,
    position: usize,
    email: String,
    domain: String,
}

impl Scene {
    /// So many rows more of a batch, from a position on; answers who they are.
    pub(crate) async fn many(
        &self,
        house: House,
        state: &str,
        positions: std::ops::Range<usize>,
        domain: impl Fn(usize) -> String,
    ) -> Vec<InviteId> {
        let row = |position| {
            let domain = domain(position);
            Row {
                id: InviteId::new(self.clock.ulid()),
                position,
                email: format!("p{position}@{domain}"),
                domain,
            }
        };
        let rows: Vec<_> = positions.map(row).collect();
        let many = MANY.bind_rows(&rows).bind(house.batch).bind(state);
        run(self, many.bind(crate::scene::NOON.plus_days(30))).await;
        rows.into_iter().map(|row| row.id).collect()
    }

    async fn of(&self, house: House, state: &str) -> i64 {
        number(self, OF.bind(house.batch).bind(state), "n").await
    }
}

fn uni(_: usize) -> String {
    "uni.edu".to_owned()
}

#[rstest]
#[actix_rt::test]
async fn a_piece_of_each_is_queued_or_taken_back_in_turn(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("draft", "queued")] state: &str,
) {
    let (_sink, scene, large) = open(engine).await;
    let (other, small) = (scene.house().await, scene.house().await);
    assert!(large.batch < other.batch && other.batch < small.batch);
    for (house, count) in [(large, LARGE), (other, LARGE), (small, SMALL)] {
        scene.many(house, state, 0..count, uni).await;
        if state == "queued" {
            run(&scene, posted::CANCEL_BATCH.bind(house.batch)).await;
        }
    }
    let end = if state == "draft" {
        "queued"
    } else {
        "cancelled"
    };
    let mut enlister = scene.enlister();
    for _ in 0..3 {
        assert_eq!(enlister.work().await.unwrap(), Pace::Again);
    }
    let moved = [
        scene.of(large, end).await,
        scene.of(other, end).await,
        scene.of(small, end).await,
    ];
    assert_eq!(moved, [1_000, 1_000, 10], "a piece of each");
    while enlister.work().await.unwrap() == Pace::Again {}
    assert_eq!(scene.of(large, end).await, 4_500);
    assert_eq!(scene.of(other, end).await, 4_500);
}

#[rstest]
#[actix_rt::test]
async fn what_cannot_be_taken_back_at_this_moment_holds_up_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_sink, scene, held) = open(engine).await;
    let other = scene.house().await;
    let [one] = scene.many(held, "queued", 0..1, uni).await[..] else {
        panic!("there is one");
    };
    run(&scene, HOLD.bind(one)).await;
    run(&scene, posted::CANCEL_BATCH.bind(held.batch)).await;
    scene.many(other, "draft", 0..SMALL, uni).await;
    let mut enlister = scene.enlister();
    assert_eq!(enlister.work().await.unwrap(), Pace::Again);
    assert_eq!(scene.of(other, "queued").await, 10);
    assert_eq!(scene.of(held, "queued").await, 1);
    assert!(matches!(enlister.work().await.unwrap(), Pace::Rest(_)));
}

#[rstest]
#[actix_rt::test]
async fn the_pending_of_a_large_batch_are_sent_again_a_piece_a_turn(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_sink, scene, house) = open(engine).await;
    scene.many(house, "queued", 100..2_600, uni).await;
    run(&scene, SENT.bind(house.batch)).await;
    let again = async |behind| {
        let resend = ResendPending {
            organisation: house.id,
            batch_id: house.batch,
            behind,
        };
        scene.ask(resend).await.unwrap()
    };
    let piece = again(None).await;
    let behind = Some(2_099);
    assert_eq!(
        piece,
        Resent {
            count: 2_000,
            behind
        }
    );
    assert_eq!(scene.of(house, "queued").await, 2_000);
    let rest = again(behind).await;
    // Somebody else may have had one that would have filled the piece: only an empty one is the last.
    let behind = Some(2_599);
    assert_eq!(rest, Resent { count: 500, behind });
    let none = Resent {
        count: 0,
        behind: None,
    };
    assert_eq!(again(behind).await, none);
    assert_eq!(again(None).await, none);
    assert_eq!(scene.of(house, "queued").await, 2_500);
}
