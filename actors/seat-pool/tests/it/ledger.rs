//! The ledger, now and as it stood.

use contract::{
    PageRequest,
    ids::PlanId,
    ledger::{GetLedger, Ledger},
};
use rstest::rstest;
use testkit::Engine;

use crate::house::House;

async fn ledger(house: &House, plan_id: PlanId, at: Option<contract::Timestamp>) -> Ledger {
    let get = GetLedger {
        organisation: house.organisation,
        plan_id,
        at,
        page: PageRequest::default(),
    };
    house.bus.call(&get, &house.owner()).await.unwrap()
}

#[rstest]
#[actix_rt::test]
async fn a_ledger_says_how_a_plan_stood_at_any_instant(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let people = house.people(2).await;
    house.clock.advance_seconds(1);
    let bought = contract::Clock::now(&*house.clock);
    house.clock.advance_seconds(1);
    let place = house.admit(people[0], link).await.unwrap().membership_id;
    house.clock.advance_seconds(1);
    house.admit(people[1], link).await.unwrap();
    let full = contract::Clock::now(&*house.clock);
    house.clock.advance_seconds(1);
    house.revoke(place).await.unwrap();

    let then = ledger(&house, plan, Some(bought)).await;
    assert_eq!((then.seats.free, then.seats.assigned), (1, 0));
    let then = ledger(&house, plan, Some(full)).await;
    assert_eq!(
        (then.seats.free, then.seats.assigned, then.waiting),
        (0, 1, 1)
    );
    let now = ledger(&house, plan, None).await;
    assert_eq!((now.seats, now.waiting), (house.look(plan).await.seats, 0));
    let changes: Vec<_> = now
        .entries
        .items
        .iter()
        .map(|entry| entry.change.as_str())
        .collect();
    assert_eq!(changes, ["promote", "revoke", "wait", "assign", "purchase"]);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_ledger_is_read_in_pages(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let house = House::open(engine).await;
    let plan = house.plan(5).await;
    let link = house.link(plan, None).await;
    for person in house.people(5).await {
        house.admit(person, link).await.unwrap();
    }
    house.clock.advance_seconds(1);
    let mut page = PageRequest {
        cursor: None,
        limit: Some(4),
    };
    let mut entries = Vec::new();
    loop {
        let get = GetLedger {
            organisation: house.organisation,
            plan_id: plan,
            at: None,
            page: page.clone(),
        };
        let ledger = house.bus.call(&get, &house.owner()).await.unwrap();
        entries.extend(ledger.entries.items.iter().map(|entry| entry.entry));
        match ledger.entries.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(entries, [6, 5, 4, 3, 2, 1]);
    house.close().await;
}
