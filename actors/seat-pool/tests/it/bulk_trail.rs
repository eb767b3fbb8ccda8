//! What a job leaves in the audit trail.

use contract::{
    bulk::{AddToBulk, BulkAction, OpenBulk, StartBulk},
    ids::MembershipId,
    memberships::EraseMembership,
    text::Tag,
};
use rstest::rstest;
use testkit::Engine;

use crate::house::House;

store::statements! {
    TRAIL = "
        select action || ' ' || target || ' ' || actor || ' ' || request_id || ' ' || change as line
        from audit
        where action in ('seat.revoke', 'seat.reassign', 'user.retag')
        order by id";
}

async fn trail(house: &House) -> Vec<String> {
    let mut reader = house.db.read().await.unwrap();
    let rows = TRAIL.fetch_all(&mut reader).await.unwrap();
    rows.iter().map(|row| row.get("line").unwrap()).collect()
}

#[rstest]
#[actix_rt::test]
async fn every_change_of_a_job_is_in_the_trail_in_the_name_of_whoever_started_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(3).await;
    let link = house.link(plan, None).await;
    let mut places: Vec<MembershipId> = Vec::new();
    for person in house.people(3).await {
        places.push(house.admit(person, link).await.unwrap().membership_id);
    }
    let organisation = house.organisation;
    let retag = BulkAction::Retag {
        add: vec![Tag::parse("medicine").unwrap()],
        remove: vec![Tag::parse("law").unwrap()],
    };
    let seat = |from: &str, to: &str| format!(r#"{{"status":{{"from":"{from}","to":"{to}"}}}}"#);
    let tags = r#"{"add":["medicine"],"remove":["law"]}"#.to_owned();
    let mut expected = Vec::new();
    for (action, name, change) in [
        (
            BulkAction::Revoke,
            "seat.revoke",
            seat("assigned", "revoked"),
        ),
        (
            BulkAction::Reassign,
            "seat.reassign",
            seat("revoked", "assigned"),
        ),
        (retag, "user.retag", tags),
    ] {
        // Somebody else opens and fills it.
        let open = OpenBulk {
            organisation,
            action,
        };
        let bulk_id = house.bus.call(&open, &house.owner()).await.unwrap().id;
        let add = AddToBulk {
            organisation,
            bulk_id,
            membership_ids: places.clone(),
        };
        house.bus.call(&add, &house.owner()).await.unwrap();
        let start = StartBulk {
            organisation,
            bulk_id,
            expected_count: places.len() as u64,
        };
        let starts = house.owner();
        house.bus.call(&start, &starts).await.unwrap();
        if name == "user.retag" {
            // Whom the job does not find any more it has not changed.
            let erase = EraseMembership {
                organisation,
                membership_id: places.remove(0),
            };
            house.bus.call(&erase, &house.owner()).await.unwrap();
        }
        house.work_off().await;
        let stamp = starts.stamp(&*house.clock);
        let line = |place| {
            format!(
                "{name} {place} {} {} {change}",
                stamp.actor, stamp.request_id
            )
        };
        expected.extend(places.iter().map(line));
        assert_eq!(trail(&house).await, expected);
    }
    house.close().await;
}
