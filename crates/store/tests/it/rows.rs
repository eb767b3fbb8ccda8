//! What is bound comes back; what does not fit is an error that names the column.

use contract::{EmailAddress, Timestamp, ids::LinkId, text::Name};
use rstest::rstest;
use serde_json::json;
use store::{Row, StoreError};
use testkit::Engine;

use crate::{scene::Scene, sql};

async fn echo(scene: &Scene, words: Option<&str>, number: Option<i64>) -> Row {
    let mut reader = scene.db.read().await.unwrap();
    sql::ECHO
        .bind(words)
        .bind(number)
        .fetch_one(&mut reader)
        .await
        .unwrap()
}

/// Which column was refused.
fn refused<T: std::fmt::Debug>(read: Result<T, StoreError>) -> String {
    match read.unwrap_err() {
        StoreError::BadRow { column, .. } => column,
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[tokio::test]
async fn words_and_numbers_come_back_as_they_were(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let words = "it's \"quoted\" \\ ; -- $1 \u{1f393} \n";
    for number in [i64::MIN, -1, 0, i64::MAX] {
        let row = echo(&scene, Some(words), Some(number)).await;
        assert_eq!(row.get::<String>("words").unwrap(), words);
        assert_eq!(row.get::<i64>("number").unwrap(), number);
        let at = row.get::<Timestamp>("number").unwrap();
        assert_eq!(at, Timestamp::from_micros(number));
    }
}

#[rstest]
#[tokio::test]
async fn rows_in_bulk_come_back_in_their_order(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let rows: Vec<_> = (0..500_i64)
        .map(|number| json!({"words": format!("it's \"{number}\" \u{e9}"), "number": number}))
        .collect();
    let mut reader = scene.db.read().await.unwrap();
    let read = sql::ECHO_ROWS
        .bind_rows(&rows)
        .fetch_all(&mut reader)
        .await
        .unwrap();
    let read: Vec<_> = read
        .iter()
        .map(|row| {
            let words: String = row.get("words").unwrap();
            json!({"words": words, "number": row.get::<i64>("number").unwrap()})
        })
        .collect();
    assert_eq!(read, rows);
}

#[rstest]
#[tokio::test]
async fn null_is_none_and_nothing_else(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let scene = Scene::open(engine).await;
    let row = echo(&scene, None, None).await;
    assert_eq!(row.get::<Option<String>>("words").unwrap(), None);
    assert_eq!(row.get::<Option<Name>>("words").unwrap(), None);
    assert_eq!(row.get::<Option<u64>>("number").unwrap(), None);
    assert_eq!(refused(row.get::<String>("words")), "words");
    assert_eq!(refused(row.get::<u64>("number")), "number");
}

#[rstest]
#[tokio::test]
async fn a_column_that_breaks_a_rule_is_refused_by_name_and_not_quoted(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let row = echo(&scene, Some("hunter2"), Some(-1)).await;
    assert_eq!(refused(row.get::<u64>("number")), "number");
    assert_eq!(refused(row.get::<LinkId>("words")), "words");
    assert_eq!(refused(row.get::<EmailAddress>("words")), "words");
    assert_eq!(refused(row.json::<Vec<String>>("words")), "words");
    assert_eq!(refused(row.get::<String>("nowhere")), "nowhere");
    let error = row.get::<LinkId>("words").unwrap_err();
    assert!(!format!("{error:?} {error}").contains("hunter2"));
}

#[rstest]
#[tokio::test]
async fn a_number_beyond_the_columns_is_refused_before_it_is_sent(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut reader = scene.db.read().await.unwrap();
    let sent = sql::ECHO
        .bind("words")
        .bind(u64::MAX)
        .fetch_all(&mut reader)
        .await;
    assert!(matches!(sent, Err(StoreError::Parameter(_))), "{sent:?}");
}
