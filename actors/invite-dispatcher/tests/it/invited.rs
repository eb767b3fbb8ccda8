//! Two organisations that have sent invites, each the other's stranger.

use std::sync::Arc;

use contract::{
    Caller, Clock as _, EmailAddress, Kind, Problem, Secret, Service, Stamp, Timestamp,
    caller::{Principal, Role},
    ids::{
        AccountId, AdministratorId, BatchId, InviteId, LinkId, MembershipId, OrganisationId, PlanId,
    },
    invites::{GetInvite, Invite, InviteFace, ResolveInvite, Ticket},
};
use data_encoding::{BASE64URL_NOPAD, Encoding, Specification};
use invite_dispatcher::Reminder;
use kernel::{Pace, Work as _};
use store::{Query, Tx, vault::Vault};
use testkit::Engine;

use crate::scene::{NOON, Scene};

store::statements! {
    /// Makes an organisation.
    ORGANISATION = "
        insert into organisations (id, name, product_url, policies, created_at)
        values ($1, $2, 'https://read.example/', '{}', 0)";

    POLICIES = "update organisations set policies = $2 where id = $1";

    PLAN = "
        insert into plans (id, organisation_id, name, purchased, created_at)
        values ($1, $2, 'Law', 10, 0)";

    LINK = "
        insert into links (id, organisation_id, plan_id, name, token_hash, token_sealed, tags,
            allowed_domains, created_by, created_at)
        values ($1, $2, $3, 'Law 2026', $1, 'sealed', '[\"law\"]', '[\"uni.edu\",\"x.edu\"]',
            'operator', 0)";

    BATCH = "
        insert into batches (id, organisation_id, link_id, source, language, inviter, most,
            created_by, created_at, sealed_at, sent_at, finished_at)
        values ($1, $2, $3, 'paste', 'de', 'Bob Roe', 500, 'operator', 0, 0, $4, $4)";

    /// Was sent two hours ago.
    INVITE = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email,
            email_key, domain, name, state, due_at, queued_at, sent_at, expires_at, created_at)
        values ($1, $2, $3, $4, 0, 1, $5, $6, 'uni.edu', 'Ann Lee', $7,
            case when cast($7 as text) in ('queued', 'deferred') then now_micros() end,
            now_micros() - 7200000000, now_micros() - 7200000000, $8, 0)";

    USE = "
        insert into invite_uses (invite_id, organisation_id, membership_id, account_id, email_key, at)
        values ($1, $2, $3, $4, 'x', $5)";

    MEMBERSHIP = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, created_at,
            email_key)
        values ($1, $2, $3, $4, 'assigned', 'link', 0, $5)";

    /// An hour and a minute go by.
    REST = "
        update invites
        set queued_at = queued_at - 3660000000, sent_at = sent_at - 3660000000
        where id = $1";

    MAILED = "update invites set queued_at = $2, sent_at = $2 where id = $1";

    pub(crate) UNSENT = "update invites set sent_at = null where id = $1";

    STATE = "update invites set state = $2, due_at = null where id = $1";

    LEASE = "
        update invites
        set state = 'sending', leased_until = now_micros() + 60000000, leased_by = 'courier-1'
        where id = $1";

    ROW = "
        select i.state, coalesce(i.reason, '') as reason, i.occasion, i.mailing, i.generation,
            i.code_failures, case when i.due_at is null then 0 else 1 end as due,
            case when i.leased_until is null then 0 else 1 end as leases,
            case when b.finished_at is null then 0 else 1 end as finished,
            case when i.closed_at is null then 0 else 1 end as closed
        from invites i
        join batches b on b.id = i.batch_id
        where i.id = $1";

    REOPEN = "update batches set finished_at = null where id = $1";

    /// Wishes to hear of nobody.
    WISHES = "select count(*) as n from suppressions where organisation_id = '' and email_key = $1";

    AUDIT = "select count(*) as n from audit where organisation_id = $1 and action = $2";

    EVENTS = "select count(*) as n from events where organisation_id = $1 and name = $2";
}

/// An institution, and what its invites are of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct House {
    pub(crate) id: OrganisationId,
    pub(crate) plan: PlanId,
    pub(crate) link: LinkId,
    pub(crate) batch: BatchId,
}

pub(crate) struct Invited {
    pub(crate) scene: Scene,
    pub(crate) a: House,
    pub(crate) b: House,
    vault: Vault,
}

/// Where the mail of an invite stands.
#[derive(Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a column that is set or not"
)]
pub(crate) struct Stand {
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) occasion: String,
    pub(crate) mailing: i64,
    pub(crate) generation: i64,
    pub(crate) code_failures: i64,
    pub(crate) is_due: bool,
    pub(crate) is_leased: bool,
    pub(crate) is_batch_finished: bool,
    pub(crate) is_closed: bool,
}

impl Invited {
    pub(crate) async fn open(engine: Engine) -> Self {
        let scene = Scene::keeping(engine).await;
        let vault = Vault::new(&Secret::new("sealing key")).unwrap();
        let a = house(&scene, "Law School").await;
        let b = house(&scene, "Bar Council").await;
        Self { scene, a, b, vault }
    }

