use contract::{Kind, seats::Status};
use futures_util::future::join_all;
use rstest::rstest;
use testkit::Engine;

use crate::house::House;

store::statements! {
    FORGET_ACCOUNT = "delete from accounts where id = $1";
}

#[rstest]
#[actix_rt::test]
async fn whoever_joins_has_a_seat_tags_a_ledger_entry_an_event_and_an_audit_entry(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(3).await;
    let link = house.link(plan, None).await;
    let ann = house.person("ann@uni.edu").await;

    let admitted = house.admit(ann, link).await.unwrap();
    assert_eq!((admitted.status, admitted.is_new), (Status::Assigned, true));
    assert!(admitted.proof_due_at.is_some());
    assert_eq!(house.tags(ann).await, ["law", "year-1"]);
    assert_eq!(house.uses(link).await, 1);
    assert_eq!(house.traces().await, [1, 1, 1]);
    let seats = house.look(plan).await.seats;
    assert_eq!((seats.purchased, seats.free, seats.assigned), (3, 2, 1));
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn asking_again_gets_the_same_answer_and_consumes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(3).await;
    let (link, other) = (
        house.link(plan, Some(1)).await,
        house.link(plan, None).await,
    );
    let ann = house.person("ann@uni.edu").await;

    let first = house.admit(ann, link).await.unwrap();
    house.disable(link).await;
    for again in [link, link, other] {
        let repeated = house.admit(ann, again).await.unwrap();
        assert!(!repeated.is_new);
        assert_eq!(repeated.membership_id, first.membership_id);
        assert_eq!(repeated.proof_due_at, first.proof_due_at);
    }
    assert_eq!((house.uses(link).await, house.uses(other).await), (1, 0));
    assert_eq!(house.traces().await, [1, 1, 1]);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn fifty_at_once_through_a_link_with_one_use_are_one_success(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::with_instances(engine, 2, serde_json::json!({})).await;
    let plan = house.plan(100).await;
    let link = house.link(plan, Some(1)).await;
    let people = house.people(50).await;

    let answers = join_all(people.iter().map(|person| house.admit(*person, link))).await;
    let (seated, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((seated.len(), refused.len()), (1, 49));
    assert!(
        refused
            .iter()
            .all(|no| no.as_ref().unwrap_err().kind == Kind::LinkUsedUp)
    );
    assert_eq!(house.uses(link).await, 1);
    assert_eq!(house.traces().await, [1, 1, 1]);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn what_fails_at_the_very_end_gives_seat_and_use_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, Some(1)).await;
    let person = house.people(1).await[0];

    house.block_commits(true).await;
    house.admit(person, link).await.unwrap_err();
    house.block_commits(false).await;
    assert_eq!(house.uses(link).await, 0);
    assert_eq!(house.look(plan).await.seats.free, 1);
    assert_eq!(house.traces().await, [0, 0, 0]);

    let admitted = house.admit(person, link).await.unwrap();
    assert_eq!(admitted.status, Status::Assigned);
    assert_eq!(house.uses(link).await, 1);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_hundred_at_once_through_two_links_for_one_seat_are_one_seat_and_a_queue(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::with_instances(engine, 2, serde_json::json!({})).await;
    let plan = house.plan(1).await;
    let links = [house.link(plan, None).await, house.link(plan, None).await];
    let people = house.people(100).await;

    let asks = people
        .iter()
        .enumerate()
        .map(|(n, person)| house.admit(*person, links[n % 2]));
    let answers = join_all(asks).await;
    let assigned = answers
        .iter()
        .flatten()
        .filter(|a| a.status == Status::Assigned)
        .count();
    let waiting = answers
        .iter()
        .flatten()
        .filter(|a| a.status == Status::Waiting)
        .count();
    assert_eq!((assigned, waiting), (1, 99));
    let look = house.look(plan).await;
    assert_eq!(
        (look.seats.free, look.seats.assigned, look.waiting),
        (0, 1, 99)
    );
    assert_eq!(house.uses(links[0]).await + house.uses(links[1]).await, 1);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn one_person_who_asks_many_times_at_once_has_one_seat(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::with_instances(engine, 2, serde_json::json!({})).await;
    let plan = house.plan(100).await;
    let links = [house.link(plan, None).await, house.link(plan, None).await];
    let ann = house.person("ann@uni.edu").await;

    let answers = join_all((0..40).map(|n| house.admit(ann, links[n % 2]))).await;
    let ids: std::collections::BTreeSet<_> = answers
        .iter()
        .map(|answer| answer.as_ref().unwrap().membership_id)
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(
        answers
            .iter()
            .flatten()
            .filter(|answer| answer.is_new)
            .count(),
        1
    );
    assert_eq!(house.look(plan).await.seats.assigned, 1);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn nobody_gets_a_seat_whose_account_is_being_forgotten(
    #[values(Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let ann = house.person("ann@uni.edu").await;
    let stamp = house.public().stamp(&*house.clock);
    let mut tx = house.db.write(&stamp).await.unwrap();
    let forget = FORGET_ACCOUNT.bind(ann);
    forget.execute(&mut tx).await.unwrap();
    let asked = house.but_waits(house.admit(ann, link), tx).await;
    assert_eq!(asked.unwrap_err().kind, Kind::NotFound);
    assert_eq!(house.place(ann).await, None);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_batch_answers_each_for_itself(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(10).await;
    let (open, closed) = (house.link(plan, None).await, house.link(plan, None).await);
    let strict = house.restricted_link(plan, None, &["uni.edu"]).await;
    house.disable(closed).await;
    let inside = house.person("in@uni.edu").await;
    let outside = house.person("out@evil-uni.edu").await;
    let nobody = contract::ids::AccountId::new(contract::Clock::ulid(&*house.clock));

    let asks = [
        (inside, strict),
        (outside, strict),
        (outside, closed),
        (nobody, open),
    ];
    let answers = join_all(asks.map(|(who, link)| house.admit(who, link))).await;
    assert_eq!(answers[0].as_ref().unwrap().status, Status::Held);
    let kinds: Vec<_> = answers[1..]
        .iter()
        .map(|no| no.as_ref().unwrap_err().kind)
        .collect();
    assert_eq!(
        kinds,
        [Kind::DomainNotAllowed, Kind::LinkUnknown, Kind::NotFound]
    );
    assert_eq!(house.traces().await, [1, 1, 1]);
    house.close().await;
}
