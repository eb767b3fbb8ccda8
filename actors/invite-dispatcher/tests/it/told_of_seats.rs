//! Whoever was given a seat is told so: once, in order, and with the way to prove the address.

use std::{cell::Cell, sync::Arc, time::Duration};

use contract::{
    Clock, EmailAddress, Kind, Problem, Secret, Service, Timestamp,
    ids::{AccountId, MembershipId, PlanId, ProofId},
    mails::offer_key,
    people::{ProofIssued, ProofStarted, StartProof},
    text::{Language, PersonName},
};
use futures_util::future::join_all;
use invite_dispatcher::Announcer;
use kernel::{Behaviour, Cx, Pace, Routes, Serve, Work as _};
use rstest::rstest;
use store::Db;
use testkit::{Engine, eventually};
use tokio::sync::Notify;

use crate::{
    invited::{Invited, begin},
    posted::{self, number},
    scene::{NOON, Scene},
};

store::statements! {
    ACCOUNT = "
        insert into accounts (id, email, email_key, first_name, last_name, name_key, proved_at,
            created_at)
        values ($1, $2, $2, 'Ann', 'Lee', 'ann lee', $3, 0)";

    MEMBERSHIP = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door,
            proof_due_at, waiting_since, created_at)
        values ($1, $2, $3, $4, $5, 'link', $6,
            case when cast($5 as text) = 'waiting' then 1 end, 0)";

    /// A seat is given, as the seat pool notes it.
    OFFER = "
        insert into offers (membership_id, key, at, position)
        values ($1, $2, $3, $4)";

    PROVE = "update accounts set proved_at = 1 where email = $1";

    REVOKE = "
        update memberships
        set status = 'revoked', revoked_at = 1
        where account_id in (select id from accounts where email = $1)";

    LEAVE = "delete from memberships where id = $1";

    /// To whom letters of seats are queued, the first before the others.
    TOLD = "
        select recipient
        from mails
        where key like 'offer:%'
        order by id";
}

/// Issues proofs to whoever was sent none lately, and knows whom it was asked about.
struct Clerk {
    asked: Arc<std::sync::Mutex<Vec<String>>>,
    db: Db,
    clock: Arc<dyn Clock>,
}

const SOON: Duration = Duration::from_secs(20);
/// Whoever was sent a proof just now.
const LATELY: &str = "lately";
/// Of whom nothing can be found out.
const BROKEN: &str = "broken@hill.edu";
/// Whom nobody answers for.
const AWAY: &str = "away@hill.edu";
/// Whose place is taken back while their letter is written.
const REVOKED: &str = "revoked";

impl Behaviour for Clerk {
    const SERVICE: Service = Service::People;

    fn routes(routes: &mut Routes<Self>) {
        routes.one::<StartProof>();
    }
}

impl Serve<StartProof> for Clerk {
    async fn serve(&mut self, message: StartProof, cx: &Cx) -> Result<ProofStarted, Problem> {
        if message.email.as_str().starts_with(REVOKED) {
            let mut tx = self.db.write(&cx.stamp(&*self.clock)).await?;
            REVOKE.bind(&message.email).execute(&mut tx).await?;
            tx.commit().await?;
        }
        let refusal = match message.email.as_str() {
            BROKEN => Some(Kind::Internal),
            AWAY => Some(Kind::Unavailable),
            _ => None,
        };
        if let Some(kind) = refusal {
            return Err(Problem::new(kind));
        }
        let mut asked = self.asked.lock().unwrap();
        let is_first = !asked.contains(&message.email.to_string());
        asked.push(message.email.to_string());
        let id = ProofId::new(contract::ids::Ulid::from_parts(1, asked.len() as u128));
        let is_recent = is_first && message.email.as_str().starts_with(LATELY);
        let proof = (!is_recent).then(|| ProofIssued {
            id,
            email: message.email.clone(),
            first_name: PersonName::parse("Ann").unwrap(),
            token: Secret::new(format!("token-of-{}", message.email)),
            code: Secret::new("123456"),
            expires_at: NOON.plus_days(7),
            language: Language::default(),
        });
        Ok(ProofStarted { id, proof })
    }
}

