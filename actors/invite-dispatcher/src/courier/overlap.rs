//! Several at the same invites at once, on PostgreSQL: SQLite has one writer.

use std::{sync::Arc, time::Duration};

use contract::{
    Clock as _, ManualClock, Secret, Stamp, Timestamp,
    ids::{InviteId, Ulid},
};
use serde::Serialize;
use store::{Database, DatabaseOptions, Db, Query, StoreError, Tx, vault::Vault};
use testkit::{Engine, TestDatabase, eventually};

use super::{
    Courier, CourierMetrics,
    parcel::Taking,
    record::{self, Key, Record},
    sql,
};
use crate::options::MailOptions;

store::statements! {
    BATCH = "
        insert into batches (id, organisation_id, link_id, source, language, most, created_by,
            created_at, sealed_at, sent_at)
        values ('bat', 'org', 'lnk', 'paste', 'en', 500, 'operator', 0, 0, 0)";

    INVITES = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email, email_key,
            domain, state, queued_at, created_at)
        select rows.value ->> 'id', 'org', 'bat', 'lnk', 1, 1, 'x', rows.value ->> 'id', 'uni.edu',
            'queued', 0, 0
        from rows($1)";

    /// Couriers took them a while ago.
    TAKE = "
        update invites
        set state = 'sending', attempts = 1, crashes = 0, due_at = 0, reason = null, leased_until = 1,
            leased_by = rows.value ->> 'courier'
        from rows($1)
        where invites.id = rows.value ->> 'id'";

    /// Half of them are noted; the others had a courier of an older release.
    NOTE = "
        insert into leased_invites (invite_id)
        select rows.value ->> 'id'
        from rows($1)
        where cast(rows.value ->> 'noted' as bigint) = 1";

    /// Something else is done to one.
    TOUCH = "update invites set note = 'touched' where id = $1";

    SUM = "
        select count(*) as n,
            sum(case when state = 'failed' and crashes = 0 and reason = 'refused' then 1 else 0 end)
                as recorded,
            sum(case when state = 'unknown' and crashes = 1 and reason = 'no-reply' then 1 else 0 end)
                as expired,
            count(leased_by) + count(leased_until)
                + (select count(*) from leased_invites) as left_over
        from invites";

    /// Who waits for a lock of somebody else.
    WAITING = "
        select count(*) as n
        from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
}

const COUNT: u64 = 120;
const ROUNDS: u64 = 40;
const SOON: Duration = Duration::from_secs(20);

#[derive(Serialize)]
struct Taken {
    id: InviteId,
    courier: String,
    noted: u8,
}

/// As it stands here.
fn taken_once(id: InviteId) -> Record {
    Record::unreadable(Taking { id, lease: 0 }, 1)
}

struct Ground {
    db: Db,
    clock: Arc<ManualClock>,
    ids: Vec<InviteId>,
    _database: TestDatabase,
}

impl Ground {
    async fn open() -> Self {
        let (file, clock) = (
            Engine::Postgres.fresh(),
            ManualClock::at(Timestamp::from_micros(0)),
        );
        let options = DatabaseOptions::new(Secret::new(file.url()), clock.clone());
        let database = Database::connect(&options).await.unwrap();
        database.migrate().await.unwrap();
        let ids = (0..COUNT).map(|n| InviteId::new(Ulid::from_parts(1, n.into())));
        let ground = Self {
            db: database.open("invites").await.unwrap(),
            clock,
            ids: ids.collect(),
            _database: file,
        };
        ground.run(BATCH.query()).await;
        let couriers = [ground.courier(), ground.courier()];
        // Where they are is in another order than who they are.
        let mut taken = ground.taken(&couriers);
        taken.reverse();
        ground.run(INVITES.bind_rows(&taken)).await;
        ground
    }

    fn courier(&self) -> Courier {
        let url = Secret::new("smtp://127.0.0.1:1");
        Courier::new(
            self.db.clone(),
            self.clock.clone(),
            Vault::new(&Secret::new("sealing key")).unwrap(),
            MailOptions::parse(&url, "Usher <usher@mail.example>").unwrap(),
            CourierMetrics::unscraped().unwrap(),
        )
    }

    async fn begin(&self) -> Tx {
        let stamp = Stamp {
            now: self.clock.now(),
            actor: "operator".to_owned(),
            request_id: "fixture".to_owned(),
        };
        self.db.write(&stamp).await.unwrap()
    }

