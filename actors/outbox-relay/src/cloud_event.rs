//! An event as it leaves the house: CloudEvents 1.0, structured JSON.

use bytes::Bytes;
use contract::{Timestamp, ids::OrganisationId};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Row, StoreError};

/// The content type of the message.
pub(crate) const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The fields that can name what an event is about, the most particular first.
const ABOUT: [&str; 3] = ["membership_id", "link_id", "plan_id"];

/// An event that is ready to be published.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) organisation: OrganisationId,
    pub(crate) seq: u64,
    name: String,
    pub(crate) payload: Bytes,
}

#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    subject: &'a str,
    time: Timestamp,
    datacontenttype: &'static str,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    organisation_id: OrganisationId,
    seq: u64,
    #[serde(flatten)]
    ids: &'a Map<String, Value>,
}

impl Outgoing {
    /// From a row of `events`. Its body is passed on as it is, also when a newer node wrote it.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        let (organisation, seq) = (row.get("organisation_id")?, row.get("seq")?);
        let name: String = row.get("name")?;
        let mut ids: Map<String, Value> = row.json("body")?;
        ids.remove("type");
        let about = ABOUT
            .iter()
            .find_map(|field| ids.get(*field).and_then(Value::as_str));
        let whole = OrganisationId::to_string(&organisation);
        let event = CloudEvent {
            specversion: "1.0",
            id: message_id(organisation, seq),
            source: format!("/organisations/{organisation}"),
            kind: format!("usher.events.v1.{name}"),
            subject: about.unwrap_or(&whole),
            time: row.get("at")?,
            datacontenttype: "application/json",
            data: Data {
                organisation_id: organisation,
                seq,
                ids: &ids,
            },
        };
        let payload = serde_json::to_vec(&event)
            .map_err(|_| row.bad("body", "cannot be written as a CloudEvent"))?;
        Ok(Self {
            organisation,
            seq,
            name,
            payload: payload.into(),
        })
    }

    /// Where it is published.
    pub(crate) fn subject(&self) -> String {
        format!("usher.events.v1.{}.{}", self.organisation, self.name)
    }

    /// What makes it known again.
    pub(crate) fn id(&self) -> String {
        message_id(self.organisation, self.seq)
    }
}

/// The id of an event, of its message too.
fn message_id(organisation: OrganisationId, seq: u64) -> String {
    format!("{organisation}-{seq}")
}

/// The number in the id of a message of an organisation.
pub(crate) fn seq_in(id: &str, organisation: OrganisationId) -> Option<u64> {
    let (of, seq) = id.rsplit_once('-')?;
    (of.parse() == Ok(organisation)).then(|| seq.parse().ok())?
}
