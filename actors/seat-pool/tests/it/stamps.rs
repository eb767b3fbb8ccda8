//! Stamps, though clocks differ and locks are waited for.

use contract::{
    Clock as _, PageRequest,
    ids::AccountId,
    ledger::{GetLedger, Ledger},
    seats::Status,
};
use futures_util::future::join;
use rstest::rstest;
use testkit::Engine;

use crate::{house::House, offers::grow};

store::statements! {
    TAKE_ACCOUNT = "select id from accounts where id = $1 for_update";
    SIGN_IN = "
        insert into person_sessions (token_hash, account_id, created_at, expires_at)
        values ($1, $1, $2, 9000000000000000)";
}

async fn ledger(house: &House, plan_id: contract::ids::PlanId, at: contract::Timestamp) -> Ledger {
    let get = GetLedger {
        organisation: house.organisation,
        plan_id,
        at: Some(at),
        page: PageRequest::default(),
    };
    house.bus.call(&get, &house.owner()).await.unwrap()
}

/// Holds an account, whose session began so late by the clock of another node.
async fn signing_in(house: &House, account: AccountId, seconds: i64) -> store::Tx {
    let stamp = house.public().stamp(&*house.clock);
    let mut tx = house.db.write(&stamp).await.unwrap();
    let take = TAKE_ACCOUNT.bind(account);
    take.fetch_one(&mut tx).await.unwrap();
    let insert = SIGN_IN.bind(account).bind(stamp.now.plus_seconds(seconds));
    insert.execute(&mut tx).await.unwrap();
    tx
}

#[rstest]
#[actix_rt::test]
async fn a_history_never_goes_back_in_time_though_clocks_do(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let people = house.people(2).await;
    let begin = house.clock.now();
    house.clock.advance_seconds(4);
    let place = house.admit(people[0], link).await.unwrap().membership_id;
    // By the clocks of others, which are behind.
    house.clock.advance_seconds(-2);
    house.revoke(place).await.unwrap();
    house.clock.advance_seconds(-1);
    house.admit(people[1], link).await.unwrap();

    for second in 0..=5 {
        let then = ledger(&house, plan, begin.plus_seconds(second)).await;
        assert!(then.seats.assigned <= then.seats.purchased, "{then:?}");
        let stamps: Vec<_> = then.entries.items.iter().map(|entry| entry.at).collect();
        assert!(
            stamps.is_sorted_by(|newer, older| newer >= older),
            "{stamps:?}"
        );
    }
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn no_two_decisions_bear_one_instant_though_clocks_agree_to_the_microsecond(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(2).await;
    let link = house.link(plan, None).await;
    for person in house.people(2).await {
        house.admit(person, link).await.unwrap();
    }
    let later = house.clock.now().plus_seconds(1);
    let entries = ledger(&house, plan, later).await.entries.items;
    let stamps: Vec<_> = entries.iter().map(|entry| entry.at).collect();
    assert_eq!(stamps.len(), 3);
    assert!(
        stamps.is_sorted_by(|newer, older| newer > older),
        "{stamps:?}"
    );
    // What was told of the instant of one stays true.
    let then = ledger(&house, plan, stamps[1]).await;
    assert_eq!(then.seats.assigned, 1);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_revocation_ends_the_sessions_that_began_before_it_is_written(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let ann = house.person("ann@uni.edu").await;
    let place = house.admit(ann, link).await.unwrap().membership_id;
    // It is waited for whoever signs in at this moment: the session ends, too.
    let tx = signing_in(&house, ann, 2).await;
    let commit = async { tx.commit().await.unwrap() };
    let (revoked, ()) = join(house.revoke(place), commit).await;
    revoked.unwrap();
    let began = house.clock.now().plus_seconds(2);
    assert!(house.revoked_at(ann).await.unwrap() >= began);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_revocation_waits_for_whoever_signs_in(#[values(Engine::Postgres)] engine: Engine) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let ann = house.person("ann@uni.edu").await;
    let place = house.admit(ann, link).await.unwrap().membership_id;
    let tx = signing_in(&house, ann, 2).await;
    let revoked = house.but_waits(house.revoke(place), tx).await;
    revoked.unwrap();
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn whoever_waits_by_a_clock_that_is_behind_waits_behind_the_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(0).await;
    let link = house.link(plan, None).await;
    let people = house.people(3).await;
    // Their ids sort by the clocks that made them.
    for person in &people {
        house.admit(*person, link).await.unwrap();
        house.clock.advance_seconds(-1);
    }
    for seats in 1..=3 {
        grow(&house, plan, seats).await;
        let mut seated = Vec::new();
        for person in &people {
            let place = house.admit(*person, link).await.unwrap();
            seated.push(place.status == Status::Assigned);
        }
        assert_eq!(seated, [true, seats > 1, seats > 2]);
    }
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn whom_a_clock_that_is_behind_seats_again_is_told_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(0).await;
    let link = house.link(plan, None).await;
    let ann = house.person("ann@uni.edu").await;
    let place = house.admit(ann, link).await.unwrap().membership_id;
    grow(&house, plan, 1).await;
    house.tell().await;
    house.clock.advance_seconds(-2);
    house.revoke(place).await.unwrap();
    house.reassign(place).await.unwrap();
    house.sweep().await;
    assert_eq!(house.offers().await, [ann]);
    house.close().await;
}
