//! Somebody is erased, by all who know them.

use std::time::Duration;

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{BusKind, Engine, eventually};
use tokio::time::timeout;

use crate::{
    institution::Institution,
    node::{Ground, PATIENCE},
    person::Person,
    program::Program,
};

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn whoever_is_erased_is_forgotten_by_all_and_may_come_again(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let ann = Person::at("ann@hill.edu");
    ann.join(&node.browser(), &link.url).await;
    let mut program = Program::of(&ground, &node, &institution);
    let at = format!("/organisations/{}", institution.id);
    let list = json!({
        "link_id": link.id, "addresses": "ann@hill.edu bob@hill.edu", "dry_run": true
    });
    let (status, batch) = program
        .send(Method::POST, &format!("{at}/invites"), &list)
        .await;
    assert_eq!(status, 202, "{batch}");
    let rows = format!("{at}/batches/{}/rows", batch["batch_id"].as_str().unwrap());
    let given = |rows: &[Value]| {
        let given = rows.iter().map(|row| row["input"].as_str().unwrap());
        given.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = given(&program.all(&rows).await);
    assert_eq!(before, ["ann@hill.edu", "bob@hill.edu"]);
    let users = program.all(&format!("{at}/users")).await;
    let user = format!("{at}/users/{}", users[0]["id"].as_str().unwrap());
    let (status, _) = program.send(Method::DELETE, &user, &Value::Null).await;
    assert_eq!(status, 204);
    drop(node);

    // Whoever forgets looks when they begin, and then once a minute; one goes on where another has ended.
    let mut node = ground.start();
    program = program.at(&node);
    eventually(PATIENCE, "their mail is forgotten", async || {
        given(&program.all(&rows).await) == ["", "bob@hill.edu"]
    })
    .await;
    for _ in 0..10 {
        drop(node);
        node = ground.start();
        program = program.at(&node);
        let forgotten = eventually(PATIENCE, "the account is forgotten", async || {
            let trail = program.all(&format!("{at}/audit")).await;
            let mut did = trail.iter().map(|entry| &entry["action"]);
            did.any(|action| action == "account.delete")
        });
        if timeout(Duration::from_secs(5), forgotten).await.is_ok() {
            break;
        }
    }
    let trail = program.all(&format!("{at}/audit")).await;
    let trail = json!(trail).to_string();
    assert!(trail.contains("account.delete"));
    assert!(!trail.contains("ann@hill.edu"));

    let again = Person {
        password: "another one that nobody guesses".to_owned(),
        ..ann
    };
    again.join(&node.browser(), &link.at(&node)).await;
    let users = program.all(&format!("{at}/users")).await;
    assert_eq!(users[0]["email"], "ann@hill.edu");
    assert_eq!(assigned(&program, &at).await, 1);
}

/// How many seats are assigned.
async fn assigned(program: &Program, at: &str) -> u64 {
    let plans = program.all(&format!("{at}/plans")).await;
    plans[0]["seats"]["assigned"].as_u64().unwrap()
}
