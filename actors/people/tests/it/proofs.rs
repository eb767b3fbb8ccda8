//! What proves an address, how often and how long.

use contract::{
    Clock as _, Kind, Secret,
    ids::ProofId,
    people::{Evidence, Proved},
};
use futures_util::future::join_all;
use rstest::rstest;
use testkit::Engine;

use crate::{
    scene::{Scene, code, confirm, token, typed, wrong},
    sql,
};

const TEN_MINUTES: i64 = 600;
const A_DAY: i64 = 86_400;

#[rstest]
#[actix_rt::test]
async fn the_link_of_the_letter_proves_and_so_does_its_code(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] by_link: bool,
) {
    let scene = Scene::open(engine).await;
    let (account_id, proof) = scene.registered("ann@uni.edu").await;
    let evidence = || if by_link { token(&proof) } else { code(&proof) };
    for _ in 0..2 {
        let proved = scene.ask(confirm(evidence())).await.unwrap();
        let has_password = false;
        assert_eq!(
            proved,
            Proved {
                account_id,
                has_password
            },
            "the same evidence, the same answer"
        );
    }
    let proved_at = format!(" {}", scene.clock.now().micros());
    let rows = scene.rows().await;
    let account = rows.iter().find(|row| row.starts_with("account ")).unwrap();
    assert!(account.ends_with(&proved_at), "{account}");
}

#[rstest]
#[actix_rt::test]
async fn the_same_code_from_many_tabs_at_once_has_one_answer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, proof) = scene.registered("ann@uni.edu").await;
    let answers = join_all((0..5).map(|_| scene.ask(confirm(code(&proof))))).await;
    for answer in answers {
        assert_eq!(answer.unwrap().account_id, account);
    }
}

#[rstest]
#[actix_rt::test]
async fn a_code_has_five_attempts(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let scene = Scene::open(engine).await;
    let (_, proof) = scene.registered("ann@uni.edu").await;
    for n in 0..4 {
        assert!(scene.ask(confirm(wrong(&proof, n))).await.is_err());
    }
    assert!(scene.ask(confirm(code(&proof))).await.is_ok(), "the fifth");
    let sixth = scene.ask(confirm(code(&proof))).await.unwrap_err();
    assert_eq!(sixth.kind, Kind::ProofRefused);
    assert!(
        scene.ask(confirm(token(&proof))).await.is_ok(),
        "the link is not guessed and has no such end"
    );
}

#[rstest]
#[actix_rt::test]
async fn guesses_at_once_are_counted_like_guesses_in_a_row(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (_, proof) = scene.registered("ann@uni.edu").await;
    let guesses = (0..40).map(|n| scene.ask(confirm(wrong(&proof, n))));
    assert!(join_all(guesses).await.iter().all(Result::is_err));
    assert_eq!(scene.count(&sql::SUM_ATTEMPTS).await, 5);
    let right = scene.ask(confirm(code(&proof))).await.unwrap_err();
    assert_eq!(right.kind, Kind::ProofRefused);
}

#[rstest]
#[actix_rt::test]
async fn a_code_has_ten_minutes_and_a_link_seven_days(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (_, proof) = scene.registered("ann@uni.edu").await;
    assert_eq!(proof.expires_at, scene.clock.now().plus_days(7));
    scene.clock.advance_seconds(TEN_MINUTES - 1);
    assert!(scene.ask(confirm(code(&proof))).await.is_ok());
    scene.clock.advance_seconds(1);
    assert!(scene.ask(confirm(code(&proof))).await.is_err());
    scene.clock.advance_seconds(7 * A_DAY - TEN_MINUTES - 1);
    assert!(scene.ask(confirm(token(&proof))).await.is_ok());
    scene.clock.advance_seconds(1);
    assert!(scene.ask(confirm(token(&proof))).await.is_err());
}

#[rstest]
#[actix_rt::test]
async fn a_new_letter_ends_the_code_and_the_link_of_the_old_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (account, old) = scene.registered("ann@uni.edu").await;
    scene.clock.advance_seconds(60);
    let new = scene.start("ann@uni.edu").await.proof.unwrap();
    for evidence in [code(&old), token(&old)] {
        assert!(scene.ask(confirm(evidence)).await.is_err());
    }
    // The code of one letter with the name of another is no evidence either.
    let mixed = typed(old.id, new.code.expose());
    assert!(scene.ask(confirm(mixed)).await.is_err());
    let proved = scene.ask(confirm(code(&new))).await.unwrap();
    assert_eq!(proved.account_id, account);
}

#[rstest]
#[actix_rt::test]
async fn every_refusal_of_evidence_looks_alike(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (_, superseded) = scene.registered("ann@uni.edu").await;
    scene.clock.advance_seconds(60);
    let live = scene.start("ann@uni.edu").await.proof.unwrap();
    let (_, exhausted) = scene.registered("bob@uni.edu").await;
    for n in 0..5 {
        scene.ask(confirm(wrong(&exhausted, n))).await.unwrap_err();
    }
    let nobody = ProofId::new(scene.clock.ulid());
    let evidence = [
        wrong(&live, 0),
        code(&superseded),
        token(&superseded),
        code(&exhausted),
        typed(nobody, live.code.expose()),
        typed(live.id, ""),
        typed(live.id, &"9".repeat(10_000)),
        typed(live.id, "' or '1' = '1"),
        Evidence::Token(Secret::new("")),
        Evidence::Token(Secret::new("no such token")),
        Evidence::Token(Secret::new(live.id.to_string())),
    ];
    let mut refusals = Vec::new();
    for shown in evidence {
        refusals.push(scene.ask(confirm(shown)).await.unwrap_err());
    }
    scene.clock.advance_seconds(8 * A_DAY);
    for expired in [code(&live), token(&live)] {
        refusals.push(scene.ask(confirm(expired)).await.unwrap_err());
    }
    assert_eq!(refusals[0].kind, Kind::ProofRefused);
    for refusal in &refusals {
        assert_eq!(refusal, &refusals[0]);
    }
}

#[rstest]
#[actix_rt::test]
async fn proofs_that_ended_a_month_ago_are_swept_and_no_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (_, old) = scene.registered("ann@uni.edu").await;
    scene.ask(confirm(token(&old))).await.unwrap();
    scene.clock.advance_seconds(37 * A_DAY);
    scene.registered("bob@uni.edu").await;
    scene.sweep().await;
    assert_eq!(scene.count(&sql::COUNT_PROOFS).await, 2);
    scene.clock.advance_seconds(1);
    scene.sweep().await;
    assert_eq!(scene.count(&sql::COUNT_PROOFS).await, 1);
    assert_eq!(scene.count(&sql::COUNT_ACCOUNTS).await, 2);
}
