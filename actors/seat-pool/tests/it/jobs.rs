//! Jobs of several organisations: each has its turn, and one that fails holds up no other.

use contract::{
    bulk::{Bulk, BulkAction, GetBulk},
    ids::{MembershipId, OrganisationId},
};
use futures_util::future::join_all;
use kernel::{Pace, Work as _};
use rstest::rstest;
use seat_pool::BulkWorker;
use testkit::Engine;

use crate::house::House;

store::statements! {
    GIVEN_UP = "
        select count(*) as n from audit where organisation_id = $1 and action = 'bulk.give-up'";
    FAILURES = "select failures from bulk_jobs where id = $1";
    /// A node does a piece of one person, and notes that.
    DECIDE_ONE = "
        update bulk_people
        set outcome = 'done'
        where bulk_id = $1
            and membership_id = (select min(membership_id) from bulk_people where bulk_id = $1)";
    COME_FURTHER = "update bulk_jobs set done = done + 1 where id = $1";
}

impl House {
    /// A started job that revokes so many people of an organisation of its own.
    async fn busy(&mut self, count: usize) -> Bulk {
        self.move_on().await;
        let plan = self.plan(1_000).await;
        let link = self.link(plan, None).await;
        let mut places: Vec<MembershipId> = Vec::new();
        for number in 0..count {
            let email = format!("{number}@{}.edu", self.organisation.ulid());
            let person = self.person(&email.to_lowercase()).await;
            places.push(self.admit(person, link).await.unwrap().membership_id);
        }
        let job = self.open_job(BulkAction::Revoke, &places).await;
        self.start(job.id, count as u64).await.unwrap()
    }

    pub(crate) async fn job_of(&self, organisation: OrganisationId, job: &Bulk) -> Bulk {
        let get = GetBulk {
            organisation,
            bulk_id: job.id,
        };
        let owner = self.owner_of(organisation);
        self.bus.call(&get, &owner).await.unwrap()
    }
}

#[rstest]
#[actix_rt::test]
async fn a_small_job_is_done_while_a_large_one_of_another_organisation_goes_on(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut house = House::open(engine).await;
    let large = house.busy(650).await;
    let one = house.organisation;
    let mut worker = BulkWorker::new(house.db.clone(), house.clock.clone());
    assert_eq!(worker.work().await.unwrap(), Pace::Again);
    let small = house.busy(3).await;
    let other = house.organisation;
    for _ in 0..2 {
        assert_eq!(worker.work().await.unwrap(), Pace::Again);
    }
    let small = house.job_of(other, &small).await;
    assert_eq!((small.done, small.finished_at.is_some()), (3, true));
    let going_on = house.job_of(one, &large).await;
    assert!((200..650).contains(&going_on.done), "{going_on:?}");
    assert_eq!(going_on.finished_at, None);
    while worker.work().await.unwrap() == Pace::Again {}
    assert_eq!(house.job_of(one, &large).await.done, 650);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_job_that_fails_steps_aside_and_goes_on_when_it_can(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut house = House::open(engine).await;
    let failing = house.busy(3).await;
    let one = house.organisation;
    house.block_commits(true).await;
    let good = house.busy(3).await;
    let other = house.organisation;
    house.work_off().await;
    assert_eq!(house.job_of(other, &good).await.done, 3);
    let waits = house.job_of(one, &failing).await;
    assert_eq!((waits.done, waits.finished_at), (0, None));

    house.organisation = one;
    house.block_commits(false).await;
    house.work_off().await;
    assert_eq!(house.job_of(one, &failing).await.done, 0, "not yet");
    house.clock.advance_seconds(10);
    house.work_off().await;
    let done = house.job_of(one, &failing).await;
    assert_eq!((done.done, done.given_up), (3, None));
    assert!(done.finished_at.is_some());
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_job_that_fails_again_and_again_is_given_up_with_the_reason(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut house = House::open(engine).await;
    let failing = house.busy(3).await;
    house.block_commits(true).await;
    for hours in 0..8 {
        let job = house.job_of(house.organisation, &failing).await;
        assert_eq!(job.finished_at, None, "after {hours} hours");
        house.work_off().await;
        house.clock.advance_seconds(6 * 3_600);
    }
    let job = house.job_of(house.organisation, &failing).await;
    assert_eq!((job.done, job.refused), (0, 0));
    assert!(job.finished_at.is_some());
    assert_eq!(job.given_up.as_deref(), Some("internal"));
    let mut reader = house.db.read().await.unwrap();
    let told = GIVEN_UP.bind(house.organisation).fetch_one(&mut reader);
    assert_eq!(told.await.unwrap().get::<i64>("n").unwrap(), 1);
    drop(reader);

    // it is over: nothing happens when it could go on
    house.block_commits(false).await;
    house.work_off().await;
    assert_eq!(house.job_of(house.organisation, &failing).await, job);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn several_nodes_that_fail_at_a_job_at_once_count_once(
    #[values(Engine::Postgres)] engine: Engine,
) {
    let mut house = House::open(engine).await;
    let failing = house.busy(3).await;
    house.block_commits(true).await;
    for failures in 1..=2 {
        // All of them know of the job before the first has failed.
        let stamp = house.public().stamp(&*house.clock);
        let mut tx = house.db.write(&stamp).await.unwrap();
        tx.lock_histories(&[house.organisation]).await.unwrap();
        let nodes = (0..3).map(|_| async {
            let mut worker = BulkWorker::new(house.db.clone(), house.clock.clone());
            worker.work().await.unwrap()
        });
        let paces = house.but_so_many_wait(3, join_all(nodes), tx).await;
        assert_eq!(paces, [Pace::Again; 3]);
        let mut reader = house.db.read().await.unwrap();
        let counted = FAILURES.bind(failing.id).fetch_one(&mut reader).await;
        assert_eq!(counted.unwrap().get::<i64>("failures").unwrap(), failures);
        house.clock.advance_seconds(60);
    }
    house.block_commits(false).await;
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_failure_does_not_count_when_another_node_came_further_meanwhile(
    #[values(Engine::Postgres)] engine: Engine,
) {
    let mut house = House::open(engine).await;
    let job = house.busy(3).await;
    house.block_commits(true).await;
    let stamp = house.public().stamp(&*house.clock);
    let mut tx = house.db.write(&stamp).await.unwrap();
    tx.lock_histories(&[house.organisation]).await.unwrap();
    for further in [&DECIDE_ONE, &COME_FURTHER] {
        let further = further.bind(job.id).execute(&mut tx).await;
        assert_eq!(further.unwrap(), 1);
    }
    let mut worker = BulkWorker::new(house.db.clone(), house.clock.clone());
    let failing = async { worker.work().await.unwrap() };
    house.but_so_many_wait(1, failing, tx).await;
    let mut reader = house.db.read().await.unwrap();
    let counted = FAILURES.bind(job.id).fetch_one(&mut reader).await;
    assert_eq!(counted.unwrap().get::<i64>("failures").unwrap(), 0);
    drop(reader);
    // what fails with nobody beside it counts
    worker.work().await.unwrap();
    let mut reader = house.db.read().await.unwrap();
    let counted = FAILURES.bind(job.id).fetch_one(&mut reader).await;
    assert_eq!(counted.unwrap().get::<i64>("failures").unwrap(), 1);
    drop(reader);
    house.block_commits(false).await;
    house.close().await;
}