struct Hall {
    on: Invited,
    asked: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Hall {
    async fn open(engine: Engine) -> Self {
        let mut on = Invited::open(engine).await;
        let asked = Arc::default();
        let clerk = Arc::clone(&asked);
        let (db, clock) = (on.scene.db.clone(), on.scene.clock.clone());
        on.scene
            .stage
            .actor(1, move || Clerk {
                asked: Arc::clone(&clerk),
                db: db.clone(),
                clock: clock.clone(),
            })
            .await
            .unwrap();
        Self { on, asked }
    }

    fn scene(&self) -> &Scene {
        &self.on.scene
    }

    /// Somebody with a place.
    async fn member(&self, email: &str, status: &str, is_proved: bool) -> MembershipId {
        let clock = &self.scene().clock;
        let (member, account) = (
            MembershipId::new(clock.ulid()),
            AccountId::new(clock.ulid()),
        );
        let proved_at = is_proved.then_some(1_i64);
        let due = (!is_proved).then(|| NOON.plus_days(7).micros());
        let mut tx = begin(self.scene()).await;
        for query in [
            ACCOUNT.bind(account).bind(email).bind(proved_at),
            MEMBERSHIP
                .bind(member)
                .bind(self.on.a.id)
                .bind(account)
                .bind(self.plan())
                .bind(status)
                .bind(due),
        ] {
            query.execute(&mut tx).await.unwrap();
        }
        tx.commit().await.unwrap();
        member
    }

    fn plan(&self) -> PlanId {
        self.on.a.plan
    }

    /// They are given a seat.
    async fn give(&self, member: MembershipId, at: Timestamp, position: i64) {
        let offer = OFFER.bind(member).bind(offer_key(member, at));
        self.on.run(offer.bind(at).bind(position)).await;
    }

    fn announcer(&self) -> Announcer {
        let scene = self.scene();
        Announcer::new(
            scene.db.clone(),
            scene.clock.clone(),
            scene.bus_of(Service::InviteDispatcher),
            scene.vault.clone(),
            &scene.options,
            Arc::new(Notify::new()),
        )
    }

    /// One round of somebody who begins anew, as after a crash.
    async fn tell(&self) {
        let mut announcer = self.announcer();
        while announcer.work().await.unwrap() == Pace::Again {}
    }

    async fn told(&self) -> Vec<String> {
        let mut reader = self.scene().db.read().await.unwrap();
        let rows = TOLD.fetch_all(&mut reader).await.unwrap();
        rows.iter()
            .map(|row| row.get("recipient").unwrap())
            .collect()
    }
}

#[rstest]
#[actix_rt::test]
async fn whoever_was_given_a_seat_is_told_once_in_order_whatever_crashes(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let hall = Hall::open(engine).await;
    let mut expected = Vec::new();
    for number in 0..45 {
        let email = format!("ann{number}@hill.edu");
        let member = hall.member(&email, "assigned", number % 2 == 0).await;
        // the later ones of an instant were behind the others
        let (instant, position) = (NOON.plus_seconds(-i64::from(45 - number) / 10), number);
        hall.give(member, instant, i64::from(position)).await;
        expected.push(email);
    }
    // two that take turns at any point, and one that begins when they are gone
    let (mut one, mut other) = (hall.announcer(), hall.announcer());
    for done in join_all([one.work(), other.work()]).await {
        assert_eq!(done.unwrap(), Pace::Again);
    }
    drop((one, other));
    hall.tell().await;
    hall.tell().await;
    assert_eq!(hall.told().await, expected);
}

#[rstest]
#[actix_rt::test]
async fn whoever_has_to_prove_the_address_gets_the_way_and_the_day_and_nobody_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let hall = Hall::open(engine).await;
    let sender = hall.scene();
    let people = [
        ("proved@hill.edu", "assigned", true),
        ("unproved@hill.edu", "assigned", false),
        ("held@hill.edu", "held", false),
    ];
    for (position, (email, status, is_proved)) in (0..).zip(people) {
        let member = hall.member(email, status, is_proved).await;
        hall.give(member, NOON, position).await;
    }
    hall.tell().await;
    sender.deliver().await;
    assert_eq!(
        *hall.asked.lock().unwrap(),
        ["unproved@hill.edu", "held@hill.edu"]
    );
    let letters: Vec<_> = ["proved", "unproved", "held"]
        .map(|name| {
            let files = std::fs::read_dir(sender.directory()).unwrap();
            let files = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
            let to = format!("\"to\":\"{name}@hill.edu\"");
            let kept: Vec<_> = files.filter(|text| text.contains(&to)).collect();
            assert_eq!(kept.len(), 1, "{name}");
            kept[0].clone()
        })
        .into();
    for (letter, email) in letters.iter().zip(["proved", "unproved", "held"]) {
        let link = format!("/proofs/token-of-{email}@hill.edu");
        let is_proved = email == "proved";
        assert_eq!(letter.contains(&link), !is_proved, "{letter}");
        assert_eq!(letter.contains("1 December 2026"), !is_proved, "{letter}");
        assert_eq!(letter.contains("https://read.example/"), email != "held");
    }
}

