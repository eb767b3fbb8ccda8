//! The seam between parts of the system: bytes and headers, typed once above it.

mod local;
mod nats;

use std::{fmt, sync::Arc, time::Instant};

use bytes::Bytes;
use contract::{Call, Caller, Clock, Kind, Problem, Service};
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

pub use self::{local::LocalBus, nats::NatsBus};
use crate::{cx::Cx, discovery::Card, inbox::Inbox, metrics::KernelMetrics, signature::BusKey};

/// The largest body of a message, in bytes, on both transports. nats-server carries 1 MiB unless it
/// is told otherwise, and counts the headers, for which there is room.
pub const PAYLOAD_MOST: usize = (1 << 20) - HEADERS_MOST;
const HEADERS_MOST: usize = 4_096;

/// What travels beside the bytes of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// `Usher-Caller`: on whose behalf, signed.
    pub caller: Option<String>,
    /// `Usher-Deadline`: microseconds since 1970 after which nobody waits.
    pub deadline: Option<i64>,
    /// `Usher-Request-Id`: names the request in logs and answers.
    pub request_id: Option<String>,
}

/// A request as the transport carries it.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Beside the bytes.
    pub headers: Headers,
    /// The message as JSON.
    pub body: Bytes,
}

/// An answer as the transport carries it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status and text of the ADR-32 error headers; the body is then a problem.
    pub error: Option<(u16, String)>,
    /// The reply or the problem as JSON.
    pub body: Bytes,
}

impl Answer {
    /// The answer that carries a problem.
    pub fn problem(problem: &Problem) -> Self {
        let body = serde_json::to_vec(problem).unwrap_or_default().into();
        Self {
            error: Some((problem.status, problem.title.clone())),
            body,
        }
    }
}

/// A request as it arrives.
#[derive(Debug)]
pub struct Delivery {
    /// Beside the bytes.
    pub headers: Headers,
    /// The message as JSON.
    pub body: Bytes,
    /// Where the answer goes.
    pub reply: Reply,
}

/// Where an answer goes.
#[derive(Debug)]
pub enum Reply {
    /// To a caller in this process.
    Local(oneshot::Sender<Answer>),
    /// To an inbox on NATS.
    Nats(nats::ReplyTo),
}

impl Reply {
    /// Sends the answer; a caller that went away does not need it.
    pub async fn send(self, answer: Answer) {
        match self {
            Self::Local(to) => drop(to.send(answer)),
            Self::Nats(to) => to.send(answer).await,
        }
    }
}

/// A subscription that can be ended without losing what was delivered.
pub trait Subscription: Send + fmt::Debug {
    /// Takes nothing more; ends when everything that had arrived is in the inbox.
    fn stop(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// A bus. Both implementations pass `tests/it/conformance.rs`.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends a request and waits for its answer, without end: [`Bus::call`] bounds the wait.
    fn request(
        &self,
        subject: &'static str,
        parcel: Parcel,
    ) -> BoxFuture<'_, Result<Answer, Problem>>;

    /// Delivers the subject's requests to the inbox, sharing them with the rest of the group. Once
    /// it is answered, requests arrive.
    fn subscribe(
        &self,
        subject: &'static str,
        group: &'static str,
        inbox: Inbox,
    ) -> BoxFuture<'_, Result<Box<dyn Subscription>, Problem>>;

    /// Makes a service visible to discovery until the subscription is stopped.
    fn announce(&self, card: Card) -> BoxFuture<'_, Result<Box<dyn Subscription>, Problem>>;

    /// Whether requests can be sent at this moment.
    fn is_connected(&self) -> bool;

    /// Ends when every answer sent so far has left the process.
    fn flush(&self) -> BoxFuture<'_, ()>;
}

/// What a role needs to speak.
#[derive(Clone, Debug)]
pub struct BusOptions {
    /// Who speaks.
    pub service: Service,
    /// Signs and checks callers.
    pub key: BusKey,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The numbers.
    pub metrics: KernelMetrics,
}

/// Sends typed messages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) options: BusOptions,
}

impl Bus {
    /// A bus over a transport.
    pub fn new(transport: Arc<dyn Transport>, options: BusOptions) -> Self {
        Self { transport, options }
    }

    /// The time, as the bus sees it.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.options.clock
    }

    /// See [`BusKey::fingerprint`]; the same at every node of a bus.
    pub fn fingerprint(&self, name: &str, data: &[u8]) -> String {
        self.options.key.fingerprint(name, data)
    }

    /// Whether requests can be sent at this moment.
    pub fn is_connected(&self) -> bool {
        self.transport.is_connected()
    }

    /// Sends a message on behalf of `cx.caller` and waits for its answer until `cx.deadline`.
    ///
    /// Whatever goes wrong is a problem: the actor's refusal as it is, `unavailable` when nobody
    /// serves the subject, `in-doubt` when the way broke off after the message was sent,
    /// `deadline-passed` when no answer came in time.
    pub async fn call<M: Call>(&self, message: &M, cx: &Cx) -> Result<M::Reply, Problem> {
        let started = Instant::now();
        let result = self.exchange(message, cx).await;
        let status = result.as_ref().err().map(|problem| problem.status);
        self.options
            .metrics
            .request(M::SUBJECT)
            .record(status, started.elapsed());
        result.map_err(|problem| Problem {
            instance: Some(cx.request_id.clone()),
            ..problem
        })
    }

    async fn exchange<M: Call>(&self, message: &M, cx: &Cx) -> Result<M::Reply, Problem> {
        let now = self.options.clock.now();
        let remaining = cx
            .remaining(now)
            .ok_or_else(|| Problem::new(Kind::DeadlinePassed))?;
        let body = serde_json::to_vec(message).map_err(|_| Problem::new(Kind::Internal))?;
        if body.len() > PAYLOAD_MOST {
            return Err(Problem::new(Kind::TooLarge));
        }
        let caller = Caller {
            service: self.options.service,
            expires_at: now.plus_seconds(Caller::LIFETIME_SECONDS),
            ..cx.caller.clone()
        };
        let headers = Headers {
            caller: Some(self.options.key.sign(M::SUBJECT, &caller, &body)?),
            deadline: Some(cx.deadline.micros()),
            request_id: Some(cx.request_id.clone()),
        };
        let parcel = Parcel {
            headers,
            body: body.into(),
        };
        let answer = tokio::time::timeout(remaining, self.transport.request(M::SUBJECT, parcel))
            .await
            .map_err(|_| Problem::new(Kind::DeadlinePassed))??;
        let unreadable = |error: serde_json::Error| {
            // Two versions of the system that do not understand each other.
            tracing::error!(subject = M::SUBJECT, %error, "cannot read the answer");
            Problem::new(Kind::Internal)
        };
        match answer.error {
            None => serde_json::from_slice(&answer.body).map_err(unreadable),
            Some(_) => Err(serde_json::from_slice(&answer.body).unwrap_or_else(unreadable)),
        }
    }
}
