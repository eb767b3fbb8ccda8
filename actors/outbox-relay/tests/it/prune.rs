//! Deleting what is old.

use outbox_relay::Prunable;
use rstest::rstest;
use testkit::Engine;

use crate::house::House;

const DAY: i64 = 86_400;

#[rstest]
#[actix_rt::test]
async fn events_go_in_bounded_pieces_when_they_are_old(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    house.commit(house.ours, 600).await;
    house.commit(house.theirs, 10).await;
    house.clock.advance_seconds(29 * DAY);
    house.commit(house.ours, 10).await;
    assert_eq!(house.prune(Prunable::All).await, 0);

    house.clock.advance_seconds(DAY + 1);
    assert_eq!(house.prune(Prunable::All).await, 3, "500 + 100, and 10");
    let kept: Vec<_> = house.events().await.iter().map(|event| event.1).collect();
    assert_eq!(kept, (601..=610).collect::<Vec<_>>());
}

#[rstest]
#[actix_rt::test]
async fn what_is_not_published_stays_however_old_it_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    house.commit(house.ours, 10).await;
    house.commit(house.theirs, 2).await;
    house.forget_beyond(4).await;
    house.clock.advance_seconds(31 * DAY);
    house.prune(Prunable::Published).await;
    let kept: Vec<_> = house.events().await.iter().map(|event| event.1).collect();
    assert_eq!(kept, (5..=10).collect::<Vec<_>>());
}

#[rstest]
#[actix_rt::test]
async fn clocks_that_differ_leave_no_hole_in_a_history(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    // A node whose clock is ahead committed the first, one whose clock is right the second.
    house.clock.advance_seconds(2);
    house.commit(house.ours, 1).await;
    house.clock.advance_seconds(-2);
    house.commit(house.ours, 1).await;
    house.commit(house.ours, 1).await;
    house.clock.advance_seconds(30 * DAY + 1);
    house.commit(house.ours, 1).await;
    house.prune(Prunable::All).await;
    let kept: Vec<_> = house.events().await.iter().map(|event| event.1).collect();
    assert_eq!(kept, [4]);
    assert_eq!(house.feed(3, None).await.unwrap().items.len(), 1);
}
