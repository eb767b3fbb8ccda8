//! Nobody waits for somebody who waits for them, on PostgreSQL: SQLite has one writer.

use std::{cell::Cell, time::Duration};

use contract::{
    Kind,
    events::Event,
    ids::{InviteId, MembershipId, Ulid},
    invites::{CancelInvite, Life, ReaddressInvite},
    mails::offer_key,
    suppressions::UnsubscribeScope,
};
use kernel::Work as _;
use rstest::rstest;
use store::{Statement, Tx};
use testkit::{Engine, eventually};
use tokio::time::timeout;

use crate::{
    erased::{ANN, KEY},
    invited::{Invited, UNSENT, address, begin, refused},
    posted::{self, number, open, run},
    scene::{NOON, Scene, proof},
    suppressions::{suppress, suppressed, unsubscribe},
};

store::statements! {
    /// As a courier writes down what became of an invite.
    RECORD = "update invites set last_reply = '250 taken' where id = $1";

    /// So much came back that its batch is to rest; one waits.
    BOUNCE_MOST = "
        update invites
        set state = 'bounced', reason = 'user-unknown', due_at = null, settled_at = now_micros()
        where batch_id = $1 and email_key <> 'p0@uni.edu'";

    /// As a row of a batch that was sent, before it is queued.
    DRAFT = "update invites set state = 'draft', queued_at = null, due_at = null where id = $1";

    /// Nobody writes invites meanwhile; whoever only reads does.
    HOLD_ALL = "lock table invites in exclusive mode";

    /// As it is forgotten.
    FORGET = "
        update invites
        set email = 'x@forgotten.invalid', email_key = 'x@forgotten.invalid', generation = 2,
            forgotten_at = 1
        where id = $1";

    /// As it is sent again.
    RESEND = "
        update invites
        set state = 'queued', occasion = 'resend', mailing = mailing + 1, due_at = now_micros(),
            expires_at = $2
        where id = $1";

    SENT_LONG_AGO = "update batches set sent_at = 0, purge_at = 0 where id = $1";

    /// As a courier that finds nothing left.
    FINISH = "update batches set finished_at = 1 where id = $1";

    /// As the account of somebody gets another address.
    CHANGE = "update accounts set email = 'new@uni.edu', email_key = 'new@uni.edu' where id = $1";

    /// As a courier writes down what became of a letter.
    DEFER = "update mails set attempts = attempts + 1 where lower(recipient) = $1";

    UNSENT_LETTERS = "
        select count(*) as n from mails where sent_at is null and failed_at is null";

    RESTING = "select count(*) as n from batches where paused_at is not null";
}

const SOON: Duration = Duration::from_secs(20);

/// Somebody waits for a lock of this test.
async fn somebody_waits(scene: &Scene) {
    eventually(SOON, "somebody waits", async || {
        number(scene, posted::WAITING.query(), "n").await > 0
    })
    .await;
}

/// A courier that has an invite, and publishes at its end.
async fn record(on: &Invited, invite_id: InviteId, meanwhile: impl Future<Output = ()>) {
    let mut courier = on.begin().await;
    let record = RECORD.bind(invite_id);
    record.execute(&mut courier).await.unwrap();
    let commit = async {
        somebody_waits(&on.scene).await;
        courier.publish(on.a.id, Event::InviteBounced { invite_id });
        courier.commit().await.unwrap();
    };
    tokio::join!(meanwhile, commit);
}

#[actix_rt::test]
async fn whoever_cancels_or_corrects_an_invite_waits_for_its_courier_without_the_history() {
    let on = Invited::open(Engine::Postgres).await;
    let (a, invite) = (on.a, on.invite(on.a, "anm@uni.edu", "bounced").await);
    record(&on, invite, async {
        let readdress = ReaddressInvite {
            organisation: a.id,
            invite_id: invite,
            email: address("ann@uni.edu"),
        };
        let sent = on.scene.ask(readdress).await.unwrap();
        assert_eq!(sent.email.as_str(), "ann@uni.edu");
    })
    .await;
    record(&on, invite, async {
        let cancel = CancelInvite {
            organisation: a.id,
            invite_id: invite,
        };
        let cancelled = on.scene.ask(cancel).await.unwrap();
        assert_eq!(cancelled.life, Life::Cancelled);
    })
    .await;
}

/// How many batches are finished, where something is done to the one of which nothing is left while its
/// history is waited for.
async fn finished(meanwhile: &'static Statement) -> i64 {
    let (_sink, scene, house) = open(Engine::Postgres).await;
    let mut steers = begin(&scene).await;
    steers.lock_histories(&[house.id]).await.unwrap();
    let mut courier = scene.courier();
    let work = async {
        courier.work().await.unwrap();
        courier.finish().await;
    };
    let commit = async {
        somebody_waits(&scene).await;
        let meanwhile = meanwhile.bind(house.batch);
        meanwhile.execute(&mut steers).await.unwrap();
        steers.commit().await.unwrap();
    };
    tokio::join!(work, commit);
    number(&scene, posted::FINISHED.query(), "n").await
}