#[rstest]
#[actix_rt::test]
async fn a_proof_of_just_now_delays_the_letter_of_nobody_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let hall = Hall::open(engine).await;
    for (position, email) in (0..).zip(["lately@hill.edu", "ann@hill.edu"]) {
        let member = hall.member(email, "assigned", false).await;
        hall.give(member, NOON, position).await;
    }
    let mut announcer = hall.announcer();
    assert!(matches!(announcer.work().await.unwrap(), Pace::Rest(_)));
    assert_eq!(hall.told().await, ["ann@hill.edu"]);
    // it is known again in the next round
    announcer.work().await.unwrap();
    assert_eq!(hall.told().await, ["ann@hill.edu", "lately@hill.edu"]);
}

#[rstest]
#[actix_rt::test]
async fn whoever_has_no_seat_any_more_is_not_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let hall = Hall::open(engine).await;
    let waits = hall.member("waits@hill.edu", "waiting", true).await;
    let gone = hall.member("gone@hill.edu", "assigned", true).await;
    let late = hall.member("late@hill.edu", "assigned", true).await;
    let proves = hall.member("proves@hill.edu", "held", false).await;
    hall.give(waits, NOON, 0).await;
    hall.give(gone, NOON, 1).await;
    hall.give(late, NOON.plus_days(-8), 2).await;
    hall.give(proves, NOON, 3).await;
    hall.on.run(LEAVE.bind(gone)).await;
    let email = EmailAddress::parse("proves@hill.edu").unwrap();
    hall.on.run(PROVE.bind(&email)).await;
    hall.tell().await;
    assert_eq!(hall.told().await, [""; 0]);
}

#[rstest]
#[actix_rt::test]
async fn whose_seat_is_taken_back_while_the_letter_is_written_is_not_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let hall = Hall::open(engine).await;
    for (position, email) in (0..).zip(["revoked@hill.edu", "ann@hill.edu"]) {
        let member = hall.member(email, "assigned", false).await;
        hall.give(member, NOON, position).await;
    }
    hall.tell().await;
    let asked = hall.asked.lock().unwrap().clone();
    assert_eq!(asked, ["revoked@hill.edu", "ann@hill.edu"]);
    assert_eq!(hall.told().await, ["ann@hill.edu"]);
}

#[actix_rt::test]
async fn whose_seat_is_being_taken_back_is_not_told() {
    let hall = Hall::open(Engine::Postgres).await;
    let member = hall.member("ann@hill.edu", "assigned", true).await;
    hall.give(member, NOON, 0).await;
    let mut revokes = begin(hall.scene()).await;
    let email = EmailAddress::parse("ann@hill.edu").unwrap();
    REVOKE.bind(&email).execute(&mut revokes).await.unwrap();
    let is_done = Cell::new(false);
    let tell = async {
        hall.tell().await;
        is_done.set(true);
    };
    let commit = async {
        eventually(SOON, "it is told, or waits", async || {
            is_done.get() || number(hall.scene(), posted::WAITING.query(), "n").await > 0
        })
        .await;
        revokes.commit().await.unwrap();
    };
    tokio::join!(tell, commit);
    assert_eq!(hall.told().await, [""; 0]);
}

#[rstest]
#[actix_rt::test]
async fn a_row_that_cannot_be_read_keeps_nobody_else_from_being_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let hall = Hall::open(engine).await;
    let mut expected = Vec::new();
    for number in 0..45 {
        let email = match number % 3 {
            0 => format!("no address {number}"),
            _ => format!("ann{number}@hill.edu"),
        };
        let member = hall.member(&email, "assigned", true).await;
        hall.give(member, NOON, number).await;
        if number % 3 > 0 {
            expected.push(email);
        }
    }
    hall.tell().await;
    assert_eq!(hall.told().await, expected);
}

#[rstest]
#[actix_rt::test]
async fn whoever_cannot_be_told_of_a_seat_keeps_nobody_else_from_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let hall = Hall::open(engine).await;
    let people = [BROKEN, "ann@hill.edu", AWAY, "bob@hill.edu"];
    for (position, email) in (0..).zip(people) {
        let member = hall.member(email, "assigned", false).await;
        hall.give(member, NOON, position).await;
    }
    let mut announcer = hall.announcer();
    let away = announcer.work().await.unwrap_err();
    assert_eq!(away.kind, Kind::Unavailable, "the worker rests first");
    assert_eq!(hall.told().await, ["ann@hill.edu"]);
    announcer.work().await.unwrap();
    announcer.work().await.unwrap();
    assert_eq!(hall.told().await, ["ann@hill.edu", "bob@hill.edu"]);
}
