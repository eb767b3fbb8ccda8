//! A seat pool on a database of its own, with the rows of other owners that it reads.

use std::{pin::pin, sync::Arc};

use contract::{
    Caller, Clock, ManualClock, Problem, Role, Secret, Service, Timestamp,
    caller::Principal,
    ids::{AccountId, AdministratorId, LinkId, MembershipId, OrganisationId, PlanId},
    memberships::{Place, ReassignMembership, RevokeMembership},
    plans::{CreatePlan, GetPlan, Plan},
    seats::{Admit, Admitted, Door},
    text::Name,
};
use futures_util::future::{Either, select};
use kernel::{
    Bus, BusKey, BusOptions, Cx, Health, KernelMetrics, Stage, StageOptions, Work as _,
    bus::LocalBus,
};
use seat_pool::{BulkWorker, SeatMetrics, SeatPool, SeatSweeper, verify};
use serde_json::json;
use store::{Database, DatabaseOptions, Db};
use testkit::{Engine, TestDatabase};

store::statements! {
    INSERT_ORGANISATION = "
        insert into organisations (id, name, product_url, policies, created_at)
        values ($1, 'Uni', 'https://product.example/', $2, 0)";
    INSERT_LINK = "
        insert into links (id, organisation_id, plan_id, name, token_hash, token_sealed, tags,
            allowed_domains, max_uses, created_by, created_at)
        values ($1, $2, $3, 'Link', $4, '', $5, $6, $7, 'test', 0)";
    TAGS_ASTRAY = "
        select cast(count(*) as bigint) as n
        from membership_tags t
        join memberships m on m.id = t.membership_id
        where t.organisation_id <> m.organisation_id
            or coalesce(t.redeemed_at, -1) <> coalesce(m.redeemed_at, -1)
            or coalesce(t.last_active_at, -1) <> coalesce(m.last_active_at, -1)";
    DISABLE_LINK = "update links set disabled_at = 1 where id = $1";
    ALLOW_USES = "update links set max_uses = $2 where id = $1";
    TAKE_NEXT_NUMBER = "
        insert into events (organisation_id, seq, name, body, request_id, at)
        select organisation_id, last_seq + 1, 'in-the-way', '{}', 'test', 0
        from event_heads
        where organisation_id = $1";
    FREE_NEXT_NUMBER = "delete from events where organisation_id = $1 and name = 'in-the-way'";
    INSERT_ACCOUNT = "
        insert into accounts (id, email, email_key, first_name, last_name, name_key, proved_at,
            created_at)
        values ($1, $2, $2, 'Ann', 'Lee', 'ann lee', $3, 0)";
    PROVE = "update accounts set proved_at = $2 where id = $1";
    TAGS = "
        select t.tag
        from membership_tags t
        join memberships m on m.id = t.membership_id
        where m.account_id = $1
        order by t.tag";
    PLACE = "select id from memberships where account_id = $1";
    COUNT_MEMBERSHIPS = "select count(*) as n from memberships";
    COUNT_AUDIT = "select count(*) as n from audit where action = 'seat.admit'";
    COUNT_EVENTS = "select count(*) as n from events where name like 'seat-%'";
    /// Until when sessions of an account are over.
    REVOKED = "select at from revocations where account_id = $1";
    /// Who is to be told of a seat, the first before the others.
    OFFERS = "
        select m.account_id
        from offers o
        join memberships m on m.id = o.membership_id
        order by o.at, o.position";
    /// The letters of all of these are queued.
    TELL = "
        insert into mails (id, key, recipient, letter, queued_at, due_at)
        select o.key, o.key, 'ann@hill.edu', '', 0, 0
        from offers o";
    /// Another seat of the same place is the one to tell of.
    OFFER_ANEW = "
        update offers
        set key = key || ':anew', at = at + 1";
    /// Whoever waits for a lock of this database.
    WAITING = "
        select pid as n
        from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    USES = "select coalesce(max(uses), 0) as n from link_uses where link_id = $1";
}

/// The first instant of the tests: 2026-11-24T12:00:00Z.
const START: i64 = 1_795_521_600_000_000;