#[actix_rt::test]
async fn whoever_finishes_a_batch_waits_for_its_history_without_the_batch() {
    assert_eq!(finished(&posted::RESUME).await, 1);
}

#[actix_rt::test]
async fn a_batch_that_rests_meanwhile_is_not_finished() {
    assert_eq!(finished(&posted::PAUSE).await, 0);
}

/// How many batches rest, where something is done to the one that is to while its history is waited for.
async fn resting(meanwhile: &'static Statement) -> i64 {
    let (_sink, scene, house) = open(Engine::Postgres).await;
    for n in 0..=100 {
        scene.invite(house, &format!("p{n}@uni.edu")).await;
    }
    run(&scene, BOUNCE_MOST.bind(house.batch)).await;
    let mut steers = begin(&scene).await;
    steers.lock_histories(&[house.id]).await.unwrap();
    let mut enlister = scene.enlister();
    let work = async {
        enlister.work().await.unwrap();
    };
    let commit = async {
        somebody_waits(&scene).await;
        let meanwhile = meanwhile.bind(house.batch);
        meanwhile.execute(&mut steers).await.unwrap();
        steers.commit().await.unwrap();
    };
    tokio::join!(work, commit);
    let told = number(&scene, posted::AUDIT.bind("batch.pause"), "n").await;
    let resting = number(&scene, RESTING.query(), "n").await;
    assert_eq!(told, resting);
    resting
}

#[actix_rt::test]
async fn whoever_lets_a_batch_rest_waits_for_its_history_without_the_batch() {
    assert_eq!(resting(&posted::RESUME).await, 1);
}

#[actix_rt::test]
async fn a_batch_that_is_finished_meanwhile_does_not_rest() {
    assert_eq!(resting(&FINISH).await, 0);
}

/// A transaction that has these invites.
async fn holding(on: &Invited, invites: &[InviteId]) -> Tx {
    let mut tx = on.begin().await;
    for invite in invites {
        RECORD.bind(*invite).execute(&mut tx).await.unwrap();
    }
    tx
}

#[actix_rt::test]
async fn whoever_reminds_ends_or_suppresses_waits_for_nobody_and_does_it_the_next_time() {
    let on = Invited::open(Engine::Postgres).await;
    let (a, b) = (on.a, on.b);
    let pending = on
        .invite_until(a, "ann@uni.edu", "sent", NOON.plus_days(2))
        .await;
    on.mailed(pending, NOON.plus_days(-10)).await;
    let over = on
        .invite_until(a, "bob@uni.edu", "sent", NOON.plus_days(-1))
        .await;
    on.reopen(b).await;
    let late = on
        .invite_until(b, "cy@uni.edu", "queued", NOON.plus_days(-1))
        .await;
    on.run(UNSENT.bind(late)).await;
    let unwanted = on.unsent(b, "di@uni.edu", "queued").await;
    let tx = holding(&on, &[pending, over, late, unwanted]).await;
    on.sweep().await;
    suppress(&on, b, "di@uni.edu").await.unwrap();
    assert_eq!(on.state(unwanted).await, "queued");
    assert_eq!(on.stand(pending).await.occasion, "first");
    assert!(!on.stand(over).await.is_closed);
    assert_eq!(on.state(late).await, "queued");
    tx.commit().await.unwrap();
    on.sweep().await;
    assert_eq!(on.stand(pending).await.occasion, "reminder");
    assert!(on.stand(over).await.is_closed);
    assert_eq!(on.state(late).await, "expired");
    on.scene.deliver().await;
    assert_eq!(
        on.state(unwanted).await,
        "suppressed",
        "it was due and did not leave"
    );
}

#[actix_rt::test]
async fn attempts_at_codes_lock_invites_in_the_order_of_reports() {
    let on = Invited::open(Engine::Postgres).await;
    // Along the address, that of the other organisation is the first; and it was not touched last.
    let lower = on.invite(on.b, "ann@uni.edu", "sent").await;
    let higher = on.invite(on.a, "ann@uni.edu", "sent").await;
    holding(&on, &[lower]).await.commit().await.unwrap();
    let mut report = holding(&on, &[lower]).await;
    let code = on.code(higher, 1);
    let typed = async { on.type_code("ann@uni.edu", &code).await.unwrap() };
    let tell = async {
        somebody_waits(&on.scene).await;
        RECORD.bind(higher).execute(&mut report).await.unwrap();
        report.commit().await.unwrap();
    };
    let (face, ()) = tokio::join!(typed, tell);
    assert_eq!(face.id, higher);
}

