//! A request that is sent again gets the answer it got.

use admin_directory::AttemptSweeper;
use contract::{
    Kind,
    idempotency::{Answer, Attempt, BeginAttempt, EndAttempt, FindAnswer, KeepAnswer},
    ids::AttemptId,
};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::Engine;

use crate::{scene::Scene, sql};

fn begin(body: &str) -> BeginAttempt {
    BeginAttempt {
        key_hash: "key".to_owned(),
        body_hash: body.to_owned(),
    }
}

fn answer(body: &str) -> Answer {
    Answer {
        status: 201,
        body: body.to_owned(),
        location: Some("/somewhere".to_owned()),
    }
}

fn end(attempt: AttemptId, answer: Option<Answer>) -> EndAttempt {
    EndAttempt {
        key_hash: "key".to_owned(),
        attempt,
        answer,
    }
}

async fn begun(scene: &Scene) -> AttemptId {
    match scene.ask(begin("body")).await.unwrap() {
        Attempt::Begun { attempt } => attempt,
        Attempt::Answered(answer) => unreachable!("{answer:?}"),
    }
}

#[rstest]
#[actix_rt::test]
async fn an_answer_is_given_again(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let scene = Scene::open(engine).await;
    let attempt = begun(&scene).await;
    let made = answer("{\"id\":1}");
    scene.ask(end(attempt, Some(made.clone()))).await.unwrap();
    for _ in 0..2 {
        let again = scene.ask(begin("body")).await.unwrap();
        assert_eq!(again, Attempt::Answered(made.clone()));
    }
}

#[rstest]
#[actix_rt::test]
async fn a_second_attempt_waits_for_the_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let attempt = begun(&scene).await;
    let refused = scene.ask(begin("body")).await.unwrap_err();
    assert_eq!(
        (refused.kind, refused.retry_after),
        (Kind::Conflict, Some(1))
    );
    scene.ask(end(attempt, None)).await.unwrap();
    assert_ne!(begun(&scene).await, attempt);
}

#[rstest]
#[actix_rt::test]
async fn a_key_belongs_to_one_body(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let scene = Scene::open(engine).await;
    let attempt = begun(&scene).await;
    for _ in 0..2 {
        let refused = scene.ask(begin("other")).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Invalid);
        assert_eq!(refused.errors[0].field, "Idempotency-Key");
        scene.ask(end(attempt, Some(answer("{}")))).await.unwrap();
    }
}

#[rstest]
#[actix_rt::test]
async fn a_crashed_attempt_is_in_doubt(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let scene = Scene::open(engine).await;
    let crashed = begun(&scene).await;
    scene.run(&sql::EXPIRE_ATTEMPTS).await;
    for _ in 0..2 {
        let refused = scene.ask(begin("body")).await.unwrap_err();
        assert_eq!((refused.kind, refused.retry_after), (Kind::Conflict, None));
        assert!(refused.detail.unwrap().contains("may or may not"));
    }
    let other = scene.ask(begin("other")).await.unwrap_err();
    assert_eq!(other.kind, Kind::Invalid);
    // one that was only slow ends the doubt
    scene.ask(end(crashed, Some(answer("{}")))).await.unwrap();
    let again = scene.ask(begin("body")).await.unwrap();
    assert_eq!(again, Attempt::Answered(answer("{}")));
}

fn find(body: &str) -> FindAnswer {
    FindAnswer {
        key_hash: "key".to_owned(),
        body_hash: body.to_owned(),
    }
}

fn keep(body: &str, made: &str) -> KeepAnswer {
    KeepAnswer {
        key_hash: "key".to_owned(),
        body_hash: body.to_owned(),
        answer: answer(made),
    }
}

#[rstest]
#[actix_rt::test]
async fn the_first_answer_that_is_kept_is_found_by_its_body_alone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    assert_eq!(scene.ask(find("body")).await.unwrap(), None);
    // of two at once the first is kept
    scene.ask(keep("body", "first")).await.unwrap();
    for late in ["body", "other"] {
        scene.ask(keep(late, "late")).await.unwrap();
        let found = scene.ask(find("body")).await.unwrap();
        assert_eq!(found, Some(answer("first")));
    }
    let refused = scene.ask(find("other")).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Invalid);
    assert_eq!(refused.errors[0].field, "Idempotency-Key");
}

#[rstest]
#[actix_rt::test]
async fn answers_are_kept_for_a_day(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let scene = Scene::open(engine).await;
    let attempt = begun(&scene).await;
    scene.ask(end(attempt, Some(answer("{}")))).await.unwrap();
    let mut sweeper = AttemptSweeper::new(scene.db.clone(), scene.clock.clone());
    assert!(matches!(sweeper.work().await.unwrap(), Pace::Rest(_)));
    assert_eq!(
        scene.ask(begin("body")).await.unwrap(),
        Attempt::Answered(answer("{}"))
    );
    scene.run(&sql::AGE_ATTEMPTS).await;
    assert_eq!(sweeper.work().await.unwrap(), Pace::Again);
    begun(&scene).await;
}
