use contract::seats::{SettleProof, Status};
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

use crate::house::House;

store::statements! {
    COUNT_SETTLED = "select count(*) as n from audit where action = 'seat.settle'";
}

#[rstest]
#[actix_rt::test]
async fn a_held_seat_is_theirs_once_the_address_is_proved(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.restricted_link(plan, None, &["uni.edu"]).await;
    let ann = house.person("ann@uni.edu").await;
    assert_eq!(house.admit(ann, link).await.unwrap().status, Status::Held);

    let settle = SettleProof { account_id: ann };
    let before = house.bus.call(&settle, &house.public()).await.unwrap();
    assert_eq!(
        before[0].status,
        Status::Held,
        "the message alone proves nothing"
    );
    house.prove(ann).await;
    for _ in 0..2 {
        let settled = house.bus.call(&settle, &house.public()).await.unwrap();
        assert_eq!(settled[0].status, Status::Assigned);
    }
    let seats = house.look(plan).await.seats;
    assert_eq!((seats.held, seats.assigned), (0, 1));
    assert_eq!(house.admit(ann, link).await.unwrap().proof_due_at, None);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn an_unproved_seat_returns_when_its_time_is_over_and_a_proved_one_stays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(3).await;
    let open = house.link(plan, None).await;
    let strict = house.restricted_link(plan, None, &["uni.edu"]).await;
    let people = house.people(3).await;
    house.admit(people[0], open).await.unwrap();
    house.admit(people[1], strict).await.unwrap();
    house.admit(people[2], strict).await.unwrap();
    // Proved, but the process ended before anybody said so to the seat pool.
    house.prove(people[2]).await;

    house.sweep().await;
    assert_eq!(house.look(plan).await.seats.free, 0, "nothing is due yet");
    house.clock.advance_seconds(7 * 86_400 + 1);
    house.sweep().await;
    let seats = house.look(plan).await.seats;
    assert_eq!((seats.free, seats.held, seats.assigned), (2, 0, 1));
    // Uses never fall, and whoever returned may join again.
    assert_eq!(house.uses(open).await, 1);
    assert!(house.admit(people[0], open).await.unwrap().is_new);
    assert_eq!(house.uses(open).await, 2);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_proof_of_which_nobody_told_is_seen_with_the_next_look(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(4).await;
    let open = house.link(plan, None).await;
    let strict = house.restricted_link(plan, None, &["uni.edu"]).await;
    let people = house.people(4).await;
    for (person, link) in people.iter().zip([open, strict, open, strict]) {
        house.admit(*person, link).await.unwrap();
    }
    for _ in 0..2 {
        // Proved, but the process ended before anybody said so to the seat pool.
        house.prove(people[0]).await;
        house.prove(people[1]).await;
        house.sweep().await;
        let seats = house.look(plan).await.seats;
        assert_eq!((seats.free, seats.held, seats.assigned), (0, 1, 3));
    }
    for (person, is_proved) in people.iter().zip([true, true, false, false]) {
        let place = house.admit(*person, open).await.unwrap();
        assert_eq!(place.proof_due_at.is_none(), is_proved);
    }
    let mut reader = house.db.read().await.unwrap();
    let settled = COUNT_SETTLED.query().fetch_one(&mut reader).await;
    let settled: i64 = settled.unwrap().get("n").unwrap();
    assert_eq!(settled, 2, "each once");
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn an_organisation_may_ask_for_the_proof_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let policies = json!({ "join_proof": "first", "proof_days": 2 });
    let house = House::with_policies(engine, policies).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let ann = house.person("ann@uni.edu").await;
    house.clock.advance_seconds(1);
    let admitted = house.admit(ann, link).await.unwrap();
    assert_eq!(admitted.status, Status::Held);
    let now = contract::Clock::now(&*house.clock);
    assert_eq!(admitted.proof_due_at, Some(now.plus_days(2)));
    house.close().await;
}
