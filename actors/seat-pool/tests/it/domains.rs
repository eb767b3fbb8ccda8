//! A link that names domains: an address that changes before there is a seat, and after.

use contract::{
    ids::AccountId,
    plans::UpdatePlan,
    seats::{SettleProof, Status},
};
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

use crate::{
    house::House,
    invited::{accept, invite},
};

store::statements! {
    MOVE = "
        update accounts
        set email = $2, email_key = $2, proved_at = $3, changed_at = $3
        where id = $1";
    ALLOW_DOMAINS = "update links set allowed_domains = $2 where id = $1";
    STATUS = "select status from memberships where account_id = $1";
}

/// The account has another address, which is proved.
async fn readdress(house: &House, who: AccountId, email: &str) {
    let stamp = house.public().stamp(&*house.clock);
    let mut tx = house.db.write(&stamp).await.unwrap();
    let change = MOVE.bind(who).bind(email).bind(stamp.now);
    change.execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

async fn settle(house: &House, account_id: AccountId) {
    let settle = SettleProof { account_id };
    house.bus.call(&settle, &house.public()).await.unwrap();
}

async fn seats(house: &House, plan_id: contract::ids::PlanId, seats: u64) {
    let update = UpdatePlan {
        organisation: house.organisation,
        plan_id,
        name: None,
        seats: Some(seats),
        ends_at: None,
    };
    house.bus.call(&update, &house.owner()).await.unwrap();
}

async fn status(house: &House, who: AccountId) -> Option<Status> {
    let mut reader = house.db.read().await.unwrap();
    let row = STATUS
        .bind(who)
        .fetch_optional(&mut reader)
        .await
        .unwrap()?;
    Status::parse(&row.get::<String>("status").unwrap())
}

#[rstest]
#[actix_rt::test]
async fn a_held_seat_is_not_theirs_with_a_proved_address_of_elsewhere_and_returns(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("link", "invite")] door: &str,
) {
    let policies = json!({ "invite_acceptance": "lenient" });
    let house = House::with_policies(engine, policies).await;
    let plan = house.plan(2).await;
    let link = house.restricted_link(plan, None, &["uni.edu"]).await;
    let (eve, bob) = (
        house.person("nobody@uni.edu").await,
        house.person("typo@uni.edu").await,
    );
    for who in [eve, bob] {
        let admitted = if door == "link" {
            house.admit(who, link).await.unwrap()
        } else {
            let invite = invite(&house, link, "ann@uni.edu").await;
            accept(&house, who, invite).await.unwrap()
        };
        assert_eq!(admitted.status, Status::Held);
        readdress(&house, who, &format!("{who}@evil.org")).await;
        settle(&house, who).await;
        house.sweep().await;
        assert_eq!(status(&house, who).await, Some(Status::Held));
    }
    // One of them shows an address of the domain in the end.
    readdress(&house, bob, "bob@uni.edu").await;
    settle(&house, bob).await;
    house.clock.advance_seconds(7 * 86_400 + 1);
    house.sweep().await;
    assert_eq!(status(&house, eve).await, None, "it returned");
    assert_eq!(status(&house, bob).await, Some(Status::Assigned));
    assert_eq!(house.look(plan).await.seats.free, 1);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn who_waits_with_an_address_of_elsewhere_is_passed_over_until_it_fits_or_somebody_seats_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(0).await;
    let link = house
        .restricted_link(plan, None, &["hill.edu", "uni.edu"])
        .await;
    let people = house.people(4).await;
    for who in &people {
        let admitted = house.admit(*who, link).await.unwrap();
        assert_eq!(admitted.status, Status::Waiting);
        house.clock.advance_seconds(1);
    }
    let (eve, bob, joe, ann) = (people[0], people[1], people[2], people[3]);
    for (who, email) in [
        (eve, "eve@evil.org"),
        (bob, "bob@fooluni.edu"),
        (joe, "joe@uni.edu.org"),
    ] {
        readdress(&house, who, email).await;
    }
    house.prove(ann).await;
    seats(&house, plan, 1).await;
    assert_eq!(status(&house, ann).await, Some(Status::Assigned));
    seats(&house, plan, 4).await;
    house.sweep().await;
    for who in [eve, bob, joe] {
        assert_eq!(status(&house, who).await, Some(Status::Waiting));
    }
    readdress(&house, bob, "bob@hill.edu").await;
    house.sweep().await;
    assert_eq!(status(&house, bob).await, Some(Status::Assigned));
    let place = house.place(joe).await.unwrap();
    house.reassign(place).await.unwrap();
    house.sweep().await;
    assert_eq!(status(&house, joe).await, Some(Status::Assigned));
    assert_eq!(status(&house, eve).await, Some(Status::Waiting));
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn who_has_a_seat_keeps_it_and_other_domains_of_a_link_are_for_later_people(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(2).await;
    let link = house.restricted_link(plan, None, &["uni.edu"]).await;
    let people = house.people(3).await;
    let (seated, held, waits) = (people[0], people[1], people[2]);
    house.prove(seated).await;
    for who in [seated, held, waits] {
        house.admit(who, link).await.unwrap();
    }
    readdress(&house, seated, "ann@elsewhere.org").await;
    let stamp = house.public().stamp(&*house.clock);
    let mut tx = house.db.write(&stamp).await.unwrap();
    let narrow = ALLOW_DOMAINS
        .bind(link)
        .bind(json!(["hill.edu"]).to_string());
    narrow.execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();

    house.prove(held).await;
    house.prove(waits).await;
    for who in [seated, held, waits] {
        settle(&house, who).await;
    }
    seats(&house, plan, 3).await;
    house.clock.advance_seconds(8 * 86_400);
    house.sweep().await;
    for who in [seated, held, waits] {
        assert_eq!(status(&house, who).await, Some(Status::Assigned));
    }
    house.close().await;
}
