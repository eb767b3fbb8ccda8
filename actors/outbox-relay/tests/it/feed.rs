//! The feed.

use contract::{
    Kind,
    events::{Event, ListEvents},
};
use outbox_relay::Prunable;
use rstest::rstest;
use testkit::Engine;

use crate::house::House;

#[rstest]
#[actix_rt::test]
async fn pages_follow_each_other_without_a_gap(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    house.commit(house.ours, 5).await;
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let page = house.feed(after, Some(2)).await.unwrap();
        assert!(page.items.len() <= 2);
        if page.items.is_empty() {
            assert_eq!(page.next_after, after, "one may go on from the end");
            break;
        }
        after = page.next_after;
        seen.extend(page.items);
    }
    let numbers: Vec<_> = seen.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    assert_eq!(seen[0].event, Event::OrganisationUpdated);
    assert_eq!(seen[0].at, crate::house::NOON);

    house.commit(house.ours, 1).await;
    let page = house.feed(after, None).await.unwrap();
    assert_eq!((page.items.len(), page.next_after), (1, 6));
}

#[rstest]
#[actix_rt::test]
async fn a_page_has_at_most_two_hundred_events(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    house.commit(house.ours, 201).await;
    let count = async |limit| house.feed(0, limit).await.unwrap().items.len();
    assert_eq!(count(Some(100_000)).await, 200);
    assert_eq!(count(None).await, 50);
    assert_eq!(count(Some(0)).await, 1);
}

#[rstest]
#[actix_rt::test]
async fn nobody_sees_the_events_of_another_organisation(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    house.commit(house.ours, 3).await;
    house.commit(house.theirs, 1).await;
    assert_eq!(house.feed(0, None).await.unwrap().items.len(), 3);
    let ask = ListEvents {
        organisation: house.ours,
        after: 0,
        limit: None,
    };
    let refused = house.feed_as(house.theirs, ask).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
}

#[rstest]
#[actix_rt::test]
async fn whoever_would_miss_events_is_told_so(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    house.commit(house.ours, 3).await;
    house.clock.advance_seconds(31 * 86_400);
    house.commit(house.ours, 2).await;
    house.prune(Prunable::All).await;

    for after in [0, 2] {
        let refused = house.feed(after, None).await.unwrap_err();
        assert_eq!(refused.kind, Kind::EventsExpired);
        let says_where = refused.detail.unwrap().ends_with(" 3.");
        assert!(says_where, "it says where one can go on");
    }
    let page = house.feed(3, None).await.unwrap();
    assert_eq!((page.items.len(), page.next_after), (2, 5));

    // When nothing is kept any more, the end of the history is still a place to go on from.
    house.clock.advance_seconds(31 * 86_400);
    house.prune(Prunable::All).await;
    assert_eq!(house.events().await, []);
    let refused = house.feed(4, None).await.unwrap_err();
    assert_eq!(refused.kind, Kind::EventsExpired);
    assert_eq!(house.feed(5, None).await.unwrap().items, []);
}

#[rstest]
#[actix_rt::test]
async fn a_number_that_was_never_given_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    assert_eq!(house.feed(0, None).await.unwrap().next_after, 0);
    house.commit(house.ours, 3).await;
    for after in [4, u64::MAX] {
        let refused = house.feed(after, None).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Invalid);
        assert_eq!(refused.errors[0].field, "after");
    }
}
