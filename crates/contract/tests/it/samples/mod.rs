//! A sample of every message and of every reply, with each of their variants.
//!
//! They are struct literals on purpose: a new field does not compile until it has a value here.

mod accounts;
mod batches;
mod directory;
mod events;
mod invites;
mod links;
mod offices;
mod people;
mod places;
mod seats;
mod suppressions;
mod users;

use contract::{
    Call, EmailAddress, Secret, Timestamp,
    ids::Ulid,
    text::{Name, PersonName, Tag},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

pub(crate) use self::events::events;

/// A value as it crosses the bus, and what the other end makes of it.
pub(crate) struct Wire {
    /// What is sent.
    pub(crate) json: Value,
    read: fn(&Value) -> serde_json::Result<Value>,
}

impl Wire {
    pub(crate) fn of<T: Serialize + DeserializeOwned>(value: T) -> Self {
        Self {
            json: serde_json::to_value(value).unwrap(),
            read: |json| {
                let bytes = serde_json::to_vec(json)?;
                serde_json::to_value(serde_json::from_slice::<T>(&bytes)?)
            },
        }
    }

    /// Reads `json` as a value of this type, and writes that again.
    pub(crate) fn read(&self, json: &Value) -> serde_json::Result<Value> {
        (self.read)(json)
    }
}

/// The samples of a message.
pub(crate) struct Sample {
    pub(crate) subject: &'static str,
    pub(crate) messages: Vec<Wire>,
    pub(crate) replies: Vec<Wire>,
}

fn sample<M: Call>(
    messages: impl IntoIterator<Item = M>,
    replies: impl IntoIterator<Item = M::Reply>,
) -> Sample {
    Sample {
        subject: M::SUBJECT,
        messages: messages.into_iter().map(Wire::of).collect(),
        replies: replies.into_iter().map(Wire::of).collect(),
    }
}

/// Every sample there is.
pub(crate) fn all() -> Vec<Sample> {
    [
        directory::samples(),
        offices::samples(),
        links::samples(),
        seats::samples(),
        places::samples(),
        people::samples(),
        accounts::samples(),
        users::samples(),
        batches::samples(),
        invites::samples(),
        suppressions::samples(),
        events::samples(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// 2026-11-24T12:00:00Z.
const NOON: Timestamp = Timestamp::from_micros(1_795_521_600_000_000);

/// The same id in every run.
fn id<T>(of: fn(Ulid) -> T) -> T {
    of(Ulid::from_parts(NOON.millis(), 7))
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn person(text: &str) -> PersonName {
    PersonName::parse(text).unwrap()
}

fn tag(text: &str) -> Tag {
    Tag::parse(text).unwrap()
}

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn secret() -> Secret {
    Secret::new("a-secret")
}
