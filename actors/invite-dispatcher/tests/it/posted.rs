//! Batches that were sent, and couriers that carry them.

use contract::{
    Clock as _, EmailAddress, Secret, Stamp, Timestamp,
    ids::{BatchId, InviteId, LinkId, OrganisationId, PlanId},
};
use invite_dispatcher::{MailOptions, Rates};
use kernel::{Pace, Work as _};
use store::Query;
use testkit::{Engine, SmtpSink};

use crate::scene::{NOON, Scene};

store::statements! {
    pub(crate) ORGANISATION = "
        insert into organisations (id, name, product_url, policies, created_at)
        values ($1, 'Law School', 'https://read.example/', '{}', 0)";

    pub(crate) PLAN = "
        insert into plans (id, organisation_id, name, purchased, created_at)
        values ($1, $2, 'Law', 10, 0)";

    pub(crate) LINK = "
        insert into links (id, organisation_id, plan_id, name, token_hash, token_sealed, tags,
            allowed_domains, created_by, created_at)
        values ($1, $2, $3, 'Law 2026', $1, 'sealed', '[]', '[]', 'operator', 0)";

    pub(crate) BATCH = "
        insert into batches (id, organisation_id, link_id, source, language, inviter, most,
            created_by, created_at, sealed_at, sent_at)
        values ($1, $2, $3, 'paste', 'en', 'Bob Roe', 500, 'operator', 0, 0, 0)";

    pub(crate) INVITE = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email,
            email_key, domain, state, due_at, queued_at, expires_at, created_at)
        values ($1, $2, $3, $4, 0, 1, $5, $6, $7, 'queued', now_micros(), now_micros(), $8, 0)";

    pub(crate) USE = "
        insert into invite_uses (invite_id, organisation_id, membership_id, account_id, email_key, at)
        values ($1, $2, 'mem_1', 'acc_1', 'x', 0)";

    pub(crate) SUPPRESS = "
        insert into suppressions (email_key, organisation_id, email, reason, created_by, created_at)
        values ($1, $2, $1, 'manual', 'operator', 0)";

    pub(crate) CANCEL = "update invites set cancelled_at = 1 where id = $1";

    pub(crate) DECLINE = "update invites set declined_at = 1 where id = $1";

    /// Was sent before; a reminder of it is due.
    pub(crate) REMIND = "
        update invites set occasion = 'reminder', mailing = 2, sent_at = 1 where id = $1";

    /// As a courier takes it.
    pub(crate) TAKE = "
        update invites
        set state = 'sending', attempts = 1, leased_by = 'a courier',
            leased_until = now_micros() + 60000000
        where id = $1";

    /// Who waits for a lock of somebody else, on PostgreSQL.
    pub(crate) WAITING = "
        select count(*) as n
        from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";

    pub(crate) CANCEL_BATCH = "update batches set cancelled_at = 1 where id = $1";

    pub(crate) PAUSE = "update batches set paused_at = 1, pause_reason = 'administrator' where id = $1";

    pub(crate) RESUME = "update batches set paused_at = null, pause_reason = null where id = $1";

    pub(crate) BOUNCE = "update invites set state = 'bounced', reason = 'user-unknown' where id = $1";

    pub(crate) MAKE_DUE = "update invites set due_at = 0 where due_at is not null and leased_until is null";

    pub(crate) END_LEASES = "update invites set leased_until = 1 where leased_until is not null";

    /// As a courier notes that it has one.
    pub(crate) NOTE = "insert into leased_invites (invite_id) values ($1)";

    /// Which invites couriers are known to have.
    pub(crate) NOTED = "select count(*) as n from leased_invites";

    /// Indexes that are written when a courier takes an invite.
    pub(crate) TOUCHED_ON_POSTGRES = "
        select count(*) as n
        from pg_indexes
        where tablename = 'invites' and (indexdef like '%state%' or indexdef like '%leased%')";

    pub(crate) TOUCHED_ON_SQLITE = "
        select count(*) as n
        from sqlite_master
        where type = 'index' and tbl_name = 'invites'
            and (sql like '%state%' or sql like '%leased%')";

    pub(crate) FORGET_COURIERS = "delete from couriers";

    pub(crate) HIDE_INVITES = "alter table invites rename to hidden";

    pub(crate) SHOW_INVITES = "alter table hidden rename to invites";

    pub(crate) WAITED = "update invites set deferred_since = deferred_since - $1 where deferred_since is not null";

    pub(crate) LOOK = "
        select state, coalesce(reason, '') as reason, coalesce(last_reply, '') as reply, attempts,
            lost_replies, crashes, due_at - now_micros() as due_in,
            case when leased_by is null then 0 else 1 end as leased,
            case when sent_at is null then 0 else 1 end as sent
        from invites
        where id = $1";

    pub(crate) STATES = "select state, count(*) as n from invites group by state order by state";

    pub(crate) SUPPRESSED = "select count(*) as n from suppressions where email_key = $1 and reason = 'bounce'";

    pub(crate) EVENTS = "select count(*) as n from events where name = $1";

    pub(crate) AUDIT = "select count(*) as n from audit where action = $1";

    pub(crate) FINISHED = "select count(*) as n from batches where finished_at is not null";

    pub(crate) COURIERS = "
        select count(*) as n, cast(coalesce(sum(connections), 0) as bigint) as connections,
            cast(coalesce(sum(per_minute), 0) as bigint) as per_minute,
            coalesce(max(hindrance), '') as hindrance
        from couriers
        where id <> ''";

    pub(crate) LEAST = "
        select count(*) as n, cast(coalesce(min(connections), 0) as bigint) as connections
        from couriers
        where id <> ''";

    pub(crate) STOPPED = "
        select count(*) as n from couriers where id <> '' and hindrance like '%\"why\":\"%'";

    pub(crate) SENT_ON = "select sent as n from relay_days where day = $1";
}

