//! A bus with two instances of the roster on it, and a database with people in it.

use std::sync::Arc;

use contract::{
    Call, Caller, Clock as _, EmailAddress, ManualClock, Page, PageRequest, Principal, Problem,
    Role, Secret, Service, Stamp, Timestamp,
    ids::{
        AccountId, AdministratorId, BatchId, InviteId, LinkId, MembershipId, OrganisationId,
        PlanId, Ulid,
    },
    seats::Status,
    text::PersonName,
    users::{ListUsers, User, UserFilter, UserSort},
};
use kernel::{
    Bus, BusKey, BusOptions, Cx, Health, KernelMetrics, Stage, StageOptions, bus::LocalBus,
};
use roster::Roster;
use store::{Database, DatabaseOptions, Db, Tx};
use testkit::{Engine, TestDatabase};

use crate::sql;

/// 2026-11-24T12:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp::from_micros(1_795_521_600_000_000);

/// An organisation with a plan and a link.
#[derive(Clone, Copy)]
pub(crate) struct Campus {
    pub(crate) id: OrganisationId,
    pub(crate) plan: PlanId,
    pub(crate) link: LinkId,
}

pub(crate) struct Scene {
    bus: Bus,
    db: Db,
    clock: Arc<ManualClock>,
    /// The one whose people the tests are about.
    pub(crate) ours: Campus,
    /// The one that has nothing to do with it.
    pub(crate) theirs: Campus,
    _stage: Stage,
    _database: TestDatabase,
}

impl Scene {
    pub(crate) async fn open(engine: Engine) -> Self {
        let clock = ManualClock::at(NOON);
        let connect = async |url: &str| {
            let options = DatabaseOptions::new(Secret::new(url), clock.clone());
            Database::connect(&options).await.unwrap()
        };
        let file = engine.prepared(async |url| {
            let database = connect(&url).await;
            database.migrate().await.unwrap();
            database.close().await;
        });
        let database = connect(file.url()).await;
        let db = database.open("roster").await.unwrap();
        let options = BusOptions {
            service: Service::HttpEdge,
            key: BusKey::new(&Secret::new("a key of the bus, 32 bytes long!")),
            clock: clock.clone(),
            metrics: KernelMetrics::unscraped().unwrap(),
        };
        let bus = Bus::new(Arc::new(LocalBus::new()), options);
        let mut stage = Stage::new(bus.clone(), Health::default(), StageOptions::default());
        let of_actor = database.open_for_questions("roster").await.unwrap();
        let time = clock.clone();
        stage
            .actor(2, move || Roster::new(of_actor.clone(), time.clone()))
            .await
            .unwrap();
        let ours = campus(&db, &clock).await;
        let theirs = campus(&db, &clock).await;
        Self {
            bus,
            db,
            clock,
            ours,
            theirs,
            _stage: stage,
            _database: file,
        }
    }

    /// Asks as an administrator of an organisation who may no more than this.
    pub(crate) async fn ask_as<M: Call>(
        &self,
        organisation: OrganisationId,
        message: M,
    ) -> Result<M::Reply, Problem> {
        let administrator = Principal::Administrator(AdministratorId::new(Ulid::nil()));
        let role = match M::NEEDS {
            contract::Need::Administrator(role) => role,
            _ => Role::Viewer,
        };
        let scope = (organisation, role);
        let caller = Caller::within(Service::HttpEdge, administrator, scope, self.clock.now());
        self.bus
            .call(&message, &Cx::begin(caller, "request-1", &*self.clock))
            .await
    }

    /// Asks as a viewer of our organisation.
    pub(crate) async fn list(&self, message: ListUsers) -> Page<User> {
        self.ask_as(self.ours.id, message).await.unwrap()
    }

    /// The addresses, up to the `@`, of the people that a question finds.
    pub(crate) async fn found(&self, message: ListUsers) -> Vec<String> {
        let page = self.list(message).await;
        let local = |user: &User| user.email.as_str().split('@').next().unwrap().to_owned();
        page.items.iter().map(local).collect()
    }

    /// The same of the people that a filter finds.
    pub(crate) async fn filtered(&self, filter: UserFilter) -> Vec<String> {
        self.found(ListUsers {
            filter,
            ..self.everybody()
        })
        .await
    }

    /// A question about everybody.
    pub(crate) fn everybody(&self) -> ListUsers {
        ListUsers {
            organisation: self.ours.id,
            filter: UserFilter::default(),
            sort: UserSort::Newest,
            page: PageRequest::default(),
        }
    }

    /// Somebody in our organisation.
    pub(crate) async fn person(&self, name: &str, status: Status, tags: &[&str]) -> MembershipId {
        self.member(self.ours, name, status, tags).await
    }

