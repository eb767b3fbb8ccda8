//! An actor is away, and what does not need it goes on.

use reqwest::{Client, StatusCode};
use serde_json::json;
use testkit::{BusKind, Engine};

use crate::{institution::Institution, node::Ground, person::Person};

const ALL_BUT_ADMIN: [&str; 8] = [
    "edge", "links", "invites", "courier", "people", "roster", "seats", "relay",
];

#[tokio::test]
async fn who_signs_in_with_a_key_is_in_while_kept_answers_are_away() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Nats);
    let node = ground.start_with(&ALL_BUT_ADMIN, &[]);
    let admin = ground.start_with(&["admin"], &[]);
    let (_, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let person = Person::at("ann@hill.edu");
    person.join(&node.browser(), &link.url).await;
    drop(admin);

    // Whether it was answered before, nobody knows; to sign in once more is safe.
    for _ in 0..2 {
        let request = Client::new().post(format!("{}/api/v1/session", node.http));
        let request = request.header("idempotency-key", "once");
        let body = json!({ "email": person.email, "password": person.password });
        let opened = request.json(&body).send().await.unwrap();
        assert_eq!(opened.status(), StatusCode::CREATED);
    }
}
