//! Batches that nobody sends are forgotten.

use contract::{
    Kind,
    batches::{
        AddToBatch, Batch, GetBatch, OpenBatch, SealBatch, SendBatch, Source, Steer, SteerBatch,
    },
    ids::BatchId,
};
use invite_dispatcher::Reminder;
use kernel::{Pace, Work as _};
use rstest::rstest;
use serde::Serialize;
use store::Query;
use testkit::Engine;

use crate::{
    batches::row,
    invited::{House, Invited, refused},
};

store::statements! {
    /// Rows, as an import makes them.
    ROWS = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email, email_key,
            domain, state, created_at)
        select rows.value ->> 'id', b.organisation_id, b.id, b.link_id,
            cast(rows.value ->> 'position' as bigint), 1, 'x', rows.value ->> 'id', 'uni.edu', 'draft', 0
        from rows($1)
        join batches b on b.id = $2";

    TAKEN = "select count(*) as n from invites where batch_id = $1";

    REFUSED = "select count(*) as n from refusals where batch_id = $1";

    /// Something that hangs on invites.
    MAKE_HOLDS = "create table holds (invite_id text references invites (id))";

    HOLD = "insert into holds (invite_id) select id from invites where batch_id = $1";

    LET_GO = "delete from holds";
}

const DAY: i64 = 24 * 60 * 60;

#[derive(Serialize)]
struct Given {
    id: String,
    position: usize,
}

/// A batch of one address that is taken and one that is not.
pub(crate) async fn unsealed(on: &Invited, house: House, email: &str) -> BatchId {
    let (organisation, link_id) = (house.id, house.link);
    let open = OpenBatch {
        organisation,
        link_id,
        source: Source::Paste,
        message: None,
        inviter: None,
        limit: 500,
    };
    let batch_id = on.scene.ask(open).await.unwrap().id;
    let add = AddToBatch {
        organisation,
        batch_id,
        first_row: 0,
        rows: vec![row(1, email), row(2, "nobody")],
    };
    on.scene.ask(add).await.unwrap();
    batch_id
}

pub(crate) async fn draft(on: &Invited, house: House, email: &str) -> Batch {
    let seal = SealBatch {
        organisation: house.id,
        batch_id: unsealed(on, house, email).await,
        given: 2,
    };
    on.scene.ask(seal).await.unwrap()
}

pub(crate) async fn send(
    on: &Invited,
    house: House,
    batch_id: BatchId,
) -> Result<Batch, contract::Problem> {
    let organisation = house.id;
    let send = SendBatch {
        organisation,
        batch_id,
    };
    on.scene.ask(send).await
}

async fn is_there(on: &Invited, house: House, batch_id: BatchId) -> bool {
    let organisation = house.id;
    let get = GetBatch {
        organisation,
        batch_id,
    };
    let found = on.scene.ask(get).await;
    assert!(found.is_ok() || refused(found.clone()) == Some(Kind::NotFound));
    found.is_ok()
}

async fn number(on: &Invited, query: Query) -> i64 {
    let mut reader = on.scene.db.read().await.unwrap();
    let row = query.fetch_one(&mut reader).await.unwrap();
    row.get("n").unwrap()
}