    /// Somebody called `First Last` in an organisation, `first@x.edu`.
    pub(crate) async fn member(
        &self,
        campus: Campus,
        name: &str,
        status: Status,
        tags: &[&str],
    ) -> MembershipId {
        let id = MembershipId::new(self.clock.ulid());
        let mut tx = self.db.write(&stamp()).await.unwrap();
        let account = self.account(&mut tx, name, id).await;
        let when = |wanted| (status == wanted).then_some(NOON);
        sql::PUT_MEMBERSHIP
            .bind(id)
            .bind(campus.id)
            .bind(account)
            .bind(campus.plan)
            .bind(status.name())
            .bind(campus.link)
            .bind(when(Status::Assigned))
            .bind(when(Status::Waiting))
            .bind(when(Status::Revoked))
            .bind(NOON)
            .execute(&mut tx)
            .await
            .unwrap();
        for tag in tags {
            sql::PUT_TAG
                .bind(id)
                .bind(*tag)
                .execute(&mut tx)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        id
    }

    /// So many people of no further interest, tagged `law`.
    pub(crate) async fn crowd(&self, many: usize) {
        let campus = self.ours;
        let ids: Vec<_> = (0..many).map(|_| self.clock.ulid().to_string()).collect();
        let rows: Vec<_> = ids
            .iter()
            .map(|id| serde_json::json!({ "id": id }))
            .collect();
        let mut tx = self.db.write(&stamp()).await.unwrap();
        let accounts = sql::PUT_CROWD_ACCOUNTS.bind_rows(&rows);
        accounts.execute(&mut tx).await.unwrap();
        let places = sql::PUT_CROWD.bind_rows(&rows);
        let places = places.bind(campus.id).bind(campus.plan).bind(NOON);
        places.execute(&mut tx).await.unwrap();
        let tags = sql::PUT_CROWD_TAGS.bind_rows(&rows);
        tags.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// What People does when somebody uses the product.
    pub(crate) async fn seen(&self, id: MembershipId, at: Timestamp) {
        self.change(sql::SEEN.bind(id).bind(at)).await;
    }

    /// Changes rows of other owners.
    pub(crate) async fn change(&self, query: store::Query) {
        let mut tx = self.db.write(&stamp()).await.unwrap();
        query.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Notes in the audit trail what somebody did.
    pub(crate) async fn note(&self, id: MembershipId, action: &'static str) {
        self.note_of(id, action).await;
    }

    /// The same about an invite.
    pub(crate) async fn note_invite(&self, id: InviteId, action: &'static str) {
        self.note_of(id, action).await;
    }

    async fn note_of(&self, id: impl std::fmt::Display, action: &'static str) {
        let mut tx = self.db.write(&stamp()).await.unwrap();
        let change = serde_json::json!({ "status": "assigned" });
        tx.audit(self.ours.id, action, id, change);
        tx.commit().await.unwrap();
    }

    /// What People does: the search key is first name, last name and address in lower case.
    async fn account(&self, tx: &mut Tx, name: &str, membership: MembershipId) -> AccountId {
        let id = AccountId::new(self.clock.ulid());
        let (first, last) = name.split_once(' ').unwrap();
        let local: String = first.chars().filter(char::is_ascii_alphanumeric).collect();
        let host = membership.to_string().to_lowercase().replace('_', "");
        let email = EmailAddress::parse(&format!("{local}@{host}.edu")).unwrap();
        let first = PersonName::parse(first).unwrap();
        let last = PersonName::parse(last).unwrap();
        sql::PUT_ACCOUNT
            .bind(id)
            .bind(&email)
            .bind(email.key())
            .bind(&first)
            .bind(&last)
            .bind(format!("{first} {last} {email}").to_lowercase())
            .execute(tx)
            .await
            .unwrap();
        id
    }

    /// Another plan and a deleted link of our organisation.
    pub(crate) async fn second_campus(&self) -> Campus {
        let (plan, link) = (
            PlanId::new(self.clock.ulid()),
            LinkId::new(self.clock.ulid()),
        );
        let campus = Campus {
            plan,
            link,
            ..self.ours
        };
        furnish(&self.db, campus, "Second plan", "Deleted link", Some(NOON)).await;
        campus
    }

    /// A batch through the link of a campus, and an invite for each name: `First Last` is sent to
    /// `first@hill.edu`, `first` has no other name.
    pub(crate) async fn invited(&self, campus: Campus, names: &[&str]) -> (BatchId, Vec<InviteId>) {
        let batch = BatchId::new(self.clock.ulid());
        let put = sql::PUT_BATCH.bind(batch).bind(campus.id).bind(campus.link);
        self.change(put).await;
        let (mut ids, mut rows) = (Vec::new(), Vec::new());
        for (position, called) in names.iter().enumerate() {
            let id = InviteId::new(self.clock.ulid());
            let first = called.split(' ').next().unwrap();
            let local: String = first.chars().filter(char::is_ascii_alphanumeric).collect();
            let email = format!("{}@hill.edu", local.to_lowercase());
            let name = called.contains(' ').then_some(called);
            let key = name.map_or_else(|| email.clone(), |name| format!("{name} {email}"));
            rows.push(serde_json::json!({
                "id": id, "position": position, "email": email, "name": name,
                "name_key": key.to_lowercase(), "state": "sent",
            }));
            ids.push(id);
        }
        let put = sql::PUT_INVITES.bind_rows(&rows).bind(batch);
        self.change(put.bind(NOON.plus_days(30))).await;
        (batch, ids)
    }

    pub(crate) async fn count(&self) -> i64 {
        let mut db = self.db.read().await.unwrap();
        sql::COUNT
            .query()
            .fetch_one(&mut db)
            .await
            .unwrap()
            .get("rows")
            .unwrap()
    }
}

fn stamp() -> Stamp {
    Stamp {
        now: NOON,
        actor: "operator".to_owned(),
        request_id: "fixture".to_owned(),
    }
}

async fn campus(db: &Db, clock: &ManualClock) -> Campus {
    let campus = Campus {
        id: OrganisationId::new(clock.ulid()),
        plan: PlanId::new(clock.ulid()),
        link: LinkId::new(clock.ulid()),
    };
    furnish(db, campus, "First plan", "First link", None).await;
    campus
}

async fn furnish(db: &Db, campus: Campus, plan: &str, link: &str, archived_at: Option<Timestamp>) {
    let mut tx = db.write(&stamp()).await.unwrap();
    sql::PUT_PLAN
        .bind(campus.plan)
        .bind(campus.id)
        .bind(plan)
        .execute(&mut tx)
        .await
        .unwrap();
    sql::PUT_LINK
        .bind(campus.link)
        .bind(campus.id)
        .bind(campus.plan)
        .bind(link)
        .bind(archived_at)
        .execute(&mut tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}
