//! Nobody waits for somebody who waits for them, on PostgreSQL: SQLite has one writer.

use std::time::Duration;

use contract::{
    events::Event,
    ids::InviteId,
    invites::{CancelInvite, Life, ReaddressInvite},
};
use kernel::Work as _;
use store::Tx;
use testkit::{Engine, eventually};

use crate::{
    invited::{Invited, address, begin},
    posted::{self, number, open, run},
    scene::{NOON, Scene},
    suppressions::suppress,
};

store::statements! {
    /// As a courier writes down what became of an invite.
    RECORD = "update invites set last_reply = '250 taken' where id = $1";

    /// So much came back that its batch is to rest.
    BOUNCE_ALL = "
        update invites
        set state = 'bounced', reason = 'user-unknown', due_at = null, settled_at = now_micros()
        where batch_id = $1";

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

#[actix_rt::test]
async fn whoever_finishes_a_batch_waits_for_its_history_without_the_batch() {
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
        let resume = posted::RESUME.bind(house.batch);
        resume.execute(&mut steers).await.unwrap();
        steers.commit().await.unwrap();
    };
    tokio::join!(work, commit);
    assert_eq!(number(&scene, posted::FINISHED.query(), "n").await, 1);
}

#[actix_rt::test]
async fn whoever_lets_a_batch_rest_waits_for_its_history_without_the_batch() {
    let (_sink, scene, house) = open(Engine::Postgres).await;
    for n in 0..100 {
        scene.invite(house, &format!("p{n}@uni.edu")).await;
    }
    run(&scene, BOUNCE_ALL.bind(house.batch)).await;
    let mut steers = begin(&scene).await;
    steers.lock_histories(&[house.id]).await.unwrap();
    let mut enlister = scene.enlister();
    let work = async {
        enlister.work().await.unwrap();
    };
    let commit = async {
        somebody_waits(&scene).await;
        let resume = posted::RESUME.bind(house.batch);
        resume.execute(&mut steers).await.unwrap();
        steers.commit().await.unwrap();
    };
    tokio::join!(work, commit);
    assert_eq!(number(&scene, RESTING.query(), "n").await, 1);
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
