//! Signing in, being signed in, signing out.

use std::time::Duration;

use contract::{
    Kind, Role,
    administrators::{SessionOpened, SignOutAdministrator},
};
use futures_util::future::join;
use rstest::rstest;
use testkit::{Engine, eventually};

use crate::{
    scene::{PASSWORD, Scene},
    sql,
};

/// Long enough for a busy machine; nothing takes it when all is well.
const SOON: Duration = Duration::from_secs(20);

impl Scene {
    /// Ann, an owner with a password.
    async fn ann(&self) -> SessionOpened {
        let uni = self.organisation("Uni").await;
        let made = self
            .appoint(uni.id, "ann@x.edu", Role::Owner)
            .await
            .unwrap();
        self.set_up(&made.setup_token.unwrap(), PASSWORD)
            .await
            .unwrap()
    }
}

#[rstest]
#[actix_rt::test]
async fn an_unknown_address_is_refused_like_a_wrong_password(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.ann().await;
    let uni = scene.organisation("Another").await;
    scene
        .appoint(uni.id, "new@x.edu", Role::Owner)
        .await
        .unwrap();
    let rows = scene.rows().await;
    let wrong = scene
        .sign_in("ann@x.edu", "wrong horse battery")
        .await
        .unwrap_err();
    assert_eq!(wrong.kind, Kind::SignInRefused);
    assert_eq!(
        wrong,
        scene.sign_in("nobody@x.edu", PASSWORD).await.unwrap_err()
    );
    assert_eq!(
        wrong,
        scene.sign_in("new@x.edu", PASSWORD).await.unwrap_err()
    );
    assert_eq!(wrong, scene.sign_in("ann@x.edu", "").await.unwrap_err());
    assert_eq!(
        wrong,
        scene
            .sign_in("ann@x.edu", &"x".repeat(100_000))
            .await
            .unwrap_err()
    );
    assert_eq!(scene.rows().await, rows);
}

#[rstest]
#[actix_rt::test]
async fn every_refused_sign_in_costs_one_hash_so_that_its_time_tells_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.ann().await;
    let uni = scene.organisation("Another").await;
    let new = scene.appoint(uni.id, "new@x.edu", Role::Owner).await;
    new.unwrap();
    for (email, password) in [
        ("ann@x.edu", "wrong horse battery"),
        ("nobody@x.edu", PASSWORD),
        ("new@x.edu", PASSWORD),
    ] {
        let before = scene.passwords.made();
        scene.sign_in(email, password).await.unwrap_err();
        assert_eq!(scene.passwords.made() - before, 1, "{email}");
    }
}

#[rstest]
#[actix_rt::test]
async fn a_password_that_dies_while_it_is_looked_at_opens_no_session(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.ann().await;
    // A reset that has the administrator, and is not done yet.
    let mut reset = scene.begin().await;
    sql::LOCK.query().execute(&mut reset).await.unwrap();
    let made = scene.passwords.made();
    let finish = async {
        eventually(SOON, "the password is right", async || {
            scene.passwords.made() > made
        })
        .await;
        let set = sql::REPLACE_PASSWORD.query();
        set.execute(&mut reset).await.unwrap();
        reset.commit().await.unwrap();
    };
    let (signed_in, ()) = join(scene.sign_in("ann@x.edu", PASSWORD), finish).await;
    assert_eq!(signed_in.unwrap_err().kind, Kind::SignInRefused);
    let rows = scene.rows().await;
    let sessions = rows.iter().filter(|row| row.starts_with("session "));
    assert_eq!(sessions.count(), 1, "the one that the set-up opened");
}

#[rstest]
#[actix_rt::test]
async fn a_session_ends_after_twelve_hours(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let session = scene.ann().await;
    scene.clock.advance_seconds(12 * 3_600 - 1);
    assert!(scene.whose(&session).await.is_ok());
    scene.clock.advance_seconds(1);
    assert_eq!(
        scene.whose(&session).await.unwrap_err().kind,
        Kind::Unauthenticated
    );
    scene.sign_in("ann@x.edu", PASSWORD).await.unwrap();
    let rows = scene.rows().await;
    assert_eq!(
        rows.iter()
            .filter(|row| row.starts_with("session "))
            .count(),
        1
    );
}

#[rstest]
#[actix_rt::test]
async fn signing_out_ends_one_session_and_twice_is_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (here, there) = (
        scene.ann().await,
        scene.sign_in("ann@x.edu", PASSWORD).await.unwrap(),
    );
    for _ in 0..2 {
        scene
            .ask(SignOutAdministrator {
                token: here.token.clone(),
                everywhere: false,
            })
            .await
            .unwrap();
    }
    assert_eq!(
        scene.whose(&here).await.unwrap_err().kind,
        Kind::Unauthenticated
    );
    assert!(scene.whose(&there).await.is_ok());
    let rows = scene.rows().await;
    assert_eq!(
        rows.iter()
            .filter(|row| row.contains(" administrator.sign-out "))
            .count(),
        1
    );
}

#[rstest]
#[actix_rt::test]
async fn no_secret_is_kept_as_it_is(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let scene = Scene::open(engine).await;
    let session = scene.ann().await;
    let rows = scene.rows().await;
    let action = |action: &str| rows.iter().any(|row| row.contains(action));
    assert!(
        action(" administrator.create ") && action(" administrator.set-up "),
        "{rows:#?}"
    );
    assert!(rows.iter().all(|row| !row.contains(session.token.expose())));
    assert!(rows.iter().all(|row| !row.contains(PASSWORD)));
    assert!(rows.iter().any(|row| row.contains("$argon2id$")));
}
