//! An address is one account.

use std::collections::BTreeSet;

use contract::{Kind, people::Enrol, text::PersonName};
use futures_util::future::join_all;
use rstest::rstest;
use testkit::Engine;

use crate::{
    scene::{Scene, confirm, form, token},
    sql,
};

#[rstest]
#[actix_rt::test]
async fn an_address_is_one_account_however_many_ask_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let spellings = ["ann@uni.edu", "Ann@uni.edu", "ANN@UNI.EDU", "ann@uni.edu."];
    let asks = (0..24).map(|n| scene.enrol(spellings[n % 4], "correct horse"));
    let answers: Vec<_> = join_all(asks)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let ids: BTreeSet<_> = answers.iter().map(|answer| answer.account_id).collect();
    assert_eq!((ids.len(), scene.count(&sql::COUNT_ACCOUNTS).await), (1, 1));
    let letters = answers.iter().filter(|answer| answer.proof.is_some());
    assert_eq!(letters.count(), 1, "one letter for one address");
    assert!(answers.iter().all(|answer| !answer.is_proved));
}

#[rstest]
#[actix_rt::test]
async fn many_passwords_at_once_for_one_address_leave_one_account_and_one_live_proof(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let passwords: Vec<_> = (0..12).map(|n| format!("correct horse {n}")).collect();
    let asks = passwords
        .iter()
        .map(|password| scene.enrol("ann@uni.edu", password));
    let ids: BTreeSet<_> = join_all(asks)
        .await
        .into_iter()
        .map(|answer| answer.unwrap().account_id)
        .collect();
    assert_eq!((ids.len(), scene.count(&sql::COUNT_ACCOUNTS).await), (1, 1));
    assert_eq!(scene.count(&sql::COUNT_LIVE_PROOFS).await, 1);
}

#[rstest]
#[actix_rt::test]
async fn the_same_address_and_password_are_the_same_account(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, proof) = scene.registered("ann@uni.edu").await;
    let again = scene.enrol("ANN@uni.edu", "correct horse").await.unwrap();
    assert_eq!((again.account_id, again.is_proved), (account, false));

    scene.seat(account).await;
    let seated = scene.enrol("ann@uni.edu", "correct horse").await.unwrap();
    assert_eq!(seated.account_id, account);

    scene.ask(confirm(token(&proof))).await.unwrap();
    let other = scene.registered("bob@uni.edu").await.0;
    assert_ne!(other, account);
}

#[rstest]
#[actix_rt::test]
async fn another_password_for_somebody_who_has_a_membership_is_refused_and_changes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, _) = scene.registered("ann@uni.edu").await;
    scene.seat(account).await;
    let rows = scene.rows().await;
    let refused = scene.enrol("ann@uni.edu", "another horse").await;
    assert_eq!(refused.unwrap_err().kind, Kind::AccountExists);
    assert_eq!(scene.rows().await, rows);
    assert!(scene.enrol("ann@uni.edu", "correct horse").await.is_ok());
}

#[rstest]
#[actix_rt::test]
async fn another_password_for_a_proved_account_is_refused_even_without_a_membership(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mine = scene.registered_in("my browser", "correct horse").await;
    let mut from_there = confirm(token(&mine));
    from_there.registrant = Some(contract::Secret::new("my browser"));
    scene.ask(from_there).await.unwrap();
    let rows = scene.rows().await;
    let refused = scene.enrol("ann@uni.edu", "another horse").await;
    assert_eq!(refused.unwrap_err().kind, Kind::AccountExists);
    assert_eq!(scene.rows().await, rows);
    let known = scene.enrol("ann@uni.edu", "correct horse").await.unwrap();
    assert!(known.is_proved && known.proof.is_none());
}

#[rstest]
#[actix_rt::test]
async fn what_a_crash_between_enrol_and_admit_left_is_made_anew(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, abandoned) = scene.registered("ann@uni.edu").await;
    let anew = Enrol {
        first_name: PersonName::parse("Anna").unwrap(),
        ..form("Ann@uni.edu", "another horse")
    };
    let made = scene.ask(anew).await.unwrap();
    assert_eq!((made.account_id, made.is_proved), (account, false));
    let proof = made.proof.unwrap();
    assert_eq!(
        (proof.first_name.as_str(), proof.email.as_str()),
        ("Anna", "Ann@uni.edu")
    );
    let refused = scene.ask(confirm(token(&abandoned))).await.unwrap_err();
    assert_eq!(refused.kind, Kind::ProofRefused);
    scene.seat(account).await;
    // The password of the second attempt is the one that counts.
    assert!(scene.enrol("ann@uni.edu", "another horse").await.is_ok());
    let first = scene.enrol("ann@uni.edu", "correct horse").await;
    assert_eq!(first.unwrap_err().kind, Kind::AccountExists);
}

#[rstest]
#[actix_rt::test]
async fn typing_an_address_in_proves_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, proof) = scene.registered("ann@uni.edu").await;
    scene.seat(account).await;
    for _ in 0..3 {
        scene.clock.advance_seconds(60);
        scene.start("ann@uni.edu").await;
        let again = scene.enrol("ann@uni.edu", "correct horse").await.unwrap();
        assert!(!again.is_proved);
    }
    // Nor does the name of the proof, which the page has.
    let guess = crate::scene::typed(proof.id, proof.id.to_string().as_str());
    assert!(scene.ask(confirm(guess)).await.is_err());
    let again = scene.enrol("ann@uni.edu", "correct horse").await.unwrap();
    assert!(!again.is_proved);
}

#[rstest]
#[actix_rt::test]
async fn whoever_is_only_to_be_recognised_gets_no_account(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let known = |email, password| {
        scene.ask(Enrol {
            known_only: true,
            ..form(email, password)
        })
    };
    let refused = known("ann@uni.edu", "correct horse").await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
    assert_eq!(scene.count(&sql::COUNT_ACCOUNTS).await, 0);

    let (account, proof) = scene.registered("ann@uni.edu").await;
    let refused = known("ann@uni.edu", "another horse").await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound, "nothing is made anew");
    let found = known("ANN@uni.edu", "correct horse").await.unwrap();
    assert_eq!((found.account_id, found.is_proved), (account, false));

    scene.seat(account).await;
    scene.ask(confirm(token(&proof))).await.unwrap();
    let refused = known("ann@uni.edu", "another horse").await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
}

#[rstest]
#[actix_rt::test]
async fn it_is_known_at_which_address_a_password_may_be_guessed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    assert!(!scene.has_password("ann@uni.edu").await);
    let (_, proof) = scene.registered("ann@uni.edu").await;
    assert!(scene.has_password("Ann@UNI.edu").await);
    assert!(!scene.has_password("bob@uni.edu").await);
    // a proof from elsewhere leaves an account without a password
    scene.ask(confirm(token(&proof))).await.unwrap();
    assert!(!scene.has_password("ann@uni.edu").await);
}
