use contract::{plans::UpdatePlan, seats::Status};
use futures_util::future::join_all;
use rstest::rstest;
use testkit::Engine;

use crate::house::House;

#[rstest]
#[actix_rt::test]
async fn more_seats_go_to_whoever_waits_in_order(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let people = house.people(5).await;
    for person in &people {
        house.admit(*person, link).await.unwrap();
        house.clock.advance_seconds(1);
    }
    let update = UpdatePlan {
        organisation: house.organisation,
        plan_id: plan,
        name: None,
        seats: Some(3),
        ends_at: None,
    };
    let after = house.bus.call(&update, &house.owner()).await.unwrap();
    assert_eq!(
        (after.seats.assigned, after.seats.free, after.waiting),
        (3, 0, 2)
    );
    let mut statuses = Vec::new();
    for person in &people {
        statuses.push(house.admit(*person, link).await.unwrap().status);
    }
    let (seated, waiting) = (Status::Assigned, Status::Waiting);
    assert_eq!(statuses, [seated, seated, seated, waiting, waiting]);
    assert_eq!(house.uses(link).await, 3);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_returned_seat_goes_to_the_head_of_the_queue(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let people = house.people(2).await;
    house.admit(people[0], link).await.unwrap();
    assert_eq!(
        house.admit(people[1], link).await.unwrap().status,
        Status::Waiting
    );
    house.clock.advance_seconds(7 * 86_400 + 1);
    house.sweep().await;
    assert_eq!(
        house.admit(people[1], link).await.unwrap().status,
        Status::Assigned
    );
    assert_eq!(
        house.admit(people[0], link).await.unwrap().status,
        Status::Waiting
    );
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_link_without_a_use_left_keeps_its_people_waiting_and_lets_others_pass(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let (small, large) = (
        house.link(plan, Some(1)).await,
        house.link(plan, None).await,
    );
    let people = house.people(4).await;
    // The first takes the seat through the large link; two wait on the small one, and one behind them.
    for (person, link) in people.iter().zip([large, small, small, large]) {
        house.admit(*person, link).await.unwrap();
        house.clock.advance_seconds(1);
    }
    let update = UpdatePlan {
        organisation: house.organisation,
        plan_id: plan,
        name: None,
        seats: Some(10),
        ends_at: None,
    };
    house.bus.call(&update, &house.owner()).await.unwrap();
    assert_eq!((house.uses(small).await, house.uses(large).await), (1, 2));
    let mut statuses = Vec::new();
    for (person, link) in people.iter().zip([large, small, small, large]) {
        statuses.push(house.admit(*person, link).await.unwrap().status);
    }
    let (seated, waiting) = (Status::Assigned, Status::Waiting);
    assert_eq!(statuses, [seated, seated, waiting, seated]);

    // There are seats enough, and by and by the link has uses again.
    house.sweep().await;
    assert_eq!(house.look(plan).await.waiting, 1);
    house.allow(small, 2).await;
    house.sweep().await;
    assert_eq!(house.look(plan).await.waiting, 0);
    assert_eq!(house.uses(small).await, 2);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn more_seats_than_one_transaction_gives_reach_everybody_who_waits(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(0).await;
    let link = house.link(plan, None).await;
    let people = house.people(520).await;
    let admissions = people.iter().map(|person| house.admit(*person, link));
    for admitted in join_all(admissions).await {
        assert_eq!(admitted.unwrap().status, Status::Waiting);
    }
    let update = UpdatePlan {
        organisation: house.organisation,
        plan_id: plan,
        name: None,
        seats: Some(600),
        ends_at: None,
    };
    let after = house.bus.call(&update, &house.owner()).await.unwrap();
    assert_eq!((after.seats.assigned, after.waiting), (500, 20));
    house.sweep().await;
    let after = house.look(plan).await;
    assert_eq!((after.seats.assigned, after.waiting), (520, 0));
    house.close().await;
}