pub(crate) struct House {
    pub(crate) db: Db,
    pub(crate) bus: Bus,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) organisation: OrganisationId,
    stage: Stage,
    metrics: SeatMetrics,
    pub(crate) registry: prometheus::Registry,
    _database: TestDatabase,
}

impl House {
    /// A seat pool of one instance.
    pub(crate) async fn open(engine: Engine) -> Self {
        Self::with_instances(engine, 1, json!({})).await
    }

    pub(crate) async fn with_policies(engine: Engine, policies: serde_json::Value) -> Self {
        Self::with_instances(engine, 1, policies).await
    }

    pub(crate) async fn with_instances(
        engine: Engine,
        instances: usize,
        policies: serde_json::Value,
    ) -> Self {
        let clock = ManualClock::at(Timestamp::from_micros(START));
        let connect = async |url: &str| {
            let options = DatabaseOptions::new(Secret::new(url), clock.clone());
            Database::connect(&options).await.unwrap()
        };
        let test_database = engine.prepared(async |url| {
            let database = connect(&url).await;
            database.migrate().await.unwrap();
            database.close().await;
        });
        let database = connect(test_database.url()).await;
        let db = database.open("seats").await.unwrap();
        let options = BusOptions {
            service: Service::HttpEdge,
            key: BusKey::new(&Secret::new("a key of thirty-two characters..")),
            clock: clock.clone(),
            metrics: KernelMetrics::unscraped().unwrap(),
        };
        let bus = Bus::new(Arc::new(LocalBus::new()), options);
        let registry = prometheus::Registry::new();
        let metrics = SeatMetrics::register(&registry).unwrap();
        let mut stage = Stage::new(bus.clone(), Health::default(), StageOptions::default());
        let make = {
            let (db, clock, metrics) = (db.clone(), clock.clone(), metrics.clone());
            move || SeatPool::new(db.clone(), clock.clone(), metrics.clone())
        };
        stage.actor(instances, make).await.unwrap();
        let organisation = OrganisationId::new(clock.ulid());
        let mut tx = db.write(&cx(&bus).stamp(&*clock)).await.unwrap();
        let insert = INSERT_ORGANISATION
            .bind(organisation)
            .bind(policies.to_string());
        insert.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        Self {
            db,
            bus,
            clock,
            organisation,
            stage,
            metrics,
            registry,
            _database: test_database,
        }
    }

    /// Goes on in another organisation, with the same pool.
    pub(crate) async fn move_on(&mut self) {
        self.organisation = OrganisationId::new(self.clock.ulid());
        let stamp = self.public().stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await.unwrap();
        let insert = INSERT_ORGANISATION.bind(self.organisation).bind("{}");
        insert.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) fn owner(&self) -> Cx {
        self.owner_of(self.organisation)
    }

    pub(crate) fn owner_of(&self, organisation: OrganisationId) -> Cx {
        let administrator = Principal::Administrator(AdministratorId::new(self.clock.ulid()));
        cx(&self.bus).on_behalf_of(administrator, Some((organisation, Role::Owner)))
    }

    pub(crate) fn public(&self) -> Cx {
        cx(&self.bus)
    }

    pub(crate) async fn plan(&self, seats: u64) -> PlanId {
        let organisation = self.organisation;
        let name = Name::parse("Campus").unwrap();
        let create = CreatePlan {
            organisation,
            name,
            seats,
            ends_at: None,
        };
        self.bus.call(&create, &self.owner()).await.unwrap().id
    }

    pub(crate) async fn look(&self, plan_id: PlanId) -> Plan {
        let get = GetPlan {
            organisation: self.organisation,
            plan_id,
        };
        self.bus.call(&get, &self.owner()).await.unwrap()
    }

    pub(crate) async fn link(&self, plan: PlanId, max_uses: Option<u64>) -> LinkId {
        self.restricted_link(plan, max_uses, &[]).await
    }

