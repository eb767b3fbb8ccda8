//! Whoever was erased is forgotten.

use contract::ids::{AccountId, MembershipId, OrganisationId, PlanId, Ulid};
use kernel::{Pace, Work as _};
use people::ErasureSweeper;
use rstest::rstest;
use testkit::Engine;

use crate::{scene::Scene, sql};

const PASSWORD: &str = "correct horse";

/// Forgets accounts that are to be forgotten.
async fn sweep(scene: &Scene) {
    let mut sweeper = ErasureSweeper::new(scene.db.clone(), scene.clock.clone());
    while sweeper.work().await.unwrap() == Pace::Again {}
}

/// What the invite dispatcher would do, in two organisations.
async fn forget_mail(scene: &Scene, account: AccountId, at: Option<u64>) {
    let Some(last) = at else { return };
    let mut tx = scene.begin().await;
    for at in [1, 2] {
        let organisation = OrganisationId::new(Ulid::from_parts(at, 0));
        let forget = sql::FORGET_MAIL.bind(account).bind(organisation);
        let forget = forget.bind(at.min(last));
        forget.execute(&mut tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[rstest]
#[actix_rt::test]
async fn whoever_sits_down_while_they_would_be_forgotten_keeps_the_account(
    #[values(Engine::Postgres)] engine: Engine,
    #[values(true, false)] is_erased: bool,
) {
    let scene = Scene::open(engine).await;
    let (ann, _) = scene.registered("ann@uni.edu").await;
    if is_erased {
        let mut tx = scene.begin().await;
        let organisation = OrganisationId::new(Ulid::from_parts(1, 0));
        let erase = sql::ERASE.bind(ann).bind(organisation).bind(1_i64);
        erase.execute(&mut tx).await.unwrap();
        let forget = sql::FORGET_MAIL.bind(ann).bind(organisation).bind(1_i64);
        forget.execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    } else {
        scene.clock.advance_seconds(60 * 86_400);
    }
    let mut tx = scene.begin().await;
    let sits = sql::SIT_DOWN.bind(ann);
    sits.fetch_one(&mut tx).await.unwrap();
    let id = Ulid::from_parts(7, 0);
    let put = sql::PUT_PLAN.bind(PlanId::new(id));
    let put = put.bind(OrganisationId::new(id));
    put.execute(&mut tx).await.unwrap();
    let put = sql::PUT_MEMBERSHIP.bind(MembershipId::new(id));
    let put = put.bind(OrganisationId::new(id)).bind(ann);
    put.bind(PlanId::new(id)).execute(&mut tx).await.unwrap();
    // Whom somebody has is passed over.
    sweep(&scene).await;
    scene.sweep().await;
    tx.commit().await.unwrap();
    sweep(&scene).await;
    scene.sweep().await;
    assert_eq!(scene.count(&sql::COUNT_ACCOUNTS).await, 1);
}

#[rstest]
#[actix_rt::test]
async fn whoever_is_erased_everywhere_is_forgotten_and_nobody_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (gone, _) = scene.registered("ann@uni.edu").await;
    let (stays, _) = scene.registered("bob@uni.edu").await;
    scene.registered("new@uni.edu").await;
    scene.seat(stays).await;
    let session = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    let mut tx = scene.begin().await;
    for account in [gone, stays] {
        for at in [1, 2] {
            let organisation = OrganisationId::new(Ulid::from_parts(at, 0));
            let erase = sql::ERASE.bind(account).bind(organisation).bind(at);
            erase.execute(&mut tx).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
    // Not before their mail is: it is found by the addresses.
    for mail_forgotten_at in [None, Some(0), Some(2)] {
        forget_mail(&scene, gone, mail_forgotten_at).await;
        assert_eq!(scene.count(&sql::COUNT_ACCOUNTS).await, 3);
        sweep(&scene).await;
    }
    assert_eq!(scene.count(&sql::COUNT_ACCOUNTS).await, 2);
    assert!(scene.whose(&session).await.is_err());
    let rows = scene.rows().await;
    assert!(
        rows.iter().all(|row| !row.contains("ann@uni.edu")),
        "{rows:#?}"
    );
    let told = scene.told().await;
    let last = OrganisationId::new(Ulid::from_parts(2, 0));
    assert_eq!(
        told,
        [format!("{last} system:people account.delete {gone} {{}}")]
    );
}
