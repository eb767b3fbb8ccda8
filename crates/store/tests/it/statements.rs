//! Every statement is one that both engines understand.

use std::collections::BTreeSet;

use rstest::rstest;
use store::StoreError;
use testkit::Engine;

use crate::{scene::Scene, sql};

store::statements! {
    /// A table that nobody has.
    NOWHERE = "select id from nowhere";
}

#[rstest]
#[tokio::test]
async fn every_own_statement_prepares(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let scene = Scene::open(engine).await;
    let mut reader = scene.db.read().await.unwrap();
    for statement in store::own_statements().iter().chain(sql::STATEMENTS) {
        let prepared = statement.prepare(&mut reader).await;
        prepared.unwrap_or_else(|error| panic!("{}: {error:?}", statement.name()));
    }
}

#[rstest]
#[tokio::test]
async fn a_statement_that_is_wrong_does_not_prepare(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let refused = NOWHERE.prepare(&mut scene.db.read().await.unwrap()).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(
            refused,
            StoreError::Statement {
                statement: "NOWHERE",
                ..
            }
        ),
        "{refused:?}"
    );
    assert!(!refused.is_transient());
}

#[test]
fn every_own_statement_is_in_the_list() {
    let mut written = BTreeSet::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let Some((_, own)) = text.split_once("crate::statements! { own") else {
            continue;
        };
        let (own, _) = own.split_once("\n}").unwrap();
        for line in own.lines() {
            if let Some(rest) = line.trim().strip_prefix("pub(crate) ") {
                written.insert(rest.split(' ').next().unwrap().to_owned());
            }
        }
    }
    let listed = store::own_statements()
        .iter()
        .map(|own| own.name().to_owned())
        .collect();
    assert_eq!(written, listed);
}
