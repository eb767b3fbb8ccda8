//! Whoever registers a stranger's address ends with nothing.

use contract::{Kind, Secret, people::ConfirmProof};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{Scene, code, confirm, token};

/// Evidence, from a browser with a token.
fn from(browser: &str, confirm: ConfirmProof) -> ConfirmProof {
    ConfirmProof {
        registrant: Some(Secret::new(browser)),
        ..confirm
    }
}

fn choosing(password: &str, confirm: ConfirmProof) -> ConfirmProof {
    ConfirmProof {
        new_password: Some(Secret::new(password)),
        ..confirm
    }
}

#[rstest]
#[actix_rt::test]
async fn a_password_survives_the_proof_in_the_browser_in_which_it_was_chosen(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let proof = scene.registered_in("my browser", "correct horse").await;
    let proved = scene.ask(from("my browser", confirm(code(&proof)))).await;
    assert!(proved.unwrap().has_password);
    // The link of the same letter, opened on the phone afterwards, takes nothing away.
    assert!(
        scene
            .ask(confirm(token(&proof)))
            .await
            .unwrap()
            .has_password
    );
    let known = scene.enrol("ann@uni.edu", "correct horse").await.unwrap();
    assert!(known.is_proved);
}

#[rstest]
#[actix_rt::test]
async fn a_password_that_somebody_else_chose_dies_when_the_owner_of_the_mailbox_proves(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(None, Some("her browser"))] hers: Option<&str>,
) {
    let scene = Scene::open(engine).await;
    let proof = scene.registered_in("his browser", "his own horse").await;
    let account = scene.enrol("ann@uni.edu", "his own horse").await.unwrap();
    scene.seat(account.account_id).await;
    let mut hers_alone = confirm(token(&proof));
    hers_alone.registrant = hers.map(Secret::new);
    let proved = scene.ask(hers_alone.clone()).await.unwrap();
    assert!(!proved.has_password, "the page asks for one");
    let refused = scene.enrol("ann@uni.edu", "his own horse").await;
    assert_eq!(refused.unwrap_err().kind, Kind::AccountExists);

    // The same evidence sets hers; his never comes back.
    let proved = scene.ask(choosing("correct horse", hers_alone)).await;
    assert!(proved.unwrap().has_password);
    let known = scene.enrol("ann@uni.edu", "correct horse").await.unwrap();
    assert_eq!(known.account_id, account.account_id);
    let refused = scene.enrol("ann@uni.edu", "his own horse").await;
    assert_eq!(refused.unwrap_err().kind, Kind::AccountExists);
}

#[rstest]
#[actix_rt::test]
async fn a_password_chosen_with_the_proof_takes_the_place_of_the_strangers_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let proof = scene.registered_in("his browser", "his own horse").await;
    let chosen = choosing("correct horse", confirm(token(&proof)));
    assert!(scene.ask(chosen).await.unwrap().has_password);
    assert!(scene.enrol("ann@uni.edu", "correct horse").await.is_ok());
    assert!(scene.enrol("ann@uni.edu", "his own horse").await.is_err());
}

#[rstest]
#[actix_rt::test]
async fn a_letter_that_somebody_finds_later_does_not_change_a_password_that_is_kept(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let proof = scene.registered_in("my browser", "correct horse").await;
    let mine = from("my browser", confirm(code(&proof)));
    scene.ask(mine).await.unwrap();
    let theirs = choosing("another horse", confirm(token(&proof)));
    assert!(scene.ask(theirs).await.unwrap().has_password);
    assert!(scene.enrol("ann@uni.edu", "correct horse").await.is_ok());
    assert!(scene.enrol("ann@uni.edu", "another horse").await.is_err());
}

#[rstest]
#[actix_rt::test]
async fn whoever_knows_the_password_may_have_moved_to_another_browser(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.registered_in("my browser", "correct horse").await;
    scene.clock.advance_seconds(60);
    let proof = scene.registered_in("my phone", "correct horse").await;
    let proved = scene.ask(from("my phone", confirm(token(&proof)))).await;
    assert!(proved.unwrap().has_password);
}

#[rstest]
#[actix_rt::test]
async fn somebody_whose_password_died_can_choose_one_by_a_fresh_letter(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let proof = scene.registered_in("his browser", "his own horse").await;
    assert!(
        !scene
            .ask(confirm(token(&proof)))
            .await
            .unwrap()
            .has_password
    );
    // The page was closed, the first letter is gone.
    scene.clock.advance_seconds(8 * 86_400);
    let fresh = scene.start("ann@uni.edu").await.proof.unwrap();
    let chosen = choosing("correct horse", confirm(token(&fresh)));
    assert!(scene.ask(chosen).await.unwrap().has_password);
    assert!(scene.enrol("ann@uni.edu", "correct horse").await.is_ok());
}
