//! What another client of the same NATS sees of a node, and what it may not do.

use std::collections::BTreeMap;

use async_nats::Client;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use testkit::{BusKind, Engine};
use tokio::time::timeout;

use crate::{
    institution::Institution,
    node::{Ground, PATIENCE},
    person::Person,
};

const ACTORS: [&str; 8] = [
    "admin-directory",
    "http-edge",
    "invite-dispatcher",
    "link-registry",
    "outbox-relay",
    "people",
    "roster",
    "seat-pool",
];

async fn stranger(ground: &Ground) -> Client {
    let url = ground.nats.as_ref().unwrap().url();
    async_nats::connect(url).await.unwrap()
}

/// What every actor says of itself, by name.
async fn introductions(client: &Client, verb: &str) -> BTreeMap<String, Value> {
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.unwrap();
    let subject = format!("$SRV.{verb}");
    let asked = client.publish_with_reply(subject, inbox, "".into());
    asked.await.unwrap();
    let mut told = BTreeMap::new();
    let all = async {
        while told.len() < ACTORS.len() {
            let answer = answers.next().await.unwrap();
            let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
            told.insert(answer["name"].as_str().unwrap().to_owned(), answer);
        }
    };
    let waited = timeout(PATIENCE, all).await;
    assert!(waited.is_ok(), "only {:?} answered", told.keys());
    told
}

#[tokio::test]
async fn any_client_finds_every_actor_and_what_it_has_done() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Nats);
    let node = ground.start();
    let (_, link) = Institution::with_link(&ground, &node, 1, &[("max_uses", "1")]).await;
    for number in 1..=2 {
        Person::numbered(number)
            .post(&crate::person::crowd_client(), &link.url)
            .await
            .unwrap();
    }
    let client = stranger(&ground).await;
    let told = introductions(&client, "INFO").await;
    assert!(told.keys().eq(ACTORS), "{:?}", told.keys());

    let told = introductions(&client, "STATS").await;
    let endpoints = told["seat-pool"]["endpoints"].as_array().unwrap();
    let mut endpoints = endpoints.iter();
    let admit = endpoints.find(|one| one["subject"] == "usher.v1.seats.admit");
    let admit = admit.unwrap();
    assert_eq!(
        admit["num_requests"], 1,
        "who came too late is refused at the door"
    );
    assert_eq!(admit["num_errors"], 0);
    assert!(admit["processing_time"].as_u64().unwrap() > 0, "{admit}");
}

#[tokio::test]
async fn a_stranger_who_asks_an_actor_directly_is_refused() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Nats);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 1, &[]).await;
    let client = stranger(&ground).await;
    let organisation = &institution.id;
    for (subject, body) in [
        (
            "usher.v1.users.list",
            json!({ "organisation": organisation }),
        ),
        (
            "usher.v1.links.rotate",
            json!({ "organisation": organisation, "link_id": link.id }),
        ),
        ("usher.v1.people.enrol", Person::numbered(1).registration()),
    ] {
        let asked = client.request(subject, body.to_string().into());
        let answer = timeout(PATIENCE, asked).await.unwrap().unwrap();
        let headers = answer.headers.unwrap_or_default();
        let code = headers
            .get("Nats-Service-Error-Code")
            .map(ToString::to_string);
        assert_eq!(code.as_deref(), Some("401"), "{subject}");
    }
    assert_eq!(node.browser().open(&link.url).await.status, 200);
    assert_eq!(institution.people("").await.len(), 0);
}
