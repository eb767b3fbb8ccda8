//! The installation's own secrets are made once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use rstest::rstest;
use testkit::Engine;

use crate::{scene::Scene, sql};

#[rstest]
#[tokio::test]
async fn keys_are_made_once_also_when_several_nodes_race(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let one = Scene::open(engine).await;
    let (two, three) = (one.another_node().await, one.another_node().await);
    let nodes = [&one, &two, &three];
    let made = async |scene: &Scene| {
        scene.database.ensure_keys().await.unwrap();
        let bus = scene.database.key("bus").await.unwrap();
        let sealing = scene.database.key("sealing").await.unwrap();
        (bus.expose().to_owned(), sealing.expose().to_owned())
    };
    let first: BTreeSet<_> = join_all(nodes.map(made)).await.into_iter().collect();
    assert_eq!(first.len(), 1, "everybody has the same keys");
    let again: BTreeSet<_> = join_all(nodes.map(made)).await.into_iter().collect();
    assert_eq!(again, first, "they stay");
    let (bus, sealing) = first.first().unwrap();
    assert_ne!(bus, sealing);
    // 32 bytes in base64url.
    assert_eq!((bus.len(), sealing.len()), (43, 43));
    assert_eq!(one.lines(&sql::KEYS).await, ["bus", "sealing"]);
}

#[rstest]
#[tokio::test]
async fn two_installations_have_nothing_in_common(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut keys = BTreeSet::new();
    for _ in 0..2 {
        let scene = Scene::open(engine).await;
        scene.database.ensure_keys().await.unwrap();
        for name in ["bus", "sealing"] {
            keys.insert(scene.database.key(name).await.unwrap().expose().to_owned());
        }
    }
    assert_eq!(keys.len(), 4);
}

#[rstest]
#[tokio::test]
async fn a_key_that_was_not_made_is_an_error(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    assert!(scene.database.key("bus").await.is_err());
}
