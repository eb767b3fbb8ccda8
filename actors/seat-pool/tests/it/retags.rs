//! Tags of a link for everybody who joined through it: jobs that the link registry asks for.

use contract::{
    Clock as _, Kind, Problem,
    bulk::{Bulk, BulkAction, OpenBulk, RetagLink},
    ids::{AccountId, BulkId, LinkId},
    memberships::RetagMembership,
    text::Tag,
};
use kernel::{Pace, Work as _};
use rstest::rstest;
use seat_pool::{BulkWorker, verify};
use serde_json::json;
use testkit::Engine;

use crate::house::House;

store::statements! {
    /// What the link registry writes together with a change of the link.
    ASK = "
        insert into link_retags (bulk_id, organisation_id, link_id, position, add_tags, remove_tags, at,
            actor, request_id)
        select $1, $2, $3, count(*) + 1, $4, $5, $6, 'administrator:ann', 'of-the-change'
        from link_retags
        where link_id = $3";
    SET_TAGS = "update links set tags = $2 where id = $1";
    /// The link registry knows that the jobs are there.
    FORGET_ASKED = "delete from link_retags";
    MISCOUNT = "update bulk_jobs set people = people + 1";
    TRAIL = "
        select action, target, actor, request_id, change
        from audit
        where action in ('link.retag', 'user.retag')
        order by id";
    TOLD = "select count(*) as n from events where name = 'link-retagged'";
    PEOPLE = "select count(*) as n from bulk_people";
}

fn tags(tags: &[&str]) -> Vec<Tag> {
    tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect()
}

