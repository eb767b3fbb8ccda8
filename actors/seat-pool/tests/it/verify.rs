//! Every difference that `usher verify` can find is found, and none while nodes work.

use contract::{
    bulk::{AddToBulk, BulkAction, OpenBulk, StartBulk},
    memberships::EraseMembership,
};
use futures_util::{FutureExt as _, future::join_all};
use rstest::rstest;
use seat_pool::verify;
use store::Statement;
use testkit::Engine;

use crate::house::House;

store::statements! {
    RAISE_NUMBERS = "
        update plans
        set purchased = purchased + 1, held = held + 1, assigned = assigned + 1, waiting = waiting + 1";
    LOWER_NUMBERS = "
        update plans
        set purchased = purchased - 1, held = held - 1, assigned = assigned - 1, waiting = waiting - 1";
    SELL_TWICE = "update ledger set purchased = 2 where change = 'purchase'";
    BUY_AGAIN = "update ledger set purchased = 3 where change = 'purchase'";
    SKIP_AN_ENTRY = "update ledger set entry = entry + 1 where change = 'wait'";
    UNSKIP_AN_ENTRY = "update ledger set entry = entry - 1 where change = 'wait'";
    LOSE_A_USE = "update link_uses set uses = uses - 1 where uses = 3";
    FIND_A_USE = "update link_uses set uses = uses + 1 where uses = 2";
    ALLOW_FEWER = "update links set max_uses = 2 where max_uses = 10";
    ALLOW_MORE = "update links set max_uses = 10 where max_uses = 2";
    UNSEAT = "
        update ledger set membership_id = null
        where change = 'hold'";
    SEAT = "
        update ledger
        set membership_id = (select id from memberships where status = 'held')
        where change = 'hold'";
    KEEP_A_SEAT = "update ledger set membership_id = 'gone' where change = 'erase'";
    RETURN_A_SEAT = "
        update ledger
        set membership_id = (select max(e.membership_id) from ledger e
            where e.membership_id not in (select id from memberships) and e.change = 'assign')
        where change = 'erase'";
    MISCOUNT_A_JOB = "update bulk_jobs set people = 4, done = 5, refused = 6";
    COUNT_A_JOB = "update bulk_jobs set people = 2, done = 1, refused = 1";
    MOVE_A_PLAN = "update plans set organisation_id = 'x' || organisation_id";
    MOVE_A_PLAN_BACK = "update plans set organisation_id = substr(organisation_id, 2)";
    LOSE_AN_EVENT = "update events set organisation_id = 'x' || organisation_id where seq = 2";
    FIND_AN_EVENT = "update events set organisation_id = substr(organisation_id, 2) where seq = 2";
    ADVANCE_A_HEAD = "update event_heads set last_seq = last_seq + 1";
    RETURN_A_HEAD = "update event_heads set last_seq = last_seq - 1";
    PUBLISH_MORE = "update event_heads set published_seq = last_seq + 1";
    PUBLISH_NONE = "update event_heads set published_seq = 0";
    NOTE_EARLIER = "update revocations set at = at - 1";
    NOTE_IN_TIME = "update revocations set at = at + 1";
    NOTE_ANOTHER = "update revocations set account_id = 'x' || account_id";
    NOTE_THE_SAME = "update revocations set account_id = substr(account_id, 2)";
    FORGET_REVOKING = "update ledger set change = 'x' where change = 'revoke'";
    REMEMBER_REVOKING = "update ledger set change = 'revoke' where change = 'x'";
    LOSE_AN_ACCOUNT = "
        update accounts set id = 'x' || id
        where id = (select min(account_id) from memberships)";
    FIND_AN_ACCOUNT = "update accounts set id = substr(id, 2) where id like 'x%'";
    NOTE_A_LIMIT = "
        insert into audit (id, organisation_id, at, actor, action, target, change, request_id)
        select 'aud_' || id, organisation_id, 0, 'test', 'link.update', id,
            '{\"max_uses\":{\"from\":10,\"to\":2}}', 'test'
        from links
        where max_uses = 2";
}

/// What spoils, what repairs it, and what is found between the two.
type Case = (
    &'static Statement,
    &'static Statement,
    &'static [&'static str],
);

