//! Whoever holds an invite of an address reads its mailbox.

use contract::{
    Clock as _, Kind,
    ids::{BatchId, InviteId},
    people::Enrol,
};
use rstest::rstest;
use store::Statement;
use testkit::Engine;

use crate::{
    scene::{Scene, confirm, form, token},
    sql,
};

/// An invite of Ann's, for one more day.
async fn invite(scene: &Scene) -> InviteId {
    let (batch, invite) = (
        BatchId::new(scene.clock.ulid()),
        InviteId::new(scene.clock.ulid()),
    );
    let mut tx = scene.begin().await;
    let put = sql::PUT_BATCH.bind(batch);
    put.execute(&mut tx).await.unwrap();
    let put = sql::PUT_INVITE.bind(invite).bind(batch).bind("ann@uni.edu");
    let put = put.bind(scene.clock.now().plus_days(1));
    put.execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    invite
}

async fn change(scene: &Scene, statement: &'static Statement, invite: InviteId) {
    let mut tx = scene.begin().await;
    statement.bind(invite).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

fn invited(email: &str, password: &str, invite: InviteId) -> Enrol {
    Enrol {
        invite: Some(invite),
        ..form(email, password)
    }
}

#[rstest]
#[actix_rt::test]
async fn an_invite_proves_its_own_address_and_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let invite = invite(&scene).await;
    let bob = scene
        .ask(invited("bob@uni.edu", "correct horse", invite))
        .await;
    assert!(!bob.unwrap().is_proved);
    let ann = scene
        .ask(invited("Ann@Uni.edu", "correct horse", invite))
        .await;
    let ann = ann.unwrap();
    assert!(ann.is_proved && ann.proof.is_none());
    let again = scene
        .ask(invited("ann@uni.edu", "correct horse", invite))
        .await;
    assert_eq!(again.unwrap().account_id, ann.account_id, "safe to repeat");
    let other = scene
        .ask(invited("ann@uni.edu", "another horse", invite))
        .await;
    assert_eq!(other.unwrap_err().kind, Kind::AccountExists);
}

#[rstest]
#[actix_rt::test]
async fn an_invite_that_is_over_taken_back_or_used_proves_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("over", "cancelled", "used", "unknown")] why: &str,
) {
    let scene = Scene::open(engine).await;
    let mut invite = invite(&scene).await;
    match why {
        "over" => scene.clock.advance_seconds(2 * 86_400),
        "cancelled" => change(&scene, &sql::CANCEL_INVITE, invite).await,
        "used" => change(&scene, &sql::PUT_INVITE_USE, invite).await,
        _ => invite = InviteId::new(scene.clock.ulid()),
    }
    let ann = scene
        .ask(invited("ann@uni.edu", "correct horse", invite))
        .await;
    assert!(!ann.unwrap().is_proved);
}

#[rstest]
#[actix_rt::test]
async fn who_set_up_the_account_of_somebody_who_is_invited_ends_with_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, his) = scene.registered("ann@uni.edu").await;
    let (organisation, place) = scene.seat(account).await;
    let invite = invite(&scene).await;
    let hers = scene
        .ask(invited("ann@uni.edu", "her own horse", invite))
        .await;
    let hers = hers.unwrap();
    assert_eq!((hers.account_id, hers.is_proved), (account, true));
    let stranger = scene.enrol("ann@uni.edu", "correct horse").await;
    assert_eq!(stranger.unwrap_err().kind, Kind::AccountExists);
    let letter = scene.ask(confirm(token(&his))).await;
    assert_eq!(letter.unwrap_err().kind, Kind::ProofRefused);
    assert!(scene.enrol("ann@uni.edu", "her own horse").await.is_ok());
    let told = format!(
        r#"{organisation} person:{account} account.prove {place} {{"by":"letter","password":"set"}}"#
    );
    assert_eq!(scene.told().await, [told]);
}
