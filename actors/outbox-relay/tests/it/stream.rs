//! The stream as a consumer sees it.

use std::{collections::BTreeMap, time::Duration};

use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, pull},
    stream::{Config, Stream},
};
use contract::ids::OrganisationId;
use futures_util::StreamExt as _;
use serde_json::Value;

use crate::house::House;

/// A message of the stream.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) subject: String,
    pub(crate) id: String,
    pub(crate) body: Value,
}

/// Makes the stream beforehand, with the shortest memory for message ids that a server allows: what
/// keeps events from being there twice is then the relay alone.
pub(crate) async fn make_forgetful(nats: &str) {
    let wanted = Config {
        name: "USHER_EVENTS".to_owned(),
        subjects: vec!["usher.events.v1.>".to_owned()],
        duplicate_window: Duration::from_millis(100),
        ..Config::default()
    };
    context(nats).await.create_stream(wanted).await.unwrap();
}

pub(crate) async fn context(nats: &str) -> jetstream::Context {
    jetstream::new(async_nats::connect(nats).await.unwrap())
}

pub(crate) async fn stream(nats: &str) -> Stream {
    context(nats)
        .await
        .get_stream("USHER_EVENTS")
        .await
        .unwrap()
}

/// Every message of the stream, in order.
pub(crate) async fn read(nats: &str) -> Vec<Seen> {
    let stream = stream(nats).await;
    let count = stream.cached_info().state.messages;
    let consumer = stream
        .create_consumer(pull::Config {
            ack_policy: AckPolicy::None,
            ..pull::Config::default()
        })
        .await
        .unwrap();
    let messages = consumer.stream().messages().await.unwrap();
    let seen = messages.take(usize::try_from(count).unwrap());
    seen.map(|message| {
        let message = message.unwrap();
        let id = message.headers.as_ref().unwrap().get("Nats-Msg-Id");
        Seen {
            subject: message.subject.to_string(),
            id: id.unwrap().to_string(),
            body: serde_json::from_slice(&message.payload).unwrap(),
        }
    })
    .collect()
    .await
}

/// The stream holds exactly the events of the database, each once, each organisation's in order.
pub(crate) async fn holds_exactly_the_events(house: &House, nats: &str) {
    let mut wanted: BTreeMap<OrganisationId, Vec<(String, String)>> = BTreeMap::new();
    for (organisation, seq, name) in house.events().await {
        wanted.entry(organisation).or_default().push((
            format!("{organisation}-{seq}"),
            format!("usher.events.v1.{organisation}.{name}"),
        ));
    }
    let mut found: BTreeMap<OrganisationId, Vec<(String, String)>> = BTreeMap::new();
    for seen in read(nats).await {
        assert_eq!(seen.body["id"], seen.id);
        let organisation = seen.subject.split('.').nth(3).unwrap().parse().unwrap();
        found
            .entry(organisation)
            .or_default()
            .push((seen.id, seen.subject));
    }
    assert_eq!(found, wanted);
    assert_eq!(house.behind().await, 0, "everything is noted");
}
