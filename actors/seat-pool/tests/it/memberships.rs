//! Revoke, reassign, retag, erase.

use contract::{
    Clock as _, Kind,
    memberships::{EraseMembership, RetagMembership},
    plans::UpdatePlan,
    seats::Status,
    text::Tag,
};
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

use crate::house::House;

#[rstest]
#[actix_rt::test]
async fn a_revoked_seat_is_free_at_once_and_goes_to_whoever_waits_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let people = house.people(3).await;
    let seated = house.admit(people[0], link).await.unwrap();
    for waiting in &people[1..] {
        assert_eq!(
            house.admit(*waiting, link).await.unwrap().status,
            Status::Waiting
        );
    }

    let revoked = house.revoke(seated.membership_id).await.unwrap();
    assert_eq!((revoked.status, revoked.is_new), (Status::Revoked, true));
    let status = async |person| house.admit(person, link).await.map(|answer| answer.status);
    assert_eq!(status(people[1]).await.unwrap(), Status::Assigned);
    assert_eq!(status(people[2]).await.unwrap(), Status::Waiting);
    let look = house.look(plan).await;
    assert_eq!((look.seats.assigned, look.waiting), (1, 1));
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn whoever_is_revoked_stays_so_at_every_link_and_revoking_twice_is_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(5).await;
    let (first, second) = (house.link(plan, None).await, house.link(plan, None).await);
    let person = house.person("ann@uni.edu").await;
    let place = house.admit(person, first).await.unwrap().membership_id;
    house.revoke(place).await.unwrap();
    assert!(!house.revoke(place).await.unwrap().is_new);
    for link in [first, second] {
        let refused = house.admit(person, link).await.unwrap_err();
        assert_eq!(refused.kind, Kind::MembershipRevoked);
    }
    assert_eq!(house.look(plan).await.seats.free, 5);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_reassigned_person_sits_again_without_a_use_of_the_link(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, Some(1)).await;
    let person = house.person("ann@uni.edu").await;
    let place = house.admit(person, link).await.unwrap().membership_id;
    house.revoke(place).await.unwrap();
    let again = house.reassign(place).await.unwrap();
    assert_eq!((again.status, again.is_new), (Status::Assigned, true));
    assert!(!house.reassign(place).await.unwrap().is_new);
    assert_eq!(house.uses(link).await, 1);
    let admitted = house.admit(person, link).await.unwrap();
    assert_eq!(admitted.status, Status::Assigned);
    assert!(admitted.proof_due_at.is_some(), "never proved");
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn without_a_free_seat_nobody_is_reassigned(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let people = house.people(2).await;
    let place = house.admit(people[0], link).await.unwrap().membership_id;
    house.revoke(place).await.unwrap();
    house.admit(people[1], link).await.unwrap();
    assert_eq!(house.reassign(place).await.unwrap_err().kind, Kind::NoSeats);
    let look = house.look(plan).await;
    assert_eq!((look.seats.assigned, look.seats.free), (1, 0));
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_person_who_waits_and_is_revoked_leaves_the_queue(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(0).await;
    let link = house.link(plan, None).await;
    let people = house.people(2).await;
    let first = house.admit(people[0], link).await.unwrap().membership_id;
    house.admit(people[1], link).await.unwrap();
    house.revoke(first).await.unwrap();
    let more = UpdatePlan {
        organisation: house.organisation,
        plan_id: plan,
        name: None,
        seats: Some(1),
        ends_at: None,
    };
    let after = house.bus.call(&more, &house.owner()).await.unwrap();
    assert_eq!((after.seats.assigned, after.waiting), (1, 0));
    let second = house.admit(people[1], link).await.unwrap();
    assert_eq!(second.status, Status::Assigned);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn erasing_frees_the_seat_keeps_the_books_and_lets_the_person_come_anew(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let people = house.people(2).await;
    let place = house.admit(people[0], link).await.unwrap().membership_id;
    house.admit(people[1], link).await.unwrap();
    let erase = EraseMembership {
        organisation: house.organisation,
        membership_id: place,
    };
    let erased = house.bus.call(&erase, &house.owner()).await.unwrap();
    assert_eq!(erased.account_id, people[0]);
    assert_eq!(house.look(plan).await.seats.assigned, 1, "the next one");
    let gone = house.bus.call(&erase, &house.owner()).await.unwrap_err();
    assert_eq!(gone.kind, Kind::NotFound);
    let anew = house.admit(people[0], link).await.unwrap();
    assert_eq!((anew.status, anew.is_new), (Status::Waiting, true));
    assert_ne!(anew.membership_id, place);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn that_a_seat_was_revoked_is_known_after_it_is_given_again_or_erased(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(2).await;
    let link = house.link(plan, None).await;
    let people = house.people(2).await;
    let place = house.admit(people[0], link).await.unwrap().membership_id;
    house.admit(people[1], link).await.unwrap();
    assert_eq!(house.revoked_at(people[0]).await, None);

    house.clock.advance_seconds(1);
    let first = house.clock.now();
    house.revoke(place).await.unwrap();
    house.clock.advance_seconds(1);
    house.revoke(place).await.unwrap();
    house.reassign(place).await.unwrap();
    assert_eq!(house.revoked_at(people[0]).await, Some(first));
    house.clock.advance_seconds(1);
    let second = house.clock.now();
    house.revoke(place).await.unwrap();
    house.clock.advance_seconds(1);
    let erase = EraseMembership {
        organisation: house.organisation,
        membership_id: place,
    };
    house.bus.call(&erase, &house.owner()).await.unwrap();
    assert_eq!(house.revoked_at(people[0]).await, Some(second));
    assert_eq!(house.revoked_at(people[1]).await, None);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn tags_are_added_and_taken_away_up_to_a_bound(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let person = house.person("ann@uni.edu").await;
    let membership_id = house.admit(person, link).await.unwrap().membership_id;
    let retag = async |add: &[&str], remove: &[&str]| {
        let tags = |names: &[&str]| names.iter().map(|tag| Tag::parse(tag).unwrap()).collect();
        let retag = RetagMembership {
            organisation: house.organisation,
            membership_id,
            add: tags(add),
            remove: tags(remove),
        };
        house.bus.call(&retag, &house.owner()).await
    };
    assert_eq!(retag(&["medicine"], &["law"]).await.unwrap().changed, 1);
    assert_eq!(house.tags(person).await, ["medicine", "year-1"]);
    assert_eq!(retag(&["medicine"], &["law"]).await.unwrap().changed, 0);
    let many: Vec<String> = (0..19).map(|n| format!("tag {n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let refused = retag(&many, &[]).await.unwrap_err();
    assert_eq!(
        (refused.kind, refused.errors[0].field.as_str()),
        (Kind::Invalid, "tags")
    );
    assert_eq!(house.tags(person).await, ["medicine", "year-1"]);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn of_two_who_want_the_seat_that_a_revocation_frees_one_gets_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::with_instances(engine, 2, json!({})).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let people = house.people(3).await;
    let place = house.admit(people[0], link).await.unwrap().membership_id;
    let (revoked, one, two) = futures_util::join!(
        house.revoke(place),
        house.admit(people[1], link),
        house.admit(people[2], link),
    );
    revoked.unwrap();
    one.unwrap();
    two.unwrap();
    let look = house.look(plan).await;
    assert_eq!((look.seats.assigned, look.waiting), (1, 1));
    house.close().await;
}
