//! The mailbox that an account had is told that it has another one: once, whatever crashes.

use std::{cell::Cell, sync::Arc, time::Duration};

use contract::{
    Clock, Service, Timestamp,
    ids::{AccountId, MailId, MembershipId, ProofId},
    mails::{Letter, address_changed_key, proof_key},
};
use futures_util::future::join_all;
use invite_dispatcher::Announcer;
use kernel::Work as _;
use rstest::rstest;
use testkit::{Engine, eventually};
use tokio::sync::Notify;

use crate::{
    erased::LETTERS,
    invited::Invited,
    posted::{self, number},
    scene::{self, NOON, Scene},
};

const SOON: Duration = Duration::from_mins(1);

store::statements! {
    ACCOUNT = "
        insert into accounts (id, email, email_key, first_name, last_name, name_key, created_at)
        values ($1, $2, $2, 'Ann', 'Lee', 'ann lee', 0)";

    /// A change of address, as people note it.
    NOTE = "
        insert into address_notices (key, account_id, email, at)
        values ($1, $2, $3, $4)";

    /// The proof of a change, as people keep it.
    PROOF = "
        insert into proofs (id, account_id, token_hash, code_hash, code_expires_at, expires_at, created_at,
            purpose)
        values ($1, $2, $1, '', 0, 0, 0, 'change')";

    /// As the letter of a change is queued.
    QUEUE = "
        insert into mails (id, key, recipient, letter, queued_at, due_at)
        values ($1, $2, 'ann@hill.edu', 'sealed', now_micros(), now_micros())";

    FORGET = "delete from accounts where id = $1";

    /// As people do with notices whose letter is queued.
    SWEEP = "delete from address_notices where key in (select key from mails)";

    /// As whoever deletes an account that was erased, or tells of a change of its address.
    HOLD = "select id from accounts where id = $1 for_update";

    /// No letter to this mailbox can be written.
    BREAK_SQLITE = "
        create trigger broken before insert on mails when new.recipient = 'broken@hill.edu'
        begin select raise(abort, 'broken'); end";

    BREAK_POSTGRES = "
        alter table mails add constraint broken check (recipient <> 'broken@hill.edu')";

    MEND_SQLITE = "drop trigger broken";

    MEND_POSTGRES = "alter table mails drop constraint broken";

    /// The place of an account in an organisation.
    PLACE = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, created_at)
        values ($1, $2, $3, $4, 'assigned', 'link', 0)";

    /// Which letters of changes are queued, the first before the others.
    TOLD = "
        select id, recipient, letter
        from mails
        where key like 'address-changed:%'
        order by id";
}

