//! What one process at a time does, by the database's own clock.

use std::time::Duration;

use futures_util::future::join_all;
use rstest::rstest;
use testkit::{Engine, eventually};

use crate::scene::Scene;

#[rstest]
#[tokio::test]
async fn a_lease_has_one_holder_who_may_renew_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (one, name) = (Scene::open(engine).await, "relay");
    let two = one.another_node().await;
    assert!(one.db.take_lease(name, "one", 60).await.unwrap());
    assert!(!two.db.take_lease(name, "two", 60).await.unwrap());
    assert!(one.db.take_lease(name, "one", 60).await.unwrap());
    assert!(two.db.take_lease("another", "two", 60).await.unwrap());
    two.db.release_lease(name, "two").await.unwrap();
    assert!(
        !two.db.take_lease(name, "two", 60).await.unwrap(),
        "it was not two's to give"
    );
    one.db.release_lease(name, "one").await.unwrap();
    assert!(two.db.take_lease(name, "two", 60).await.unwrap());
    assert!(!one.db.take_lease(name, "one", 60).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn of_many_who_want_a_lease_one_gets_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let one = Scene::open(engine).await;
    let two = one.another_node().await;
    let names: Vec<_> = (0..10).map(|number| format!("holder-{number}")).collect();
    let nodes = [&one, &two].into_iter().cycle();
    let take = names
        .iter()
        .zip(nodes)
        .map(|(holder, scene)| scene.db.take_lease("relay", holder, 60));
    let taken = join_all(take).await.into_iter().map(Result::unwrap);
    assert_eq!(taken.filter(|taken| *taken).count(), 1);
}

#[rstest]
#[tokio::test]
async fn a_lease_that_is_over_is_taken_over_and_its_old_holder_does_without(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let one = Scene::open(engine).await;
    // The clocks of both stand still; that time passes is the database's doing.
    let two = one.another_node().await;
    assert!(one.db.take_lease("relay", "one", 1).await.unwrap());
    let take_over = async || two.db.take_lease("relay", "two", 60).await.unwrap();
    assert!(!take_over().await, "it is not over yet");
    eventually(Duration::from_secs(10), "the lease is over", take_over).await;
    assert!(!one.db.take_lease("relay", "one", 60).await.unwrap());
    one.db.release_lease("relay", "one").await.unwrap();
    assert!(
        !one.db.take_lease("relay", "one", 60).await.unwrap(),
        "it is two's still"
    );
}