/// An institution and its batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct House {
    pub(crate) id: OrganisationId,
    pub(crate) batch: BatchId,
    link: LinkId,
}

/// Where the mail of an invite stands; `due_in` in microseconds.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) reply: String,
    pub(crate) attempts: i64,
    pub(crate) lost_replies: i64,
    pub(crate) crashes: i64,
    pub(crate) due_in: Option<i64>,
    pub(crate) is_leased: bool,
    pub(crate) is_sent: bool,
}

impl Look {
    /// Whether it is tried again after about so many minutes.
    pub(crate) fn waits(&self, minutes: i64) -> bool {
        let (least, most) = (minutes * 48_000_000 - 4_000_000, minutes * 72_000_000);
        self.due_in
            .is_some_and(|due_in| (least..=most).contains(&due_in))
    }

    /// Whether it is where it was before anything was tried.
    pub(crate) fn is_untouched(&self) -> bool {
        self.state == "queued" && self.attempts == 0 && self.due_in.is_some() && !self.is_leased
    }
}

/// Runs a statement of a fixture.
pub(crate) async fn run(scene: &Scene, query: Query) {
    let stamp = Stamp {
        now: scene.clock.now(),
        actor: "operator".to_owned(),
        request_id: "fixture".to_owned(),
    };
    let mut tx = scene.db.write(&stamp).await.unwrap();
    query.execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

/// A number that a statement counts.
pub(crate) async fn number(scene: &Scene, query: Query, column: &str) -> i64 {
    let mut reader = scene.db.read().await.unwrap();
    query
        .fetch_one(&mut reader)
        .await
        .unwrap()
        .get(column)
        .unwrap()
}

impl Scene {
    /// An organisation that has sent a batch.
    pub(crate) async fn house(&self) -> House {
        let clock = &self.clock;
        let house = House {
            id: OrganisationId::new(clock.ulid()),
            batch: BatchId::new(clock.ulid()),
            link: LinkId::new(clock.ulid()),
        };
        let plan = PlanId::new(clock.ulid());
        run(self, ORGANISATION.bind(house.id)).await;
        run(self, PLAN.bind(plan).bind(house.id)).await;
        run(self, LINK.bind(house.link).bind(house.id).bind(plan)).await;
        run(
            self,
            BATCH.bind(house.batch).bind(house.id).bind(house.link),
        )
        .await;
        house
    }

    /// An invite that waits for its turn.
    pub(crate) async fn invite(&self, house: House, email: &str) -> InviteId {
        self.invite_until(house, email, NOON.plus_days(30)).await
    }

    pub(crate) async fn invite_until(
        &self,
        house: House,
        email: &str,
        expires_at: Timestamp,
    ) -> InviteId {
        let id = InviteId::new(self.clock.ulid());
        let email = EmailAddress::parse(email).unwrap();
        let query = INVITE
            .bind(id)
            .bind(house.id)
            .bind(house.batch)
            .bind(house.link)
            .bind(&email)
            .bind(email.key())
            .bind(&email.domain())
            .bind(expires_at);
        run(self, query).await;
        id
    }

    pub(crate) async fn see(&self, id: InviteId) -> Look {
        let mut reader = self.db.read().await.unwrap();
        let row = LOOK.bind(id).fetch_one(&mut reader).await.unwrap();
        let is = |column| row.get::<i64>(column).unwrap() > 0;
        Look {
            state: row.get("state").unwrap(),
            reason: row.get("reason").unwrap(),
            reply: row.get("reply").unwrap(),
            attempts: row.get("attempts").unwrap(),
            lost_replies: row.get("lost_replies").unwrap(),
            crashes: row.get("crashes").unwrap(),
            due_in: row.get("due_in").unwrap(),
            is_leased: is("leased"),
            is_sent: is("sent"),
        }
    }

    /// How many invites are in each state.
    pub(crate) async fn states(&self) -> Vec<(String, i64)> {
        let mut reader = self.db.read().await.unwrap();
        let rows = STATES.query().fetch_all(&mut reader).await.unwrap();
        let state = |row: &store::Row| (row.get("state").unwrap(), row.get("n").unwrap());
        rows.iter().map(state).collect()
    }

    /// Works until nothing is due, after every pause.
    pub(crate) async fn carry_later(&self) {
        run(self, MAKE_DUE.query()).await;
        self.deliver().await;
    }

    /// Works within these limits until nothing is due.
    pub(crate) async fn deliver_within(&self, sink: &SmtpSink, rates: Rates) {
        let options = MailOptions::parse(&Secret::new(sink.url()), "Usher <usher@mail.example>");
        let mut courier = self.courier_within(options.unwrap().with_rates(rates));
        while courier.work().await.unwrap() == Pace::Again {}
    }
}

/// A scene with a mail server and a house.
pub(crate) async fn open(engine: Engine) -> (SmtpSink, Scene, House) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    let house = scene.house().await;
    (sink, scene, house)
}