static KINDS: &[Case] = &[
    (
        &RAISE_NUMBERS,
        &LOWER_NUMBERS,
        &[
            "pln: purchased is 4, the rows say 3",
            "pln: held is 2, the rows say 1",
            "pln: held (by memberships) is 2, the rows say 1",
            "pln: assigned is 3, the rows say 2",
            "pln: assigned (by memberships) is 3, the rows say 2",
            "pln: waiting is 2, the rows say 1",
            "pln: waiting (by memberships) is 2, the rows say 1",
        ],
    ),
    (
        &SELL_TWICE,
        &BUY_AGAIN,
        &[
            "pln: entry 6 sold a seat twice",
            "pln: purchased is 3, the rows say 2",
        ],
    ),
    (
        &SKIP_AN_ENTRY,
        &UNSKIP_AN_ENTRY,
        &["pln: the number of a ledger entry is 8, the rows say 7"],
    ),
    (
        &LOSE_A_USE,
        &FIND_A_USE,
        &["lnk: uses is 2, the rows say 3"],
    ),
    (
        &ALLOW_FEWER,
        &ALLOW_MORE,
        &["lnk: uses is 3, it never allowed more than 2"],
    ),
    (&UNSEAT, &SEAT, &["mbr: its seats is 1, the rows say 0"]),
    (
        &KEEP_A_SEAT,
        &RETURN_A_SEAT,
        &[
            "gone: the seats of somebody who is gone is 0, the rows say -1",
            "mbr: the seats of somebody who is gone is 0, the rows say 1",
        ],
    ),
    (
        &MISCOUNT_A_JOB,
        &COUNT_A_JOB,
        &[
            "blk: its people is 4, the rows say 2",
            "blk: done is 5, the rows say 1",
            "blk: refused is 6, the rows say 1",
        ],
    ),
    (
        &MOVE_A_PLAN,
        &MOVE_A_PLAN_BACK,
        &["mbr: sits on a plan of another organisation"; 4],
    ),
    (&LOSE_AN_ACCOUNT, &FIND_AN_ACCOUNT, &["mbr: has no account"]),
    (
        &LOSE_AN_EVENT,
        &FIND_AN_EVENT,
        &["org: its events without a gap is 8, the rows say 7"],
    ),
    (
        &ADVANCE_A_HEAD,
        &RETURN_A_HEAD,
        &["org: the head of its history is 9, the rows say 8"],
    ),
    (
        &PUBLISH_MORE,
        &PUBLISH_NONE,
        &["org: more events are published than happened"],
    ),
];

/// Of revocations: of somebody who has a seat again, somebody who has none, and somebody who is erased.
static REVOCATIONS: &[Case] = &[
    (
        &NOTE_EARLIER,
        &NOTE_IN_TIME,
        &[
            "acc: its last revocation is 1795521600999999, the rows say 1795521601000000",
            "acc: its last revocation is 1795521601999999, the rows say 1795521602000000",
            "acc: was revoked at 1795521600999999, of which no ledger knows",
            "acc: was revoked at 1795521601999999, of which no ledger knows",
            "acc: was revoked at 1795521602999999, of which no ledger knows",
        ],
    ),
    (
        &NOTE_ANOTHER,
        &NOTE_THE_SAME,
        &[
            "acc: its last revocation is 0, the rows say 1795521601000000",
            "acc: its last revocation is 0, the rows say 1795521602000000",
            "xacc: was revoked at 1795521601000000, of which no ledger knows",
            "xacc: was revoked at 1795521602000000, of which no ledger knows",
        ],
    ),
    (
        &FORGET_REVOKING,
        &REMEMBER_REVOKING,
        &[
            "acc: was revoked at 1795521601000000, of which no ledger knows",
            "acc: was revoked at 1795521602000000, of which no ledger knows",
            "acc: was revoked at 1795521603000000, of which no ledger knows",
        ],
    ),
];

