//! One change for many people.

use contract::{
    Kind, Problem,
    bulk::{AddToBulk, Bulk, BulkAction, GetBulk, OpenBulk, StartBulk},
    ids::{BulkId, MembershipId},
    text::Tag,
};
use rstest::rstest;
use testkit::Engine;

use crate::house::House;

impl House {
    pub(crate) async fn open_job(&self, action: BulkAction, people: &[MembershipId]) -> Bulk {
        let organisation = self.organisation;
        let open = OpenBulk {
            organisation,
            action,
        };
        let bulk_id = self.bus.call(&open, &self.owner()).await.unwrap().id;
        self.add(bulk_id, people).await.unwrap()
    }

    async fn add(&self, bulk_id: BulkId, people: &[MembershipId]) -> Result<Bulk, Problem> {
        let add = AddToBulk {
            organisation: self.organisation,
            bulk_id,
            membership_ids: people.to_vec(),
        };
        self.bus.call(&add, &self.owner()).await
    }

    pub(crate) async fn start(
        &self,
        bulk_id: BulkId,
        expected_count: u64,
    ) -> Result<Bulk, Problem> {
        let start = StartBulk {
            organisation: self.organisation,
            bulk_id,
            expected_count,
        };
        self.bus.call(&start, &self.owner()).await
    }

    async fn job(&self, bulk_id: BulkId) -> Bulk {
        let organisation = self.organisation;
        let get = GetBulk {
            organisation,
            bulk_id,
        };
        self.bus.call(&get, &self.owner()).await.unwrap()
    }
}

#[rstest]
#[actix_rt::test]
async fn a_job_revokes_everybody_of_its_snapshot_and_nobody_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(500).await;
    let link = house.link(plan, None).await;
    let mut places = Vec::new();
    let people = house.people(450).await;
    for person in &people {
        places.push(house.admit(*person, link).await.unwrap().membership_id);
    }
    let (ours, spared) = places.split_at(440);
    let job = house.open_job(BulkAction::Revoke, ours).await;
    assert_eq!(house.add(job.id, &ours[..10]).await.unwrap().count, 440);
    house.work_off().await;
    assert_eq!(house.look(plan).await.seats.assigned, 450, "not started");

    house.start(job.id, 440).await.unwrap();
    let late = house.add(job.id, spared).await.unwrap_err();
    assert_eq!(late.kind, Kind::Conflict);
    house.work_off().await;
    let done = house.job(job.id).await;
    assert_eq!((done.done, done.refused), (440, 0));
    assert!(done.finished_at.is_some());
    assert_eq!(house.look(plan).await.seats.assigned, 10);
    for (person, ours) in [(people[0], true), (people[439], true), (people[440], false)] {
        assert_eq!(house.revoked_at(person).await.is_some(), ours);
    }
    assert_eq!(house.start(job.id, 440).await.unwrap(), done, "once");
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_job_about_another_number_than_expected_does_not_start(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(2).await;
    let link = house.link(plan, None).await;
    let person = house.person("ann@uni.edu").await;
    let place = house.admit(person, link).await.unwrap().membership_id;
    let job = house.open_job(BulkAction::Revoke, &[place]).await;
    let refused = house.start(job.id, 2).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Conflict);
    assert_eq!(refused.errors[0].field, "expected_count");
    house.work_off().await;
    assert_eq!(house.look(plan).await.seats.assigned, 1);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_job_reassigns_all_or_does_not_start(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(10).await;
    let link = house.link(plan, None).await;
    let people = house.people(13).await;
    let mut places = Vec::new();
    for person in &people[..10] {
        places.push(house.admit(*person, link).await.unwrap().membership_id);
    }
    for place in &places {
        house.revoke(*place).await.unwrap();
    }
    for person in &people[10..] {
        house.admit(*person, link).await.unwrap();
    }
    let too_many = house.open_job(BulkAction::Reassign, &places).await;
    let refused = house.start(too_many.id, 10).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NoSeats);
    house.work_off().await;
    assert_eq!(house.look(plan).await.seats.assigned, 3, "never 8");

    let fits = house.open_job(BulkAction::Reassign, &places[..7]).await;
    house.start(fits.id, 7).await.unwrap();
    house.work_off().await;
    assert_eq!(house.job(fits.id).await.done, 7);
    assert_eq!(house.look(plan).await.seats.free, 0);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_job_says_how_it_went_for_whom(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(2).await;
    let link = house.link(plan, None).await;
    let people = house.people(2).await;
    let mut places = Vec::new();
    for person in &people {
        places.push(house.admit(*person, link).await.unwrap().membership_id);
    }
    let action = BulkAction::Retag {
        add: vec![Tag::parse("medicine").unwrap()],
        remove: vec![Tag::parse("law").unwrap()],
    };
    let job = house.open_job(action, &places).await;
    house.start(job.id, 2).await.unwrap();
    let erase = contract::memberships::EraseMembership {
        organisation: house.organisation,
        membership_id: places[1],
    };
    house.bus.call(&erase, &house.owner()).await.unwrap();
    house.work_off().await;
    let done = house.job(job.id).await;
    assert_eq!((done.done, done.refused), (1, 1));
    assert_eq!(house.tags(people[0]).await, ["medicine", "year-1"]);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_job_takes_nobody_of_another_organisation_and_is_not_there_for_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut house = House::open(engine).await;
    let link = house.link(house.plan(1).await, None).await;
    let person = house.person("ann@uni.edu").await;
    let theirs = house.admit(person, link).await.unwrap().membership_id;
    let their_job = house.open_job(BulkAction::Revoke, &[theirs]).await;
    assert_eq!(their_job.count, 1);

    house.move_on().await;
    let job = house.open_job(BulkAction::Revoke, &[theirs]).await;
    assert_eq!(job.count, 0);
    let get = GetBulk {
        organisation: house.organisation,
        bulk_id: their_job.id,
    };
    let refused = house.bus.call(&get, &house.owner()).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
    let refused = house.add(their_job.id, &[theirs]).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
    let refused = house.start(their_job.id, 1).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
    house.close().await;
}
