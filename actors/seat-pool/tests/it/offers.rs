//! Whoever is given a seat is to be told: noted with the seat, in order, and forgotten once it is told.

use contract::{ids::PlanId, plans::UpdatePlan, seats::Status};
use rstest::rstest;
use testkit::Engine;

use crate::house::House;

pub(crate) async fn grow(house: &House, plan_id: PlanId, seats: u64) {
    let update = UpdatePlan {
        organisation: house.organisation,
        plan_id,
        name: None,
        seats: Some(seats),
        ends_at: None,
    };
    house.bus.call(&update, &house.owner()).await.unwrap();
}

#[rstest]
#[actix_rt::test]
async fn whoever_waited_is_to_be_told_of_the_seat_in_order_and_whoever_asked_is_not(
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
    assert_eq!(house.offers().await, []);
    grow(&house, plan, 3).await;
    assert_eq!(house.offers().await, people[1..3]);
    house.clock.advance_seconds(1);
    let first = house.place(people[0]).await.unwrap();
    house.revoke(first).await.unwrap();
    assert_eq!(house.offers().await, people[1..4]);

    // whose letter is queued is forgotten, and so is whoever leaves
    house.tell().await;
    house.sweep().await;
    assert_eq!(house.offers().await, []);
    house.clock.advance_seconds(1);
    grow(&house, plan, 4).await;
    assert_eq!(house.offers().await, people[4..5]);
    house.clock.advance_seconds(9 * 86_400);
    house.sweep().await;
    assert_eq!(house.offers().await, []);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn whom_an_administrator_seats_is_to_be_told_when_they_waited_or_have_to_prove_the_address(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(2).await;
    let link = house.link(plan, None).await;
    let people = house.people(2).await;
    house.prove(people[0]).await;
    for person in &people {
        house.admit(*person, link).await.unwrap();
    }
    let mut places = Vec::new();
    for person in &people {
        places.push(house.place(*person).await.unwrap());
    }
    for place in &places {
        house.revoke(*place).await.unwrap();
        house.clock.advance_seconds(1);
        house.reassign(*place).await.unwrap();
    }
    // whose address is proved loses nothing by not knowing
    assert_eq!(house.offers().await, people[1..]);
    // a second seat of the same place is the one to tell of
    house.revoke(places[1]).await.unwrap();
    house.clock.advance_seconds(1);
    let again = house.reassign(places[1]).await.unwrap();
    assert_eq!(again.status, Status::Assigned);
    assert_eq!(house.offers().await, people[1..]);
    house.close().await;
}

#[actix_rt::test]
async fn whoever_is_given_another_seat_while_the_former_is_forgotten_is_still_to_be_told() {
    let house = House::open(Engine::Postgres).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let people = house.people(2).await;
    for person in &people {
        house.admit(*person, link).await.unwrap();
        house.clock.advance_seconds(1);
    }
    grow(&house, plan, 2).await;
    house.tell().await;
    let anew = house.offering_anew().await;
    house.but_waits(house.sweep(), anew).await;
    assert_eq!(house.offers().await, people[1..]);
    house.sweep().await;
    assert_eq!(house.offers().await, people[1..]);
    house.close().await;
}