/// A plan of three seats: two assigned, one held, one erased before, one who waits; and a job about
/// one who is there and one who is gone.
async fn lively(engine: Engine) -> House {
    let house = House::open(engine).await;
    let plan = house.plan(3).await;
    let link = house.link(plan, Some(10)).await;
    let restricted = house.restricted_link(plan, None, &["uni.edu"]).await;
    let people = house.people(5).await;
    let ann = house.admit(people[0], link).await.unwrap().membership_id;
    let gone = house.admit(people[1], link).await.unwrap().membership_id;
    let organisation = house.organisation;
    let action = BulkAction::Retag {
        add: vec![contract::text::Tag::parse("medicine").unwrap()],
        remove: Vec::new(),
    };
    let open = OpenBulk {
        organisation,
        action,
    };
    let bulk_id = house.bus.call(&open, &house.owner()).await.unwrap().id;
    let add = AddToBulk {
        organisation,
        bulk_id,
        membership_ids: vec![ann, gone],
    };
    house.bus.call(&add, &house.owner()).await.unwrap();
    let start = StartBulk {
        organisation,
        bulk_id,
        expected_count: 2,
    };
    house.bus.call(&start, &house.owner()).await.unwrap();
    let erase = EraseMembership {
        organisation,
        membership_id: gone,
    };
    house.bus.call(&erase, &house.owner()).await.unwrap();
    house.work_off().await;
    house.admit(people[2], restricted).await.unwrap();
    for person in &people[3..] {
        house.admit(*person, link).await.unwrap();
    }
    house
}

impl House {
    async fn spoil(&self, statement: &'static Statement) {
        let stamp = self.public().stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await.unwrap();
        let changed = statement.query().execute(&mut tx).await.unwrap();
        assert!(changed > 0, "{} changes nothing", statement.name());
        tx.commit().await.unwrap();
    }

    /// What is found, each behind the kind of thing that it is about.
    async fn found(&self) -> Vec<String> {
        let found = verify(&self.db).await.unwrap();
        let found = found.into_iter().map(|difference| {
            let kind = difference.subject.split('_').next().unwrap();
            format!("{kind}: {}", difference.finding)
        });
        found.collect()
    }

    /// Spoils and repairs: each is found, and nothing else.
    async fn find_each(&self, cases: &[Case]) {
        for (spoil, repair, expected) in cases {
            assert_eq!(self.found().await, [""; 0], "before {}", spoil.name());
            self.spoil(spoil).await;
            assert_eq!(self.found().await, *expected, "{}", spoil.name());
            self.spoil(repair).await;
        }
    }
}

#[rstest]
#[actix_rt::test]
async fn every_kind_of_difference_is_found_and_nothing_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = lively(engine).await;
    house.find_each(KINDS).await;
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn a_revocation_that_ends_no_session_or_that_no_ledger_knows_is_found(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    let plan = house.plan(3).await;
    let link = house.link(plan, None).await;
    let mut places = Vec::new();
    for person in house.people(3).await {
        places.push(house.admit(person, link).await.unwrap().membership_id);
    }
    for place in &places {
        house.clock.advance_seconds(1);
        house.revoke(*place).await.unwrap();
    }
    house.reassign(places[0]).await.unwrap();
    let erase = EraseMembership {
        organisation: house.organisation,
        membership_id: places[2],
    };
    house.bus.call(&erase, &house.owner()).await.unwrap();
    house.find_each(REVOCATIONS).await;
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn who_lowers_the_limit_of_a_link_below_its_uses_makes_no_difference(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = lively(engine).await;
    house.spoil(&ALLOW_FEWER).await;
    assert_eq!(house.found().await.len(), 1);
    house.spoil(&NOTE_A_LIMIT).await;
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn nothing_is_found_while_people_come_and_go(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::with_instances(engine, 2, serde_json::json!({})).await;
    let plan = house.plan(1000).await;
    let link = house.link(plan, None).await;
    let people = house.people(120).await;
    let (some, others) = people.split_at(60);
    let come_and_go = async |people: &[contract::ids::AccountId]| {
        for person in people {
            let place = house.admit(*person, link).await.unwrap().membership_id;
            house.revoke(place).await.unwrap();
        }
    };
    let mut busy = Box::pin(join_all([come_and_go(some), come_and_go(others)]).fuse());
    let mut recounts = 0;
    loop {
        tokio::select! {
            biased;
            _ = &mut busy => break,
            found = verify(&house.db) => assert_eq!(found.unwrap(), [], "recount {recounts}"),
        }
        recounts += 1;
    }
    drop(busy);
    assert!(recounts > 3, "only {recounts} recounts");
    house.close().await;
}

#[rstest]
#[actix_rt::test]
async fn both_engines_understand_every_statement(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let house = House::open(engine).await;
    for statement in seat_pool::STATEMENTS.iter().copied().flatten() {
        let prepared = statement.prepare(&mut house.db.read().await.unwrap()).await;
        assert!(prepared.is_ok(), "{}: {prepared:?}", statement.name());
    }
}
