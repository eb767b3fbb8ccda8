//! Whoever was erased is nobody any more in what the seat pool knows.

use contract::{Clock as _, memberships::EraseMembership};
use rstest::rstest;
use serde_json::json;
use testkit::Engine;

use crate::{
    house::House,
    invited::{accept, invite},
};

store::statements! {
    USES = "select email_key as line from invite_uses";
    TOLD = "
        select action || ' ' || change as line
        from audit
        where action in ('account.change-address', 'user.erase')
        order by id";
    ERASED_AT = "select at from erasures where account_id = $1";
}

#[rstest]
#[actix_rt::test]
async fn whoever_was_erased_is_named_by_no_acceptance_and_no_entry_of_their_place(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(5).await;
    let link = house.link(plan, None).await;
    let ann = house.person("ann@uni.edu").await;
    house.prove(ann).await;
    for _ in 0..2 {
        house.clock.advance_seconds(1);
        let invite = invite(&house, link, "ann@uni.edu").await;
        let place = accept(&house, ann, invite).await.unwrap().membership_id;
        let stamp = house.public().stamp(&*house.clock);
        let mut tx = house.db.write(&stamp).await.unwrap();
        let moved = json!({ "email": { "from": "ann@x.edu", "to": "ann@uni.edu" } });
        tx.audit(house.organisation, "account.change-address", place, moved);
        tx.commit().await.unwrap();
        let erase = EraseMembership {
            organisation: house.organisation,
            membership_id: place,
        };
        house.clock.advance_seconds(1);
        house.bus.call(&erase, &house.owner()).await.unwrap();
        let mut reader = house.db.read().await.unwrap();
        let row = ERASED_AT.bind(ann).fetch_one(&mut reader).await.unwrap();
        assert_eq!(row.get::<i64>("at").unwrap(), house.clock.now().micros());
    }
    let mut reader = house.db.read().await.unwrap();
    let uses = USES.fetch_all(&mut reader).await.unwrap();
    assert_eq!(uses.len(), 2);
    for used in uses {
        let used: String = used.get("line").unwrap();
        assert!(used.ends_with("@forgotten.invalid"), "{used}");
    }
    let told = TOLD.fetch_all(&mut reader).await.unwrap();
    let told: Vec<String> = told.iter().map(|row| row.get("line").unwrap()).collect();
    let once = [
        "account.change-address {}",
        r#"user.erase {"status":"assigned"}"#,
    ];
    assert_eq!(told, [once, once].concat());
    drop(reader);
    house.close().await;
}