#[actix_rt::test]
async fn whoever_cancels_a_draft_has_nothing_that_whoever_queues_it_waits_for() {
    let on = Invited::open(Engine::Postgres).await;
    let (a, draft) = (on.a, on.invite(on.a, "ann@uni.edu", "queued").await);
    on.run(DRAFT.bind(draft)).await;
    let mut enlists = on.begin().await;
    enlists.lock_histories(&[a.id]).await.unwrap();
    let is_answered = Cell::new(false);
    let cancel = async {
        let cancel = CancelInvite {
            organisation: a.id,
            invite_id: draft,
        };
        let answer = on.scene.ask(cancel).await;
        is_answered.set(true);
        refused(answer)
    };
    let commit = async {
        eventually(SOON, "it is answered, or waits", async || {
            is_answered.get() || number(&on.scene, posted::WAITING.query(), "n").await > 0
        })
        .await;
        RECORD.bind(draft).execute(&mut enlists).await.unwrap();
        enlists.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(cancel, commit);
    assert_eq!(answer, Some(Kind::NotFound));
}

#[actix_rt::test]
async fn what_is_sent_again_while_it_is_to_be_forgotten_is_not() {
    let on = Invited::open(Engine::Postgres).await;
    let old = NOON.plus_days(-91);
    let invite = on.invite_until(on.a, "ann@uni.edu", "sent", old).await;
    on.run(SENT_LONG_AGO.bind(on.a.batch)).await;
    let mut sends = on.begin().await;
    HOLD_ALL.query().execute(&mut sends).await.unwrap();
    let commit = async {
        somebody_waits(&on.scene).await;
        let resend = RESEND.bind(invite).bind(NOON.plus_days(14));
        resend.execute(&mut sends).await.unwrap();
        sends.commit().await.unwrap();
    };
    tokio::join!(on.forget(90), commit);
    let look = on.scene.see(invite).await;
    assert_eq!(look.state, "queued", "{look:?}");
    let invite = on.get(on.a, invite).await.unwrap();
    assert_eq!(invite.email.as_str(), "ann@uni.edu");
}

#[actix_rt::test]
async fn whoever_unsubscribes_while_they_are_forgotten_leaves_no_address() {
    let on = Invited::open(Engine::Postgres).await;
    let invite = on.invite(on.a, "ann@uni.edu", "sent").await;
    let token = on.token("unsubscribe", invite, 1);
    let mut forgets = on.begin().await;
    FORGET.bind(invite).execute(&mut forgets).await.unwrap();
    let is_answered = Cell::new(false);
    let say = async {
        let answer = unsubscribe(&on, token, UnsubscribeScope::Organisation).await;
        is_answered.set(true);
        refused(answer)
    };
    let commit = async {
        eventually(SOON, "it is answered, or waits", async || {
            is_answered.get() || number(&on.scene, posted::WAITING.query(), "n").await > 0
        })
        .await;
        forgets.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(say, commit);
    assert_eq!(answer, Some(Kind::InviteUnknown));
    assert!(suppressed(&on, on.a).await.is_empty());
}

#[actix_rt::test]
async fn whoever_changes_their_address_while_they_are_forgotten_is_forgotten_by_the_new_one() {
    let on = Invited::open(Engine::Postgres).await;
    let ann = on.account("ann@uni.edu").await;
    on.invite(on.a, "new@uni.edu", "sent").await;
    on.erase(on.a, ann).await;
    let mut changes = on.begin().await;
    CHANGE.bind(ann).execute(&mut changes).await.unwrap();
    let commit = async {
        somebody_waits(&on.scene).await;
        changes.commit().await.unwrap();
    };
    tokio::join!(on.forget(90), commit);
    assert!(on.is_forgotten(on.a, ann).await);
    let dump = on.dump(on.a).await.join("\n");
    assert!(!dump.contains("new@uni.edu"), "{dump}");
}

#[rstest]
#[case::to_the_address(&format!("resolve:{ANN}"))]
#[case::of_a_seat(&offer_key(MembershipId::new(Ulid::nil()), NOON))]
#[actix_rt::test]
async fn a_letter_that_somebody_has_is_forgotten_later_and_nobody_waits_for_it(#[case] key: &str) {
    let on = Invited::open(Engine::Postgres).await;
    let ann = on.account(KEY).await;
    on.scene.queue_to(key, ANN, proof("Ann")).await;
    on.erase(on.a, ann).await;
    let mut has = on.begin().await;
    DEFER.bind(KEY).execute(&mut has).await.unwrap();
    let forget = timeout(SOON, on.forget(90)).await;
    forget.expect("nobody waits");
    assert!(!on.is_forgotten(on.a, ann).await);
    has.commit().await.unwrap();
    on.scene.clock.advance_seconds(30);
    on.forget(90).await;
    assert!(on.is_forgotten(on.a, ann).await);
    let left = number(&on.scene, UNSENT_LETTERS.query(), "n").await;
    assert_eq!(left, 0);
}
