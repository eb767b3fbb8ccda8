//! The operator's tokens, and the organisations there are, from the command line.

use contract::ids::{OrganisationId, TokenId, Ulid};
use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use testkit::{BusKind, Engine};

use crate::{node::Ground, program::Program};

store::statements! {
    /// So many tokens of the operator.
    MANY = "
        insert into api_tokens (id, organisation_id, name, role, token_hash, created_at)
        select rows.value ->> 'id', null, 'old', 'owner', rows.value ->> 'id', 0
        from rows($1)";

    /// So many organisations.
    HILLS = "
        insert into organisations (id, name, product_url, policies, created_at)
        select rows.value ->> 'id', 'Hill', 'https://hill.edu/', '{}', 0
        from rows($1)";
}

#[derive(Serialize)]
struct Token {
    id: TokenId,
}

#[derive(Serialize)]
struct Hill {
    id: OrganisationId,
}

#[tokio::test]
async fn all_tokens_are_listed_and_whoever_makes_or_revokes_the_operators_is_told_by_the_log() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let _node = ground.start();
    let tokens: Vec<_> = (0..450)
        .map(|n| Token {
            id: TokenId::new(Ulid::from_parts(0, n)),
        })
        .collect();
    ground.change(MANY.bind_rows(&tokens)).await;
    let made = ground.try_usher(&["token", "create", "--name", "backup"], &[]);
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(said.contains("operator token made"), "{said}");
    let token = String::from_utf8_lossy(&made.stdout);
    assert!(!said.contains(token.trim()), "what it is called, not it");

    let listed = ground.usher(&["token", "list"]);
    let ids: Vec<_> = listed
        .lines()
        .map(|line| line.split('\t').next().unwrap())
        .collect();
    assert_eq!(ids.len(), 451);
    assert!(ids.is_sorted_by(|one, next| one > next), "the newest first");
    assert!(said.contains(ids[0]), "{said}");

    let revoked = ground.try_usher(&["token", "revoke", ids[450]], &[]);
    let said = String::from_utf8_lossy(&revoked.stderr);
    assert!(
        said.contains("operator token revoked") && said.contains(ids[450]),
        "{said}"
    );
}

#[tokio::test]
async fn a_token_of_the_operator_is_listed_and_revoked() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let until = ["--name", "backup", "--expires-at", "2999-01-31T12:00:00Z"];
    let token = ground.usher(&[&["token", "create"], &until[..]].concat());
    let program = Program::with(&node, &token);
    let look = || program.send(Method::GET, "/organisations", &Value::Null);
    assert_eq!(look().await.0, 200);

    let listed = ground.usher(&["token", "list"]);
    let columns: Vec<_> = listed.lines().next().unwrap().split('\t').collect();
    assert_eq!(columns[1..3], ["backup", "owner"]);
    assert_eq!(columns[4..], ["2999-01-31T12:00:00Z", "-"]);
    assert!(!listed.contains(&token));

    let revoked = ground.usher(&["token", "revoke", columns[0]]);
    assert!(!revoked.ends_with("\t-"), "{revoked}");
    assert_eq!(look().await.0, 401);
}

#[tokio::test]
async fn all_organisations_are_listed() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let hills: Vec<_> = (0..450)
        .map(|n| Hill {
            id: OrganisationId::new(Ulid::from_parts(0, n)),
        })
        .collect();
    ground.change(HILLS.bind_rows(&hills)).await;
    let listed = ground.usher(&["organisation", "list"]);
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 450);
    let first = format!("{}\tHill\t1970-01-01T00:00:00", hills[0].id);
    assert!(lines[0].starts_with(&first), "{}", lines[0]);
}