fn announcer(scene: &Scene) -> Announcer {
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
async fn tell(scene: &Scene) {
    announcer(scene).work().await.unwrap();
}

/// Whom letters of changes are queued to, and in which language, the first before the others.
async fn told(scene: &Scene) -> Vec<(String, String)> {
    let mut reader = scene.db.read().await.unwrap();
    let rows = TOLD.fetch_all(&mut reader).await.unwrap();
    let read = rows.iter().map(|row| {
        let (id, sealed): (String, String) = (row.get("id").unwrap(), row.get("letter").unwrap());
        let letter = scene.vault.open(&id, &sealed).unwrap();
        match serde_json::from_str(letter.expose()).unwrap() {
            Letter::AddressChanged {
                first_name,
                language,
            } => {
                assert_eq!(first_name.as_str(), "Ann");
                (row.get("recipient").unwrap(), language.as_str().to_owned())
            }
            other => panic!("{other:?}"),
        }
    });
    read.collect()
}

/// Somebody's account has another address since an instant.
async fn changed(on: &Invited, from: &str, at: Timestamp) -> (AccountId, ProofId) {
    let clock = &on.scene.clock;
    let account = AccountId::new(clock.ulid());
    on.run(ACCOUNT.bind(account).bind(format!("now.{from}")))
        .await;
    let proof = ProofId::new(clock.ulid());
    on.run(PROOF.bind(proof).bind(account)).await;
    let key = address_changed_key(proof);
    on.run(NOTE.bind(key).bind(account).bind(from).bind(at))
        .await;
    (account, proof)
}

#[rstest]
#[actix_rt::test]
async fn a_mailbox_is_told_once_of_each_change_whatever_crashes(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let mut expected = Vec::new();
    for number in 0..120 {
        // several at one instant, and one that nobody can be told of among them
        let from = match number {
            7 => "no address".to_owned(),
            _ => format!("ann{number:03}@hill.edu"),
        };
        changed(&on, &from, NOON.plus_seconds(number / 40)).await;
        if number != 7 {
            expected.push((from, "en".to_owned()));
        }
    }
    let (mut one, mut other) = (announcer(&on.scene), announcer(&on.scene));
    for done in join_all([one.work(), other.work()]).await {
        done.unwrap();
    }
    drop((one, other));
    tell(&on.scene).await;
    let mut told = told(&on.scene).await;
    told.sort();
    assert_eq!(told, expected);
}

#[rstest]
#[actix_rt::test]
async fn what_a_mailbox_is_told_is_in_the_language_of_who_was_joined_last_and_nobody_forgotten_is_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (german, _) = changed(&on, "german@hill.edu", NOON).await;
    let (gone, _) = changed(&on, "gone@hill.edu", NOON).await;
    changed(&on, "nowhere@hill.edu", NOON).await;
    on.set_policies(on.a, r#"{"language":"de"}"#).await;
    let place = MembershipId::new(on.scene.clock.ulid());
    let place = PLACE.bind(place).bind(on.a.id).bind(german);
    on.run(place.bind(on.a.plan)).await;
    on.run(FORGET.bind(gone)).await;
    tell(&on.scene).await;
    let expected = [("german@hill.edu", "de"), ("nowhere@hill.edu", "en")];
    let told = told(&on.scene).await;
    let told = told
        .iter()
        .map(|(to, language)| (to.as_str(), language.as_str()));
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[rstest]
#[actix_rt::test]
async fn the_mailbox_of_before_of_whoever_is_erased_is_neither_told_nor_known(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (told, proof) = changed(&on, "told@hill.edu", NOON).await;
    let asked = scene::proof("Ann");
    on.scene
        .queue_to(&proof_key(proof), "next@hill.edu", asked)
        .await;
    tell(&on.scene).await;
    on.run(SWEEP.query()).await;
    let (untold, _) = changed(&on, "untold@hill.edu", NOON).await;
    for account in [told, untold] {
        on.erase(on.a, account).await;
    }
    on.forget(90).await;
    // the account is there until its people look
    tell(&on.scene).await;
    assert_eq!(on.lines(LETTERS.query()).await, ["||", "||"]);
}

#[rstest]
#[actix_rt::test]
async fn the_mailbox_of_before_of_whoever_has_a_place_elsewhere_is_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (queued, _) = changed(&on, "queued@hill.edu", NOON).await;
    on.place(on.b, queued).await;
    tell(&on.scene).await;
    let (later, _) = changed(&on, "later@hill.edu", NOON).await;
    on.place(on.b, later).await;
    for account in [queued, later] {
        on.erase(on.a, account).await;
    }
    on.forget(90).await;
    tell(&on.scene).await;
    let told = told(&on.scene).await;
    let told: Vec<_> = told.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(told, ["queued@hill.edu", "later@hill.edu"]);
}

/// Does something while somebody has an account, who goes once it waits or is done.
async fn beside(on: &Invited, mut tx: store::Tx, last: store::Query, work: impl Future) {
    let is_done = Cell::new(false);
    let work = async {
        work.await;
        is_done.set(true);
    };
    let commit = async {
        eventually(SOON, "it is done, or waits", async || {
            is_done.get() || number(&on.scene, posted::WAITING.query(), "n").await > 0
        })
        .await;
        last.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    tokio::join!(work, commit);
}

#[actix_rt::test]
async fn whoever_is_being_forgotten_is_not_told() {
    let on = Invited::open(Engine::Postgres).await;
    let (gone, _) = changed(&on, "gone@hill.edu", NOON).await;
    let mut forgets = on.begin().await;
    let hold = HOLD.bind(gone);
    hold.fetch_optional(&mut forgets).await.unwrap();
    beside(&on, forgets, FORGET.bind(gone), tell(&on.scene)).await;
    assert_eq!(told(&on.scene).await, []);
}

#[actix_rt::test]
async fn whoever_is_erased_while_the_letter_is_written_is_not_known_by_it() {
    let on = Invited::open(Engine::Postgres).await;
    let (ann, proof) = changed(&on, "ann@hill.edu", NOON).await;
    let mut tells = on.begin().await;
    HOLD.bind(ann).fetch_optional(&mut tells).await.unwrap();
    on.erase(on.a, ann).await;
    let id = MailId::new(on.scene.clock.ulid());
    let queue = QUEUE.bind(id).bind(address_changed_key(proof));
    beside(&on, tells, queue, on.forget(90)).await;
    assert_eq!(on.lines(LETTERS.query()).await, ["||"]);
}

#[rstest]
#[actix_rt::test]
async fn a_change_that_cannot_be_told_steps_aside_and_is_told_when_it_can(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (break_it, mend_it) = match engine {
        Engine::Sqlite => (&BREAK_SQLITE, &MEND_SQLITE),
        Engine::Postgres => (&BREAK_POSTGRES, &MEND_POSTGRES),
    };
    on.run(break_it.query()).await;
    changed(&on, "broken@hill.edu", NOON).await;
    changed(&on, "ann@hill.edu", NOON.plus_seconds(1)).await;
    let mut announcer = announcer(&on.scene);
    announcer.work().await.unwrap();
    let to = async || {
        let told = told(&on.scene).await.into_iter();
        told.map(|(to, _)| to).collect::<Vec<_>>()
    };
    assert_eq!(to().await, ["ann@hill.edu"], "behind it");
    on.run(mend_it.query()).await;
    on.scene.clock.advance_seconds(59);
    announcer.work().await.unwrap();
    assert_eq!(to().await, ["ann@hill.edu"], "not yet");
    on.scene.clock.advance_seconds(1);
    announcer.work().await.unwrap();
    assert_eq!(to().await, ["ann@hill.edu", "broken@hill.edu"]);
}