    pub(crate) async fn restricted_link(
        &self,
        plan: PlanId,
        max_uses: Option<u64>,
        domains: &[&str],
    ) -> LinkId {
        let id = LinkId::new(self.clock.ulid());
        let insert = INSERT_LINK
            .bind(id)
            .bind(self.organisation)
            .bind(plan)
            .bind(id.to_string())
            .bind(json!(["law", "year-1"]).to_string())
            .bind(json!(domains).to_string())
            .bind(max_uses);
        let mut tx = self
            .db
            .write(&self.public().stamp(&*self.clock))
            .await
            .unwrap();
        insert.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    pub(crate) async fn disable(&self, link: LinkId) {
        let mut tx = self
            .db
            .write(&self.public().stamp(&*self.clock))
            .await
            .unwrap();
        DISABLE_LINK.bind(link).execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn allow(&self, link: LinkId, max_uses: u64) {
        let mut tx = self
            .db
            .write(&self.public().stamp(&*self.clock))
            .await
            .unwrap();
        let allow = ALLOW_USES.bind(link).bind(max_uses);
        allow.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Puts something in the way of the last statement of whatever tells an event, or takes it away.
    pub(crate) async fn block_commits(&self, blocked: bool) {
        let mut tx = self
            .db
            .write(&self.public().stamp(&*self.clock))
            .await
            .unwrap();
        let block = if blocked {
            &TAKE_NEXT_NUMBER
        } else {
            &FREE_NEXT_NUMBER
        };
        let changed = block.bind(self.organisation).execute(&mut tx).await;
        assert_eq!(changed.unwrap(), 1);
        tx.commit().await.unwrap();
    }

    pub(crate) async fn person(&self, email: &str) -> AccountId {
        let id = AccountId::new(self.clock.ulid());
        let mut tx = self
            .db
            .write(&self.public().stamp(&*self.clock))
            .await
            .unwrap();
        let insert = INSERT_ACCOUNT.bind(id).bind(email).bind(None::<i64>);
        insert.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    pub(crate) async fn people(&self, count: usize) -> Vec<AccountId> {
        let mut people = Vec::new();
        for n in 0..count {
            people.push(self.person(&format!("person{n}@uni.edu")).await);
        }
        people
    }

    pub(crate) async fn prove(&self, account: AccountId) {
        let mut tx = self
            .db
            .write(&self.public().stamp(&*self.clock))
            .await
            .unwrap();
        PROVE
            .bind(account)
            .bind(self.clock.now())
            .execute(&mut tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) fn asks(&self, account_id: AccountId, link_id: LinkId) -> Admit {
        Admit {
            organisation: self.organisation,
            account_id,
            door: Door::Link { link_id },
        }
    }

    pub(crate) async fn admit(
        &self,
        account: AccountId,
        link: LinkId,
    ) -> Result<Admitted, Problem> {
        self.bus
            .call(&self.asks(account, link), &self.public())
            .await
    }

    pub(crate) async fn sweep(&self) {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let mut sweeper = SeatSweeper::new(self.db.clone(), clock, self.metrics.clone());
        while sweeper.work().await.unwrap() == kernel::Pace::Again {}
    }

    /// The membership of somebody, if they have one.
    pub(crate) async fn place(&self, account: AccountId) -> Option<MembershipId> {
        let mut reader = self.db.read().await.unwrap();
        let found = PLACE.bind(account).fetch_optional(&mut reader).await;
        found.unwrap().map(|row| row.get("id").unwrap())
    }

    /// Works every started job off.
    pub(crate) async fn work_off(&self) {
        let mut worker = BulkWorker::new(self.db.clone(), self.clock.clone());
        while worker.work().await.unwrap() == kernel::Pace::Again {}
    }

    pub(crate) async fn revoke(&self, membership_id: MembershipId) -> Result<Place, Problem> {
        let organisation = self.organisation;
        let revoke = RevokeMembership {
            organisation,
            membership_id,
        };
        self.bus.call(&revoke, &self.owner()).await
    }

    /// Until when the sessions of an account are over.
    pub(crate) async fn revoked_at(&self, account: AccountId) -> Option<Timestamp> {
        let mut reader = self.db.read().await.unwrap();
        let row = REVOKED.bind(account).fetch_optional(&mut reader).await;
        row.unwrap().map(|row| row.get("at").unwrap())
    }

    pub(crate) async fn reassign(&self, membership_id: MembershipId) -> Result<Place, Problem> {
        let organisation = self.organisation;
        let reassign = ReassignMembership {
            organisation,
            membership_id,
        };
        self.bus.call(&reassign, &self.owner()).await
    }

    /// Who is to be told of a seat, the first before the others.
    pub(crate) async fn offers(&self) -> Vec<AccountId> {
        let mut reader = self.db.read().await.unwrap();
        let rows = OFFERS.fetch_all(&mut reader).await.unwrap();
        rows.iter()
            .map(|row| row.get("account_id").unwrap())
            .collect()
    }

    /// The letters of all of these are queued.
    pub(crate) async fn tell(&self) {
        let stamp = self.public().stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await.unwrap();
        TELL.query().execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Everybody is given another seat by a transaction that is not committed yet.
    pub(crate) async fn offering_anew(&self) -> store::Tx {
        let stamp = self.public().stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await.unwrap();
        OFFER_ANEW.query().execute(&mut tx).await.unwrap();
        tx
    }

    /// What this comes to; it has to wait for a transaction, which is committed then. PostgreSQL only.
    pub(crate) async fn but_waits<T>(&self, asked: impl Future<Output = T>, tx: store::Tx) -> T {
        self.but_so_many_wait(1, asked, tx).await
    }

    /// As [`but_waits`](Self::but_waits), for what so many do that all have to wait.
    pub(crate) async fn but_so_many_wait<T>(
        &self,
        count: usize,
        asked: impl Future<Output = T>,
        tx: store::Tx,
    ) -> T {
        let waits = async {
            loop {
                let mut reader = self.db.read().await.unwrap();
                if WAITING.fetch_all(&mut reader).await.unwrap().len() >= count {
                    return;
                }
            }
        };
        match select(pin!(asked), pin!(waits)).await {
            Either::Left(_) => panic!("it did not wait"),
            Either::Right(((), asked)) => {
                tx.commit().await.unwrap();
                asked.await
            }
        }
    }

    pub(crate) async fn tags(&self, account: AccountId) -> Vec<String> {
        let mut reader = self.db.read().await.unwrap();
        let rows = TAGS.bind(account).fetch_all(&mut reader).await.unwrap();
        rows.iter().map(|row| row.get("tag").unwrap()).collect()
    }

    pub(crate) async fn uses(&self, link: LinkId) -> i64 {
        let mut reader = self.db.read().await.unwrap();
        USES.bind(link)
            .fetch_one(&mut reader)
            .await
            .unwrap()
            .get("n")
            .unwrap()
    }

    /// How many memberships, audit entries of admissions and seat events there are.
    pub(crate) async fn traces(&self) -> [i64; 3] {
        let mut reader = self.db.read().await.unwrap();
        let mut counts = [0; 3];
        let statements = [&COUNT_MEMBERSHIPS, &COUNT_AUDIT, &COUNT_EVENTS];
        for (count, statement) in counts.iter_mut().zip(statements) {
            *count = statement
                .query()
                .fetch_one(&mut reader)
                .await
                .unwrap()
                .get("n")
                .unwrap();
        }
        counts
    }

    /// Stops, and recounts everything.
    pub(crate) async fn close(self) {
        let differences = verify(&self.db).await.unwrap();
        assert_eq!(differences, [], "usher verify finds differences");
        let mut reader = self.db.read().await.unwrap();
        let row = TAGS_ASTRAY.query().fetch_one(&mut reader).await.unwrap();
        let astray: i64 = row.get("n").unwrap();
        assert_eq!(astray, 0, "tags sorted by what their memberships are not");
        drop(reader);
        self.stage.stop().await;
    }
}

pub(crate) fn cx(bus: &Bus) -> Cx {
    let clock = bus.clock();
    Cx::begin(
        Caller::public(Service::HttpEdge, clock.now()),
        "a-test",
        &**clock,
    )
}