    pub(crate) async fn run(&self, query: Query) {
        let mut tx = self.begin().await;
        query.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn begin(&self) -> Tx {
        begin(&self.scene).await
    }

    /// A batch that nobody has sent yet.
    pub(crate) async fn draft(&self, house: House) -> House {
        let batch = BatchId::new(self.scene.clock.ulid());
        let query = BATCH.bind(batch).bind(house.id).bind(house.link);
        self.run(query.bind(None::<i64>)).await;
        House { batch, ..house }
    }

    /// An invite that works for thirty days.
    pub(crate) async fn invite(&self, house: House, email: &str, state: &str) -> InviteId {
        self.invite_until(house, email, state, NOON.plus_days(30))
            .await
    }

    pub(crate) async fn invite_until(
        &self,
        house: House,
        email: &str,
        state: &str,
        expires_at: Timestamp,
    ) -> InviteId {
        let (id, email) = (InviteId::new(self.scene.clock.ulid()), address(email));
        let query = INVITE
            .bind(id)
            .bind(house.id)
            .bind(house.batch)
            .bind(house.link)
            .bind(&email)
            .bind(email.key())
            .bind(state)
            .bind(expires_at);
        self.run(query).await;
        id
    }

    /// An invite of which no mail has left yet.
    pub(crate) async fn unsent(&self, house: House, email: &str, state: &str) -> InviteId {
        let invite = self.invite(house, email, state).await;
        self.run(UNSENT.bind(invite)).await;
        invite
    }

    /// Accepts an invite, as an admission does; not committed.
    pub(crate) async fn accepting(&self, house: House, invite: InviteId) -> Tx {
        let mut tx = self.begin().await;
        tx.lock_histories(&[house.id]).await.unwrap();
        let (member, account) = self.somebody();
        let query = USE.bind(invite).bind(house.id).bind(member).bind(account);
        let query = query.bind(self.scene.clock.now());
        query.execute(&mut tx).await.unwrap();
        tx
    }

    pub(crate) async fn accept(&self, house: House, invite: InviteId) {
        self.accepting(house, invite).await.commit().await.unwrap();
    }

    fn somebody(&self) -> (MembershipId, AccountId) {
        let clock = &self.scene.clock;
        (
            MembershipId::new(clock.ulid()),
            AccountId::new(clock.ulid()),
        )
    }

    /// Somebody has a place already.
    pub(crate) async fn seat(&self, house: House, email: &str) {
        let (member, account) = self.somebody();
        let query = MEMBERSHIP.bind(member).bind(house.id).bind(account);
        self.run(query.bind(house.plan).bind(email)).await;
    }

    pub(crate) async fn set_policies(&self, house: House, json: &str) {
        self.run(POLICIES.bind(house.id).bind(json)).await;
    }

    /// An hour and a minute go by since the last mail of an invite.
    pub(crate) async fn rest(&self, invite: InviteId) {
        self.run(REST.bind(invite)).await;
    }

    /// Its mail was asked for and taken then.
    pub(crate) async fn mailed(&self, invite: InviteId, at: Timestamp) {
        self.run(MAILED.bind(invite).bind(at)).await;
    }

    pub(crate) async fn set_state(&self, invite: InviteId, state: &str) {
        self.run(STATE.bind(invite).bind(state)).await;
    }

    /// A courier has it at this moment.
    pub(crate) async fn lease(&self, invite: InviteId) {
        self.run(LEASE.bind(invite)).await;
    }

    pub(crate) async fn stand(&self, invite: InviteId) -> Stand {
        let mut reader = self.scene.db.read().await.unwrap();
        let row = ROW.bind(invite).fetch_one(&mut reader).await.unwrap();
        let is = |column| row.get::<i64>(column).unwrap() > 0;
        Stand {
            state: row.get("state").unwrap(),
            reason: row.get("reason").unwrap(),
            occasion: row.get("occasion").unwrap(),
            mailing: row.get("mailing").unwrap(),
            generation: row.get("generation").unwrap(),
            code_failures: row.get("code_failures").unwrap(),
            is_due: is("due"),
            is_leased: is("leases"),
            is_batch_finished: is("finished"),
            is_closed: is("closed"),
        }
    }

    pub(crate) async fn state(&self, invite: InviteId) -> String {
        self.stand(invite).await.state
    }

    /// How many entries of the audit trail, or events, are called so.
    pub(crate) async fn told(&self, house: House, action: &'static str) -> (i64, i64) {
        let mut reader = self.scene.db.read().await.unwrap();
        let mut count = async |query: Query| {
            let row = query.fetch_one(&mut reader).await.unwrap();
            row.get::<i64>("n").unwrap()
        };
        let audit = count(AUDIT.bind(house.id).bind(action)).await;
        let event = action.replace('.', "-").replace("cancel", "cancelled");
        let event = event.replace("decline", "declined");
        (audit, count(EVENTS.bind(house.id).bind(event)).await)
    }

    /// Something of the batch is under way.
    pub(crate) async fn reopen(&self, house: House) {
        self.run(REOPEN.bind(house.batch)).await;
    }

    /// How many suppressions an address has everywhere.
    pub(crate) async fn wishes(&self, key: &str) -> i64 {
        let mut reader = self.scene.db.read().await.unwrap();
        let row = WISHES.bind(key).fetch_one(&mut reader).await.unwrap();
        row.get("n").unwrap()
    }

    /// How many events are called so.
    pub(crate) async fn events(&self, house: House, name: &'static str) -> i64 {
        self.told(house, name).await.1
    }

    pub(crate) fn caller(&self, house: House, role: Role) -> Caller {
        let clock = &self.scene.clock;
        let principal = Principal::Administrator(AdministratorId::new(clock.ulid()));
        Caller::within(Service::HttpEdge, principal, (house.id, role), clock.now())
    }

    pub(crate) async fn get(&self, house: House, invite_id: InviteId) -> Result<Invite, Problem> {
        let organisation = house.id;
        let get = GetInvite {
            organisation,
            invite_id,
        };
        self.scene.ask(get).await
    }

    /// What whoever holds the invite of the mail sees.
    pub(crate) async fn open_url(
        &self,
        invite: InviteId,
        generation: i64,
    ) -> Result<InviteFace, Problem> {
        let token = self.token("invite", invite, generation);
        self.resolve(Ticket::Token(token)).await
    }

    pub(crate) async fn resolve(&self, ticket: Ticket) -> Result<InviteFace, Problem> {
        let caller = Caller::public(Service::HttpEdge, self.scene.clock.now());
        self.scene.ask_as(caller, ResolveInvite { ticket }).await
    }

    pub(crate) async fn type_code(&self, email: &str, code: &str) -> Result<InviteFace, Problem> {
        let (email, code) = (address(email), Secret::new(code));
        self.resolve(Ticket::Code { email, code }).await
    }

    /// What stands in the mail, made as docs/adr/0023 says.
    pub(crate) fn token(&self, purpose: &str, invite: InviteId, generation: i64) -> Secret {
        Secret::new(BASE64URL_NOPAD.encode(&self.made(purpose, invite, generation)))
    }

    pub(crate) fn return_path(&self, invite: InviteId, generation: i64) -> String {
        return_path(&self.vault, invite, generation)
    }

    pub(crate) fn code(&self, invite: InviteId, generation: i64) -> String {
        let letters: Vec<_> = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ".chars().collect();
        let made = self.made("code", invite, generation);
        made[16..24]
            .iter()
            .map(|byte| letters[usize::from(byte & 31)])
            .collect()
    }

    fn made(&self, purpose: &str, invite: InviteId, generation: i64) -> Vec<u8> {
        made(&self.vault, purpose, invite, generation)
    }

    pub(crate) fn reminder(&self) -> Reminder {
        let (db, clock) = (self.scene.db.clone(), self.scene.clock.clone());
        Reminder::new(db, clock, Arc::clone(&self.scene.woken))
    }

    /// Does what is due.
    pub(crate) async fn sweep(&self) {
        let mut reminder = self.reminder();
        while reminder.work().await.unwrap() == Pace::Again {}
    }
}

pub(crate) async fn begin(scene: &Scene) -> Tx {
    let stamp = Stamp {
        now: scene.clock.now(),
        actor: "operator".to_owned(),
        request_id: "fixture".to_owned(),
    };
    scene.db.write(&stamp).await.unwrap()
}

async fn house(scene: &Scene, name: &str) -> House {
    let clock = &scene.clock;
    let house = House {
        id: OrganisationId::new(clock.ulid()),
        plan: PlanId::new(clock.ulid()),
        link: LinkId::new(clock.ulid()),
        batch: BatchId::new(clock.ulid()),
    };
    let House {
        id,
        plan,
        link,
        batch,
    } = house;
    let mut tx = begin(scene).await;
    for query in [
        ORGANISATION.bind(id).bind(name),
        PLAN.bind(plan).bind(id),
        LINK.bind(link).bind(id).bind(plan),
        BATCH.bind(batch).bind(id).bind(link).bind(NOON),
    ] {
        query.execute(&mut tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    house
}

pub(crate) fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

/// The kind of a refusal.
pub(crate) fn refused<T>(answer: Result<T, Problem>) -> Option<Kind> {
    answer.err().map(|problem| problem.kind)
}

fn made(vault: &Vault, purpose: &str, invite: InviteId, generation: i64) -> Vec<u8> {
    let id = invite.ulid().to_bytes();
    let about = [id.as_slice(), &generation.to_be_bytes()].concat();
    [id.as_slice(), &vault.make(purpose, &about)].concat()
}

/// What of a return path says which mail it is of.
pub(crate) fn return_path(vault: &Vault, invite: InviteId, generation: i64) -> String {
    lower().encode(&made(vault, "return path", invite, generation))
}

fn lower() -> Encoding {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().unwrap()
}
