//! The stream on NATS: made, looked at, written to. Nothing here needs more than nats-server 2.9.

use std::time::Duration;

use async_nats::{
    Client,
    connection::State,
    header::NATS_MESSAGE_ID,
    jetstream::{
        Context,
        context::{ContextBuilder, GetStreamByNameErrorKind, PublishAckFuture, PublishError},
        message::PublishMessage,
        stream::{Config, RawMessageErrorKind, RetentionPolicy, StorageType, Stream},
    },
};
use contract::{Kind, Problem, ids::OrganisationId};

use crate::cloud_event::{CONTENT_TYPE, Outgoing, seq_in};

/// The stream, and all that it covers.
const NAME: &str = "USHER_EVENTS";
const SUBJECTS: &str = "usher.events.v1.>";
/// What no stream may cover: it would answer requests before the actors do.
const REQUESTS: &str = "usher.v1.>";
/// How long an answer of the server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the stream did not do what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    #[error("the bus is not connected")]
    NotConnected,
    #[error("the stream {0} covers usher.v1.> and would answer requests: delete it")]
    Covered(String),
    #[error("the stream USHER_EVENTS must hold usher.events.v1.>, by limits, and nothing else")]
    Unfit,
    #[error("{0} failed")]
    Failed(
        &'static str,
        #[source] Box<dyn std::error::Error + Send + Sync>,
    ),
}

impl StreamError {
    fn failed<E: std::error::Error + Send + Sync + 'static>(
        what: &'static str,
    ) -> impl FnOnce(E) -> Self {
        move |error| Self::Failed(what, Box::new(error))
    }
}

impl From<StreamError> for Problem {
    fn from(error: StreamError) -> Self {
        let cause = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        match error {
            StreamError::Covered(_) | StreamError::Unfit => {
                tracing::error!(%error, "event stream");
            }
            _ => tracing::warn!(%error, cause, "event stream"),
        }
        Self::new(Kind::Unavailable)
    }
}

/// The stream as it is when it is opened.
pub(crate) struct EventStream {
    context: Context,
    stream: Stream,
}

/// How far a batch went.
pub(crate) struct Published {
    /// So many from the first on are in the stream.
    pub(crate) count: usize,
    /// The last sequence of the stream, when every event of the batch is in it as expected.
    pub(crate) position: Result<u64, StreamError>,
}

impl EventStream {
    /// Makes the stream if it is not there, refuses one that is not fit for events.
    pub(crate) async fn open(client: &Client, keep: Duration) -> Result<Self, StreamError> {
        if client.connection_state() != State::Connected {
            return Err(StreamError::NotConnected);
        }
        let context = ContextBuilder::new()
            .timeout(PATIENCE)
            .ack_timeout(PATIENCE)
            .build(client.clone());
        match context.stream_by_subject(REQUESTS).await {
            Ok(name) => return Err(StreamError::Covered(name)),
            Err(error) if error.kind() == GetStreamByNameErrorKind::NotFound => {}
            Err(error) => return Err(StreamError::failed("looking for streams")(error)),
        }
        let wanted = Config {
            name: NAME.to_owned(),
            description: Some("What has happened at Usher, in order".to_owned()),
            subjects: vec![SUBJECTS.to_owned()],
            storage: StorageType::File,
            retention: RetentionPolicy::Limits,
            max_age: keep,
            num_replicas: 1,
            ..Config::default()
        };
        let stream = context
            .get_or_create_stream(wanted)
            .await
            .map_err(StreamError::failed("opening the stream"))?;
        // How long it keeps them and on how many servers is the operator's to change.
        let found = &stream.cached_info().config;
        if found.subjects != [SUBJECTS] || found.retention != RetentionPolicy::Limits {
            return Err(StreamError::Unfit);
        }
        Ok(Self { context, stream })
    }

    /// The last sequence of the stream when it was opened.
    pub(crate) fn position(&self) -> u64 {
        self.stream.cached_info().state.last_sequence
    }

    /// The number of the last event of an organisation that is in the stream.
    pub(crate) async fn last_of(
        &self,
        organisation: OrganisationId,
    ) -> Result<Option<u64>, StreamError> {
        let subject = format!("usher.events.v1.{organisation}.>");
        let message = match self.stream.get_last_raw_message_by_subject(&subject).await {
            Ok(message) => message,
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(None),
            Err(error) => return Err(StreamError::failed("reading back")(error)),
        };
        let id = message.headers.get(NATS_MESSAGE_ID);
        let seq = id.and_then(|id| seq_in(id.as_str(), organisation));
        if seq.is_none() {
            let (subject, sequence) = (message.subject, message.sequence);
            tracing::error!(%subject, sequence, "the stream holds a message of somebody else");
        }
        Ok(seq)
    }

    /// Publishes events one behind the other after `position`: each is stored only if the one
    /// before it is the last in the stream. Their acknowledgements are awaited together.
    pub(crate) async fn publish(&self, events: &[Outgoing], position: u64) -> Published {
        let mut failure = None;
        let mut acks = Vec::with_capacity(events.len());
        for (event, expected) in events.iter().zip(position..) {
            match self.send(event, expected).await {
                Ok(ack) => acks.push(ack),
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        let (mut count, mut last) = (0, position);
        for ack in acks {
            match ack.await {
                // A duplicate says where the first one is.
                Ok(ack) => (count, last) = (count + 1, ack.sequence),
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        let position = match failure {
            Some(error) => Err(StreamError::failed("publishing")(error)),
            None => Ok(last),
        };
        Published { count, position }
    }

    async fn send(
        &self,
        event: &Outgoing,
        expected: u64,
    ) -> Result<PublishAckFuture, PublishError> {
        let message = PublishMessage::build()
            .payload(event.payload.clone())
            .message_id(event.id())
            .expected_stream(NAME)
            .expected_last_sequence(expected)
            .header("Content-Type", CONTENT_TYPE);
        self.context.send_publish(event.subject(), message).await
    }
}