    async fn run(&self, query: Query) {
        let mut tx = self.begin().await;
        query.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Each courier has every other invite.
    fn taken(&self, couriers: &[Courier; 2]) -> Vec<Taken> {
        let ids = self.ids.iter().zip(0..);
        let taken = ids.map(|(id, n)| Taken {
            id: *id,
            courier: couriers[n % 2].id.clone(),
            noted: u8::from(n % 3 > 0),
        });
        taken.collect()
    }

    /// All invites are a courier's whose lease ran out.
    async fn take(&self, couriers: &[Courier; 2]) {
        let taken = self.taken(couriers);
        self.run(TAKE.bind_rows(&taken)).await;
        self.run(NOTE.bind_rows(&taken)).await;
    }

    async fn record(&self, courier: &Courier, records: &[Record]) -> Result<(), StoreError> {
        let mut tx = self.begin().await;
        record::record(&mut tx, &courier.id, records, self.clock.now()).await?;
        tx.commit().await
    }

    async fn expire(&self, courier: &mut Courier) -> Result<(), StoreError> {
        let mut tx = self.begin().await;
        courier.expire(&mut tx).await?;
        tx.commit().await
    }
}

#[actix_rt::test]
async fn couriers_that_record_late_and_those_that_take_over_never_wait_in_a_circle() {
    let ground = Ground::open().await;
    let couriers = [ground.courier(), ground.courier()];
    let (mut one, mut other) = (ground.courier(), ground.courier());
    for round in 0..ROUNDS {
        ground.take(&couriers).await;
        let ids = ground.ids.iter();
        let mut records: Vec<_> = ids.map(|id| taken_once(*id)).collect();
        if round % 2 == 0 {
            records.reverse();
        }
        let (first, second, third, fourth) = tokio::join!(
            ground.expire(&mut one),
            ground.record(&couriers[0], &records),
            ground.expire(&mut other),
            ground.record(&couriers[1], &records),
        );
        for outcome in [first, second, third, fourth] {
            outcome.unwrap();
        }
        let mut reader = ground.db.read().await.unwrap();
        let sum = SUM.query().fetch_one(&mut reader).await.unwrap();
        let is = |column| sum.get::<u64>(column).unwrap();
        assert_eq!(is("recorded"), COUNT, "round {round}: also what was late");
        assert_eq!((is("n"), is("left_over")), (COUNT, 0), "round {round}");
    }
    let late: u64 = [one, other]
        .map(|by| by.metrics.expired_leases.get())
        .iter()
        .sum();
    assert!((1..ROUNDS * COUNT).contains(&late), "{late}");
}

#[actix_rt::test]
async fn a_courier_that_records_locks_invites_in_the_order_of_reports() {
    let ground = Ground::open().await;
    let couriers = [ground.courier(), ground.courier()];
    ground.take(&couriers).await;
    let [lower, _, higher] = [ground.ids[0], ground.ids[1], ground.ids[2]];
    let mut report = ground.begin().await;
    TOUCH.bind(lower).execute(&mut report).await.unwrap();
    let records = [higher, lower].map(taken_once);
    let tell = async {
        eventually(SOON, "the courier waits for the report", async || {
            let mut reader = ground.db.read().await.unwrap();
            let row = WAITING.query().fetch_one(&mut reader).await.unwrap();
            row.get::<i64>("n").unwrap() > 0
        })
        .await;
        TOUCH.bind(higher).execute(&mut report).await.unwrap();
        report.commit().await
    };
    let (recorded, told) = tokio::join!(ground.record(&couriers[0], &records), tell);
    recorded.unwrap();
    told.unwrap();
}

#[actix_rt::test]
async fn a_courier_keeps_what_nobody_else_has_and_waits_for_nobody() {
    let ground = Ground::open().await;
    let couriers = [ground.courier(), ground.courier()];
    ground.take(&couriers).await;
    let [held, free] = [ground.ids[0], ground.ids[2]];
    let mut other = ground.begin().await;
    TOUCH.bind(held).execute(&mut other).await.unwrap();
    let mut tx = ground.begin().await;
    let renew = sql::RENEW_INVITES.bind_rows(&[Key { id: held }, Key { id: free }]);
    let renew = renew.bind(60_000_000_i64).bind(&couriers[0].id);
    assert_eq!(renew.execute(&mut tx).await.unwrap(), 1);
    tx.commit().await.unwrap();
    other.commit().await.unwrap();
    let expired = ground.expire(&mut ground.courier()).await;
    expired.unwrap();
    let mut reader = ground.db.read().await.unwrap();
    let sum = SUM.query().fetch_one(&mut reader).await.unwrap();
    assert_eq!(sum.get::<u64>("expired").unwrap(), COUNT - 1, "all but one");
}