impl House {
    /// A change of the link's tags is committed.
    async fn change(&self, link: LinkId, add: &[&str], remove: &[&str]) -> BulkId {
        let id = BulkId::new(self.clock.ulid());
        let mut tx = self
            .db
            .write(&self.public().stamp(&*self.clock))
            .await
            .unwrap();
        tx.lock_histories(&[self.organisation]).await.unwrap();
        let now = tx.stamp().now;
        let set = SET_TAGS.bind(link).bind(json!(add).to_string());
        set.execute(&mut tx).await.unwrap();
        ASK.bind(id)
            .bind(self.organisation)
            .bind(link)
            .bind(json!(add).to_string())
            .bind(json!(remove).to_string())
            .bind(now)
            .execute(&mut tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn retag(&self, link_id: LinkId, bulk_id: BulkId) -> Result<Bulk, Problem> {
        let organisation = self.organisation;
        let retag = RetagLink {
            organisation,
            link_id,
            bulk_id,
        };
        self.bus.call(&retag, &self.owner()).await
    }

    async fn retag_job(&self, id: BulkId) -> Result<Bulk, Problem> {
        let organisation = self.organisation;
        let get = contract::bulk::GetBulk {
            organisation,
            bulk_id: id,
        };
        self.bus.call(&get, &self.owner()).await
    }

    /// So many people who joined through a link.
    async fn joined(&self, link: LinkId, count: usize) -> Vec<AccountId> {
        let people = self.people(count).await;
        for person in &people {
            self.admit(*person, link).await.unwrap();
        }
        people
    }

    /// Opens a job, which forgets old ones.
    async fn open_any(&self) {
        let open = OpenBulk {
            organisation: self.organisation,
            action: BulkAction::Revoke,
        };
        self.bus.call(&open, &self.owner()).await.unwrap();
    }
}

#[rstest]
#[actix_rt::test]
async fn tags_are_brought_to_everybody_who_joined_already_and_to_nobody_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(10).await;
    let (link, other) = (house.link(plan, None).await, house.link(plan, None).await);
    let people = house.people(3).await;
    for (person, link) in people.iter().zip([link, link, other]) {
        house.admit(*person, link).await.unwrap();
    }
    for _ in 0..2 {
        let id = house.change(link, &["autumn"], &["law"]).await;
        let job = house.retag(link, id).await.unwrap();
        assert_eq!((job.id, job.count, job.done, job.refused), (id, 2, 2, 0));
        assert!(job.finished_at.is_some(), "at once");
        assert_eq!(house.retag(link, id).await.unwrap(), job, "once");
    }
    for person in &people[..2] {
        assert_eq!(house.tags(*person).await, ["autumn", "year-1"]);
    }
    assert_eq!(house.tags(people[2]).await, ["law", "year-1"]);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_link_of_many_goes_piece_by_piece_and_on_after_a_kill(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(500).await;
    let link = house.link(plan, None).await;
    let people = house.joined(link, 450).await;
    let id = house.change(link, &["autumn"], &["law"]).await;
    let begun = house.retag(link, id).await.unwrap();
    assert_eq!(
        (begun.count, begun.done, begun.finished_at),
        (450, 200, None)
    );

    // Whoever works dies after a piece, and in the middle of one.
    let mut worker = BulkWorker::new(house.db.clone(), house.clock.clone());
    assert_eq!(worker.work().await.unwrap(), Pace::Again);
    house.block_commits(true).await;
    assert_eq!(worker.work().await.unwrap(), Pace::Again);
    drop(worker);
    house.block_commits(false).await;
    assert_eq!(house.retag_job(id).await.unwrap().done, 400);

    house.clock.advance_seconds(10);
    house.work_off().await;
    let done = house.retag_job(id).await.unwrap();
    assert_eq!((done.count, done.done, done.refused), (450, 450, 0));
    assert!(done.finished_at.is_some());
    for person in &people {
        assert_eq!(house.tags(*person).await, ["autumn", "year-1"]);
    }

    // What happened is told of each of them once, in the name of whoever changed the link.
    let mut reader = house.db.read().await.unwrap();
    let trail = TRAIL.fetch_all(&mut reader).await.unwrap();
    let mut of_people = Vec::new();
    for row in &trail {
        assert_eq!(row.get::<String>("actor").unwrap(), "administrator:ann");
        assert_eq!(row.get::<String>("request_id").unwrap(), "of-the-change");
        if row.get::<String>("action").unwrap() == "user.retag" {
            of_people.push(row.get::<String>("target").unwrap());
        } else {
            assert_eq!(row.get::<LinkId>("target").unwrap(), link);
            let change: serde_json::Value = row.json("change").unwrap();
            let expected = json!({ "add": ["autumn"], "remove": ["law"], "job_id": id });
            assert_eq!(change, expected);
        }
    }
    assert_eq!((trail.len(), of_people.len()), (451, 450));
    of_people.sort_unstable();
    of_people.dedup();
    assert_eq!(of_people.len(), 450);
    let told = TOLD.query().fetch_one(&mut reader).await.unwrap();
    assert_eq!(told.get::<i64>("n").unwrap(), 1);
    let people = PEOPLE.query().fetch_one(&mut reader).await.unwrap();
    assert_eq!(people.get::<i64>("n").unwrap(), 0, "nobody is noted twice");
    drop(reader);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_kill_before_the_job_begins_loses_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(10).await;
    let (link, other) = (house.link(plan, None).await, house.link(plan, None).await);
    let ann = house.joined(link, 1).await[0];
    let bob = house.person("bob@uni.edu").await;
    house.admit(bob, other).await.unwrap();
    // Nobody asks for the job.
    house.change(other, &["autumn"], &["law"]).await;
    house.work_off().await;
    assert_eq!(house.tags(bob).await, ["autumn", "year-1"]);

    // Somebody asks again: the link has the new tags already, and loses none.
    let first = house.change(link, &["autumn"], &["law"]).await;
    let again = house.change(link, &["autumn"], &[]).await;
    house.retag(link, again).await.unwrap();
    assert_eq!(house.tags(ann).await, ["autumn", "year-1"]);
    house.work_off().await;
    for id in [first, again] {
        assert!(house.retag_job(id).await.unwrap().finished_at.is_some());
    }
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn changes_of_a_link_reach_everybody_in_their_order(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(10).await;
    let link = house.link(plan, None).await;
    let ann = house.joined(link, 1).await[0];
    let first = house.change(link, &["autumn"], &["law"]).await;
    house.block_commits(true).await;
    house.retag(link, first).await.unwrap();
    assert_eq!(house.retag_job(first).await.unwrap().finished_at, None);
    house.block_commits(false).await;

    // The first one steps aside; the second waits for it, whoever asks.
    let second = house.change(link, &["law"], &["autumn"]).await;
    let waits = house.retag(link, second).await.unwrap();
    assert_eq!((waits.done, waits.finished_at), (0, None));
    house.work_off().await;
    assert_eq!(house.retag_job(second).await.unwrap(), waits);
    house.clock.advance_seconds(10);
    house.work_off().await;
    for id in [first, second] {
        assert_eq!(house.retag_job(id).await.unwrap().done, 1);
    }
    assert_eq!(house.tags(ann).await, ["law", "year-1"]);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn who_joins_meanwhile_keeps_the_tags_that_they_joined_with(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(10).await;
    let link = house.link(plan, None).await;
    let people = house.people(3).await;
    house.admit(people[0], link).await.unwrap();
    house.change(link, &["autumn"], &["law"]).await;
    house.clock.advance_seconds(1);
    house.admit(people[1], link).await.unwrap();
    assert_eq!(house.tags(people[1]).await, ["autumn"]);
    // A change for later people alone.
    let mut tx = house
        .db
        .write(&house.public().stamp(&*house.clock))
        .await
        .unwrap();
    let set = SET_TAGS.bind(link).bind(json!(["law"]).to_string());
    set.execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    house.admit(people[2], link).await.unwrap();
    house.work_off().await;
    assert_eq!(house.tags(people[0]).await, ["autumn", "year-1"]);
    assert_eq!(house.tags(people[1]).await, ["autumn"]);
    assert_eq!(house.tags(people[2]).await, ["law"]);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn who_would_bear_too_many_tags_keeps_theirs_and_is_counted(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(10).await;
    let link = house.link(plan, None).await;
    let people = house.joined(link, 2).await;
    let own: Vec<_> = (10..28).map(|n| format!("own-{n}")).collect();
    let own: Vec<_> = own.iter().map(String::as_str).collect();
    let retag = RetagMembership {
        organisation: house.organisation,
        membership_id: house.place(people[0]).await.unwrap(),
        add: tags(&own),
        remove: Vec::new(),
    };
    house.bus.call(&retag, &house.owner()).await.unwrap();
    let before = house.tags(people[0]).await;
    assert_eq!(before.len(), Tag::MOST_PER_ROW);

    let id = house.change(link, &["autumn", "law"], &[]).await;
    let job = house.retag(link, id).await.unwrap();
    assert_eq!((job.count, job.done, job.refused), (2, 1, 1));
    assert_eq!(house.tags(people[0]).await, before);
    assert_eq!(house.tags(people[1]).await, ["autumn", "law", "year-1"]);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_job_is_forgotten_when_it_is_finished_and_nobody_asks_for_it_any_more(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(500).await;
    let link = house.link(plan, None).await;
    house.joined(link, 201).await;
    let id = house.change(link, &["autumn"], &[]).await;
    house.retag(link, id).await.unwrap();
    let later = |days: i64| house.clock.advance_seconds(days * 86_400);
    later(3);
    house.open_any().await;
    assert_eq!(house.retag_job(id).await.unwrap().finished_at, None);
    house.work_off().await;
    later(3);
    house.open_any().await;
    let done = house.retag_job(id).await.unwrap();
    assert_eq!(done.done, 201);
    house.work_off().await;
    assert_eq!(house.retag_job(id).await.unwrap(), done, "not anew");

    let mut tx = house
        .db
        .write(&house.public().stamp(&*house.clock))
        .await
        .unwrap();
    FORGET_ASKED.query().execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    house.open_any().await;
    let gone = house.retag_job(id).await.unwrap_err();
    assert_eq!(gone.kind, Kind::NotFound);
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_job_of_a_link_is_about_whom_it_found_at_its_end(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(10).await;
    let link = house.link(plan, None).await;
    let people = house.joined(link, 3).await;
    let id = house.change(link, &["autumn"], &[]).await;
    house.block_commits(true).await;
    let begun = house.retag(link, id).await.unwrap();
    house.block_commits(false).await;
    assert_eq!((begun.count, begun.done), (3, 0));
    let erase = contract::memberships::EraseMembership {
        organisation: house.organisation,
        membership_id: house.place(people[1]).await.unwrap(),
    };
    house.bus.call(&erase, &house.owner()).await.unwrap();
    house.clock.advance_seconds(10);
    house.work_off().await;
    let done = house.retag_job(id).await.unwrap();
    assert_eq!((done.count, done.done, done.refused), (2, 2, 0));

    let mut tx = house
        .db
        .write(&house.public().stamp(&*house.clock))
        .await
        .unwrap();
    MISCOUNT.query().execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let found = verify(&house.db).await.unwrap();
    let found: Vec<_> = found.iter().map(|one| one.finding.as_str()).collect();
    assert_eq!(found, ["its people is 3, the rows say 2"]);
}

#[rstest]
#[actix_rt::test]
async fn a_job_of_a_link_is_not_there_for_another_organisation(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut house = House::open(engine).await;
    let plan = house.plan(10).await;
    let link = house.link(plan, None).await;
    let ann = house.joined(link, 1).await[0];
    let id = house.change(link, &["autumn"], &[]).await;
    house.move_on().await;
    for () in [(), ()] {
        let refused = house.retag(link, id).await.unwrap_err();
        assert_eq!(refused.kind, Kind::NotFound);
        assert_eq!(house.tags(ann).await, ["law", "year-1"]);
    }
    house.close().await;
}
