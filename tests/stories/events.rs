//! What happened, for programs that follow: the feed on every set-up, the stream where the bus is NATS.

use std::collections::BTreeMap;

use async_nats::jetstream;
use rstest::rstest;
use serde_json::Value;
use testkit::{BusKind, Engine, eventually, eventually_some};

use crate::{
    institution::Institution,
    node::{Ground, PATIENCE},
    person::{Person, join_at_once},
    program::Program,
};

const STREAM: &str = "USHER_EVENTS";

/// The whole feed of an institution, a few events at a time.
async fn feed(program: &Program, institution: &Institution) -> Vec<Value> {
    let mut events = Vec::new();
    let mut after = 0;
    loop {
        let path = format!(
            "/organisations/{}/events?limit=7&after={after}",
            institution.id
        );
        let page = program.get(&path).await;
        let items = page["items"].as_array().unwrap();
        if items.is_empty() {
            return events;
        }
        events.extend(items.iter().cloned());
        after = page["next_after"].as_u64().unwrap();
    }
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

fn numbers(events: &[Value]) -> Vec<u64> {
    events
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect()
}

#[rstest]
#[tokio::test]
async fn the_feed_tells_what_happened_in_order_and_without_a_gap(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 1, &[]).await;
    let program = Program::of(&ground, &node, &institution);
    let (visitor, person) = (node.browser(), Person::numbered(1));
    let page = person.join(&visitor, &link.url).await;
    Person::numbered(2).join(&node.browser(), &link.url).await;
    let form = page.form("/proofs/code");
    let code = person.letter(&ground).await.code;
    visitor.submit(&page, &form.fill("code", &code)).await;
    institution.press(&link, "rotate").await;
    institution.press(&link, "disable").await;

    let events = feed(&program, &institution).await;
    assert_eq!(
        kinds(&events),
        [
            "organisation-created",
            "plan-created",
            "link-created",
            "seat-assigned",
            "seat-awaited",
            "proof-settled",
            "link-rotated",
            "link-disabled",
        ]
    );
    assert_eq!(numbers(&events), [1, 2, 3, 4, 5, 6, 7, 8]);
    let told = Value::from(events).to_string();
    for personal in [&person.email, &person.first_name, &person.last_name] {
        assert!(!told.contains(personal.as_str()), "{told}");
    }
    assert!(told.contains(&link.id));
}

/// Every message of the stream, as CloudEvents, by institution.
async fn stream(ground: &Ground) -> BTreeMap<String, Vec<Value>> {
    let client = async_nats::connect(ground.nats.as_ref().unwrap().url()).await;
    let context = jetstream::new(client.unwrap());
    let mut told = BTreeMap::<String, Vec<Value>>::new();
    let Ok(stream) = context.get_stream(STREAM).await else {
        return told;
    };
    for number in 1..=stream.cached_info().state.last_sequence {
        let message = stream.get_raw_message(number).await.unwrap();
        let event: Value = serde_json::from_slice(&message.payload).unwrap();
        let institution = event["data"]["organisation_id"].as_str().unwrap();
        let kind = event["type"].as_str().unwrap().rsplit('.').next().unwrap();
        let subject = format!("usher.events.v1.{institution}.{kind}");
        assert_eq!(message.subject.as_str(), subject);
        told.entry(institution.to_owned()).or_default().push(event);
    }
    told
}

#[rstest]
#[tokio::test]
async fn the_stream_holds_each_event_once_and_in_order_also_when_a_node_and_nats_are_killed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let mut ground = Ground::new(engine, BusKind::Nats);
    let mut node = ground.start();
    let (one, link) = Institution::with_link(&ground, &node, 30, &[]).await;
    let (other, other_link) = Institution::with_link(&ground, &node, 30, &[]).await;
    let people: Vec<Person> = (0..60).map(Person::numbered).collect();
    join_at_once(&people[..20], &[&link.url, &other_link.url]).await;
    eventually(PATIENCE, "events reach the stream", async || {
        !stream(&ground).await.is_empty()
    })
    .await;

    // the relay dies with its node, wherever it was
    node.process.sigkill();
    node = ground.start();
    let urls = [link.at(&node), other_link.at(&node)];
    join_at_once(&people[20..40], &[&urls[0], &urls[1]]).await;
    // and nats-server, whatever it had acknowledged
    ground.nats.as_mut().unwrap().restart();
    eventually(PATIENCE, "the node is ready again", async || {
        node.ops("/readyz").await.0 == 200
    })
    .await;
    for person in &people[40..] {
        let client = crate::person::crowd_client();
        eventually_some(PATIENCE, "a definite answer", async || {
            let answer = person.post(&client, &urls[0]).await.ok()?;
            answer.is_definite().then_some(())
        })
        .await;
    }

    for institution in [one, other] {
        let program = Program::of(&ground, &node, &institution);
        let events = feed(&program, &institution).await;
        let expected: Vec<(u64, String)> = events
            .iter()
            .map(|event| {
                (
                    event["seq"].as_u64().unwrap(),
                    event["type"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        assert!(expected.len() >= 3 + 20, "{expected:?}");
        let told = eventually_some(PATIENCE, "every event is in the stream", async || {
            let told = stream(&ground).await.remove(&institution.id)?;
            (told.len() >= expected.len()).then_some(told)
        })
        .await;
        let told: Vec<(u64, String)> = told
            .iter()
            .map(|event| {
                let kind = event["type"].as_str().unwrap();
                let kind = kind.strip_prefix("usher.events.v1.").unwrap();
                (event["data"]["seq"].as_u64().unwrap(), kind.to_owned())
            })
            .collect();
        assert_eq!(told, expected);
    }
}