#[rstest]
#[actix_rt::test]
async fn a_draft_is_kept_for_a_week_and_what_was_not_sealed_for_a_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let sent = draft(&on, a, "sent@uni.edu").await.id;
    send(&on, a, sent).await.unwrap();
    let kept = draft(&on, a, "kept@uni.edu").await.id;
    let cancelled = draft(&on, a, "cancelled@uni.edu").await.id;
    let cancel = SteerBatch {
        organisation: a.id,
        batch_id: cancelled,
        steer: Steer::Cancel,
    };
    on.scene.ask(cancel).await.unwrap();
    let broken_off = unsealed(&on, a, "broken@uni.edu").await;
    let elsewhere = unsealed(&on, on.b, "else@uni.edu").await;
    on.scene.clock.advance_seconds(DAY);
    on.sweep().await;
    assert!(is_there(&on, a, broken_off).await, "a day is not over");
    on.scene.clock.advance_seconds(1);
    on.sweep().await;
    for (house, batch) in [(a, broken_off), (on.b, elsewhere)] {
        assert!(!is_there(&on, house, batch).await, "a day is over");
    }
    on.scene.clock.advance_seconds(6 * DAY - 1);
    on.sweep().await;
    for batch in [kept, cancelled] {
        assert!(is_there(&on, a, batch).await, "a week is not over");
    }
    on.scene.clock.advance_seconds(1);
    on.sweep().await;
    for batch in [kept, cancelled] {
        assert!(!is_there(&on, a, batch).await, "a week is over");
    }
    for batch in [kept, cancelled, broken_off, elsewhere] {
        assert_eq!(number(&on, TAKEN.bind(batch)).await, 0);
        assert_eq!(number(&on, REFUSED.bind(batch)).await, 0);
    }
    on.scene.clock.advance_seconds(365 * DAY);
    on.sweep().await;
    assert!(is_there(&on, a, sent).await);
    assert_eq!(number(&on, TAKEN.bind(sent)).await, 1);
    assert_eq!(number(&on, REFUSED.bind(sent)).await, 1);
}

#[rstest]
#[actix_rt::test]
async fn a_large_draft_is_forgotten_in_pieces_and_nobody_sends_the_rest(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let batch = draft(&on, a, "ann@uni.edu").await.id;
    let given = (2..2_500).map(|position| Given {
        id: format!("inv_{position:06}"),
        position,
    });
    let given: Vec<_> = given.collect();
    on.run(ROWS.bind_rows(&given).bind(batch)).await;
    on.scene.clock.advance_seconds(7 * DAY + 1);
    let mut workers: Vec<Reminder> = (0..2).map(|_| on.reminder()).collect();
    for worker in &mut workers {
        assert_eq!(worker.work().await.unwrap(), Pace::Again);
    }
    assert_eq!(number(&on, TAKEN.bind(batch)).await, 499);
    let refusal = send(&on, a, batch).await.unwrap_err();
    assert_eq!(refusal.detail.as_deref(), Some("This batch was cancelled."));
    on.sweep().await;
    assert!(!is_there(&on, a, batch).await);
    assert_eq!(number(&on, TAKEN.bind(batch)).await, 0);
}

#[rstest]
#[actix_rt::test]
async fn a_draft_that_cannot_be_forgotten_holds_up_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let held = draft(&on, a, "ann@uni.edu").await.id;
    let other = draft(&on, a, "bob@uni.edu").await.id;
    assert!(held < other);
    on.run(MAKE_HOLDS.query()).await;
    on.run(HOLD.bind(held)).await;
    on.scene.clock.advance_seconds(7 * DAY + 1);
    let mut reminder = on.reminder();
    let mut sweep = async || while reminder.work().await.unwrap() == Pace::Again {};
    sweep().await;
    assert!(is_there(&on, a, held).await);
    assert!(!is_there(&on, a, other).await);
    on.run(LET_GO.query()).await;
    sweep().await;
    assert!(!is_there(&on, a, held).await, "it is tried again");
}

#[rstest]
#[actix_rt::test]
async fn what_is_being_forgotten_is_not_added_to_and_not_sealed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let organisation = a.id;
    let batch_id = unsealed(&on, a, "ann@uni.edu").await;
    let given = (2..2_500).map(|position| Given {
        id: format!("inv_{position:06}"),
        position,
    });
    let given: Vec<_> = given.collect();
    on.run(ROWS.bind_rows(&given).bind(batch_id)).await;
    on.scene.clock.advance_seconds(DAY + 1);
    let pace = on.reminder().work().await.unwrap();
    assert_eq!(pace, Pace::Again);
    let add = AddToBatch {
        organisation,
        batch_id,
        first_row: 2,
        rows: vec![row(3, "bob@uni.edu")],
    };
    assert_eq!(refused(on.scene.ask(add).await), Some(Kind::Conflict));
    let seal = SealBatch {
        organisation,
        batch_id,
        given: 2,
    };
    assert_eq!(refused(on.scene.ask(seal).await), Some(Kind::Conflict));
}
