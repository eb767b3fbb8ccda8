use contract::{
    Kind, PageRequest,
    ids::{OrganisationId, PlanId},
    plans::{CreatePlan, GetPlan, ListPlans, UpdatePlan},
    text::Name,
};
use rstest::rstest;
use testkit::Engine;

use crate::house::House;

#[rstest]
#[actix_rt::test]
async fn fewer_seats_than_are_taken_drop_nobody_and_admit_nobody(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(3).await;
    let link = house.link(plan, None).await;
    let people = house.people(4).await;
    for person in &people[..3] {
        house.admit(*person, link).await.unwrap();
    }
    let update = UpdatePlan {
        organisation: house.organisation,
        plan_id: plan,
        name: Some(Name::parse("Smaller").unwrap()),
        seats: Some(1),
        ends_at: None,
    };
    let after = house.bus.call(&update, &house.owner()).await.unwrap();
    assert_eq!(
        (
            after.seats.purchased,
            after.seats.free,
            after.seats.assigned
        ),
        (1, 0, 3)
    );
    let late = house.admit(people[3], link).await.unwrap();
    assert_eq!(late.status, contract::seats::Status::Waiting);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn plans_are_listed_in_pages_and_only_their_own_organisation_sees_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let ids = [
        house.plan(1).await,
        house.plan(2).await,
        house.plan(3).await,
    ];
    let mut page = PageRequest {
        cursor: None,
        limit: Some(2),
    };
    let mut seen: Vec<PlanId> = Vec::new();
    loop {
        let list = ListPlans {
            organisation: house.organisation,
            page: page.clone(),
        };
        let answer = house.bus.call(&list, &house.owner()).await.unwrap();
        seen.extend(answer.items.iter().map(|plan| plan.id));
        match answer.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(seen, ids);
    let foreign = OrganisationId::new(contract::Clock::ulid(&*house.clock));
    let get = GetPlan {
        organisation: foreign,
        plan_id: ids[0],
    };
    let refused = house.bus.call(&get, &house.owner()).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_plan_with_absurd_seats_or_a_past_end_is_refused_by_field(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let now = contract::Clock::now(&*house.clock);
    for (seats, ends_at, field) in [
        (u64::MAX, None, "seats"),
        (1, Some(now.plus_seconds(-1)), "ends_at"),
    ] {
        let name = Name::parse("Campus").unwrap();
        let create = CreatePlan {
            organisation: house.organisation,
            name,
            seats,
            ends_at,
        };
        let refused = house.bus.call(&create, &house.owner()).await.unwrap_err();
        assert_eq!(
            (refused.status, refused.errors[0].field.as_str()),
            (422, field)
        );
    }
    house.close().await;
}
