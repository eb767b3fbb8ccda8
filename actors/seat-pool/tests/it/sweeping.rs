//! The sweeper, of which every organisation has its share.

use contract::{Clock as _, SystemClock, ids::AccountId};
use rstest::rstest;
use testkit::Engine;

use crate::house::House;

store::statements! {
    SET_DOMAINS = "update links set allowed_domains = $2 where id = $1";
    LOSE_COLUMN = "alter table accounts rename column changed_at to lost";
    IS_DUE = "
        select count(*) as n
        from memberships
        where account_id = $1 and proof_due_at is not null";
    FIND_COLUMN = "alter table accounts rename column lost to changed_at";
}

impl House {
    async fn run(&self, query: store::Query) {
        let stamp = self.public().stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await.unwrap();
        query.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Whether somebody has to prove the address.
    async fn due(&self, account: AccountId) -> bool {
        let mut reader = self.db.read().await.unwrap();
        let row = IS_DUE.bind(account).fetch_one(&mut reader).await.unwrap();
        row.get::<i64>("n").unwrap() > 0
    }

    /// How many seconds the newest decision is ahead of the time, as Prometheus is told.
    fn ahead(&self) -> f64 {
        let families = self.registry.gather();
        let mut families = families.iter();
        let found = families.find(|family| family.name() == "usher_history_ahead_seconds");
        found.unwrap().get_metric()[0].get_gauge().get_value()
    }
}

#[rstest]
#[actix_rt::test]
async fn an_organisation_that_fails_holds_up_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut house = House::open(engine).await;
    let mut plans = Vec::new();
    let broken = house.organisation;
    for n in 0..2 {
        let plan = house.plan(1).await;
        let link = house.link(plan, None).await;
        // One has a seat that will be due, another waits for it.
        for who in ["first", "second"] {
            let who = house.person(&format!("{who}{n}@uni.edu")).await;
            house.admit(who, link).await.unwrap();
        }
        plans.push((house.organisation, plan));
        house.clock.advance_seconds(1);
        house.move_on().await;
    }
    let (whole, plan) = plans[1];
    house.organisation = broken;
    house.block_commits(true).await;
    house.clock.advance_seconds(7 * 86_400);
    house.sweep().await;
    assert_eq!(house.look(plans[0].1).await.waiting, 1);
    house.organisation = whole;
    assert_eq!(house.look(plan).await.waiting, 0);

    house.organisation = broken;
    house.block_commits(false).await;
    house.sweep().await;
    assert_eq!(house.look(plans[0].1).await.waiting, 0);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn however_many_organisations_fail_those_behind_them_are_swept(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut house = House::open(engine).await;
    let mut broken = Vec::new();
    // More than one look finds.
    for n in 0..51 {
        let plan = house.plan(1).await;
        let link = house.link(plan, None).await;
        let who = house.person(&format!("ann{n}@uni.edu")).await;
        house.admit(who, link).await.unwrap();
        house.block_commits(true).await;
        broken.push(house.organisation);
        house.clock.advance_seconds(1);
        house.move_on().await;
    }
    let plan = house.plan(1).await;
    let link = house.link(plan, None).await;
    let who = house.person("bob@uni.edu").await;
    house.admit(who, link).await.unwrap();
    house.clock.advance_seconds(7 * 86_400 + 1);
    house.sweep().await;
    assert_eq!(house.look(plan).await.seats.free, 1);
    for organisation in broken {
        house.organisation = organisation;
        house.block_commits(false).await;
    }
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_row_that_cannot_be_read_and_a_look_that_fails_hold_up_nothing_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(3).await;
    let link = house.link(plan, None).await;
    let broken = house.link(plan, None).await;
    let people = house.people(2).await;
    house.admit(people[0], broken).await.unwrap();
    house.admit(people[1], link).await.unwrap();
    let place = house.place(people[1]).await.unwrap();
    house.revoke(place).await.unwrap();
    house.reassign(place).await.unwrap();
    house.tell().await;
    house.run(SET_DOMAINS.bind(broken).bind("nonsense")).await;
    house.run(LOSE_COLUMN.query()).await;
    for who in &people {
        house.prove(*who).await;
    }
    house.sweep().await;
    assert_eq!(house.offers().await, []);
    assert!(house.due(people[0]).await);
    assert!(!house.due(people[1]).await);

    house.run(FIND_COLUMN.query()).await;
    house.run(SET_DOMAINS.bind(broken).bind("[]")).await;
    house.sweep().await;
    assert!(!house.due(people[0]).await);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn stamps_of_a_clock_that_was_ahead_are_seen_by_the_database_s(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let now = SystemClock::default().now();
    let behind = (now.micros() - house.clock.now().micros()) / 1_000_000;
    house.clock.advance_seconds(behind - 60);
    house.plan(1).await;
    house.sweep().await;
    assert!(house.ahead() < 0.5);
    house.clock.advance_seconds(60 + 86_400);
    house.plan(1).await;
    // Whatever clock looks.
    house.clock.advance_seconds(-86_400);
    house.sweep().await;
    assert!((80_000.0..=86_400.0).contains(&house.ahead()));
    house.close().await;
}
