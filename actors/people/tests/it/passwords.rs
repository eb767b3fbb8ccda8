//! Which passwords are taken, and where they are hashed.

use std::time::Duration;

use contract::{Kind, Problem, Secret};
use futures_util::{future::join_all, poll};
use passwords::PasswordSettings;
use rstest::rstest;
use testkit::{Engine, eventually};

use crate::{
    scene::{CHEAP, Scene, confirm, token},
    sql,
};

/// Long enough for a busy machine; nothing takes it when all is well.
const SOON: Duration = Duration::from_secs(20);

/// Field and code of a refusal.
fn why(problem: &Problem) -> (u16, &str, &str) {
    let error = &problem.errors[0];
    (problem.status, error.field.as_str(), error.code.as_str())
}

#[rstest]
#[actix_rt::test]
async fn a_password_that_is_not_taken_is_refused_by_its_field_and_makes_no_account(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (short, long) = ("é".repeat(9), "é".repeat(257));
    for (password, code) in [
        (short.as_str(), "too-short"),
        (long.as_str(), "too-long"),
        ("i am ANN.LEE 2026", "contains-address"),
        ("aaaaaaaaaaaa", "well-known"),
    ] {
        let refused = scene.enrol("ann.lee@uni.edu", password).await.unwrap_err();
        assert_eq!(why(&refused), (422, "password", code));
        let told = serde_json::to_string(&refused).unwrap();
        assert!(!told.contains(password), "{told}");
    }
    assert_eq!(scene.count(&sql::COUNT_ACCOUNTS).await, 0);
    // Measured in characters, not in bytes.
    for (n, password) in ["é1".repeat(5), "é1".repeat(128)].iter().enumerate() {
        let email = format!("ann{n}@uni.edu");
        assert!(scene.enrol(&email, password).await.is_ok());
    }
}

#[rstest]
#[actix_rt::test]
async fn a_password_chosen_with_a_proof_follows_the_same_rules(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (_, proof) = scene.registered("ann.lee@uni.edu").await;
    for (password, code) in [
        ("short", "too-short"),
        ("i am ann.lee 2026", "contains-address"),
    ] {
        let mut choosing = confirm(token(&proof));
        choosing.new_password = Some(Secret::new(password));
        let refused = scene.ask(choosing).await.unwrap_err();
        assert_eq!(why(&refused), (422, "new_password", code));
    }
    let known = scene.enrol("ann.lee@uni.edu", "correct horse").await;
    assert!(!known.unwrap().is_proved, "a refused form proves nothing");
}

/// One thread that a single hash keeps busy for long, and room for one more to wait.
const NARROW: PasswordSettings = PasswordSettings {
    memory_kib: 262_144,
    passes: 4,
    threads: 1,
    queue: 1,
};

#[rstest]
#[actix_rt::test]
async fn a_full_pool_refuses_before_any_transaction_and_writes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::with_passwords(engine, NARROW).await;
    // On SQLite this is the only writer: whoever began a transaction first would wait for it.
    let writer = scene.begin().await;
    let hash = || Box::pin(scene.passwords.hash(Secret::new("a slow horse")));
    let mut hashes = vec![hash()];
    assert!(poll!(hashes[0].as_mut()).is_pending());
    // There is room for a second one as soon as the thread has taken the first.
    eventually(SOON, "the pool is full", async || {
        hashes.push(hash());
        let last = hashes.last_mut().unwrap();
        poll!(last.as_mut()).is_pending()
    })
    .await;
    let refused = scene.enrol("ann@uni.edu", "correct horse").await;
    assert_eq!(refused.unwrap_err().kind, Kind::Overloaded);
    drop((writer, hashes));
    assert_eq!(scene.count(&sql::COUNT_ACCOUNTS).await, 0);
}

#[rstest]
#[actix_rt::test]
async fn a_password_is_checked_without_a_transaction(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let proof = scene.registered_in("my browser", "correct horse").await;
    let mut mine = confirm(token(&proof));
    mine.registrant = Some(Secret::new("my browser"));
    scene.ask(mine).await.unwrap();
    let writer = scene.begin().await;
    let known = scene.enrol("ann@uni.edu", "correct horse").await.unwrap();
    let guessed = scene.enrol("ann@uni.edu", "another horse").await;
    drop(writer);
    assert!(known.is_proved);
    assert_eq!(guessed.unwrap_err().kind, Kind::AccountExists);
}

#[rstest]
#[actix_rt::test]
async fn more_than_the_pool_takes_are_refused_and_nobody_else_suffers(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let tight = PasswordSettings {
        threads: 1,
        queue: 1,
        memory_kib: 16_384,
        ..CHEAP
    };
    let scene = Scene::with_passwords(engine, tight).await;
    let emails: Vec<_> = (0..16).map(|n| format!("person{n}@uni.edu")).collect();
    let asks = emails
        .iter()
        .map(|email| scene.enrol(email, "correct horse"));
    let answers = join_all(asks).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert!(
        refused
            .iter()
            .all(|no| no.as_ref().unwrap_err().kind == Kind::Overloaded)
    );
    let accounts = scene.count(&sql::COUNT_ACCOUNTS).await;
    assert_eq!(usize::try_from(accounts).unwrap(), made.len());
    assert!(!made.is_empty());
}
