//! The bus over NATS: core request and reply in queue groups (no JetStream here: durability is the
//! database's business).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{
    Client, ConnectOptions, Event, HeaderMap, Message, RequestErrorKind, connection::State,
};
use bytes::Bytes;
use contract::{Kind, Problem};
use futures_util::{StreamExt as _, future::BoxFuture};
use tokio::{sync::oneshot, task::JoinHandle};

use super::{Answer, Delivery, Headers, Parcel, Reply, Subscription, Transport};
use crate::{
    discovery::{self, Card},
    inbox::Inbox,
    metrics::KernelMetrics,
};

/// Header names.
const CALLER: &str = "Usher-Caller";
const DEADLINE: &str = "Usher-Deadline";
const REQUEST_ID: &str = "Usher-Request-Id";
/// NATS ADR-32: an answer with this header is an error.
const ERROR_CODE: &str = "Nats-Service-Error-Code";
const ERROR: &str = "Nats-Service-Error";

/// Messages that may wait between the connection and an inbox. Beyond it NATS drops, which
/// `usher_bus_slow_consumer_total` counts; the inbox is smaller and refuses with an answer.
const SUBSCRIPTION_CAPACITY: usize = 8_192;
/// How long a round trip to the server may take.
const REACH: Duration = Duration::from_secs(5);

/// One connection to NATS, owned by the runtime it was opened on.
#[derive(Clone, Debug)]
pub struct NatsBus {
    client: Client,
}

impl NatsBus {
    /// Connects a role.
    pub async fn connect(
        url: &str,
        role: &'static str,
        metrics: &KernelMetrics,
    ) -> Result<Self, Problem> {
        let connected = metrics.connected.with_label_values(&[role]);
        let reconnects = metrics.reconnects.with_label_values(&[role]);
        let slow = metrics.slow_consumers.with_label_values(&[role]);
        let was_connected = Arc::new(AtomicBool::new(false));
        let client = ConnectOptions::new()
            .name(format!("usher {role}"))
            .request_timeout(None)
            .subscription_capacity(SUBSCRIPTION_CAPACITY)
            .connection_timeout(Duration::from_secs(5))
            .event_callback(move |event| {
                match &event {
                    Event::Connected => {
                        connected.set(1);
                        if was_connected.swap(true, Ordering::SeqCst) {
                            reconnects.inc();
                        }
                    }
                    Event::Disconnected | Event::Closed => connected.set(0),
                    Event::SlowConsumer(_) => slow.inc(),
                    _ => {}
                }
                tracing::info!(role, %event, "bus event");
                async {}
            })
            .connect(url)
            .await
            .map_err(|error| {
                tracing::error!(role, %error, "cannot connect to the bus");
                Problem::new(Kind::Unavailable).detail("the bus cannot be reached")
            })?;
        Ok(Self { client })
    }

    /// The connection, for what is no request (JetStream in the relay).
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl Transport for NatsBus {
    fn request(
        &self,
        subject: &'static str,
        parcel: Parcel,
    ) -> BoxFuture<'_, Result<Answer, Problem>> {
        Box::pin(async move {
            if !self.is_connected() {
                return Err(Problem::new(Kind::Unavailable).detail("the bus is not connected"));
            }
            let headers = to_wire(parcel.headers);
            let sent = self
                .client
                .request_with_headers(subject, headers, parcel.body)
                .await;
            let message = sent.map_err(|error| match error.kind() {
                RequestErrorKind::NoResponders => Problem::new(Kind::Unavailable)
                    .detail(format!("nobody serves {subject} just now")),
                RequestErrorKind::TimedOut => Problem::new(Kind::DeadlinePassed),
                RequestErrorKind::MaxPayloadExceeded => Problem::new(Kind::TooLarge),
                RequestErrorKind::InvalidSubject => Problem::new(Kind::Internal),
                // It broke off after it was handed over: somebody may have it.
                RequestErrorKind::Other => {
                    tracing::warn!(subject, %error, "bus request broke off");
                    Problem::new(Kind::InDoubt)
                }
            })?;
            let error = header(&message, ERROR_CODE).map(|code| {
                let text = header(&message, ERROR).unwrap_or_default().to_owned();
                (code.parse().unwrap_or(500), text)
            });
            Ok(Answer {
                error,
                body: message.payload,
            })
        })
    }

    fn subscribe(
        &self,
        subject: &'static str,
        group: &'static str,
        inbox: Inbox,
    ) -> BoxFuture<'_, Result<Box<dyn Subscription>, Problem>> {
        Box::pin(async move {
            // Shared as one: both are many handles, and would be cloned for each message.
            let (client, inbox) = (Arc::new(self.client.clone()), Arc::new(inbox));
            self.follow(subject.to_owned(), Some(group), move |message| {
                let delivery = delivery(message, &client);
                let inbox = Arc::clone(&inbox);
                async move {
                    if let Some(delivery) = delivery {
                        inbox.offer(delivery).await;
                    }
                }
            })
            .await
        })
    }

    fn announce(&self, card: Card) -> BoxFuture<'_, Result<Box<dyn Subscription>, Problem>> {
        Box::pin(async move {
            let card = Arc::new(card);
            let mut all = Vec::new();
            for verb in discovery::Verb::ALL {
                for subject in card.subjects(verb) {
                    let (card, client) = (Arc::clone(&card), self.client.clone());
                    let answering = self
                        .follow(subject, None, move |message| {
                            let (body, client) = (card.answer(verb), client.clone());
                            async move {
                                if let Some(to) = message.reply {
                                    let _ = client.publish(to, body.into()).await;
                                }
                            }
                        })
                        .await?;
                    all.push(answering);
                }
            }
            Ok(Box::new(Several(all)) as Box<dyn Subscription>)
        })
    }

    fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            // While NATS is away nothing leaves, and waiting for it would only delay the stop.
            let flushed = tokio::time::timeout(Duration::from_secs(2), self.client.flush()).await;
            if !matches!(flushed, Ok(Ok(()))) {
                tracing::warn!("answers may not have left");
            }
        })
    }
}

impl NatsBus {
    /// Ends when the server has seen everything sent so far, which a flush does not say: it writes
    /// and does not listen. The server takes what comes over one connection in order, so any answer
    /// shows it, and that nobody serves a fresh inbox it answers at once.
    async fn reach(&self) -> Result<(), Problem> {
        let asked = self.client.request(self.client.new_inbox(), Bytes::new());
        match tokio::time::timeout(REACH, asked).await {
            Ok(Err(error)) if error.kind() == RequestErrorKind::NoResponders => Ok(()),
            other => {
                tracing::error!(answer = ?other.map(|answer| answer.map(|_| ())), "cannot reach the bus");
                Err(Problem::new(Kind::Unavailable).detail("the bus cannot be reached"))
            }
        }
    }

    /// Hands every message of a subject to `take` until the subscription is stopped; what had
    /// arrived by then is still handed over.
    async fn follow<F, T>(
        &self,
        subject: String,
        group: Option<&'static str>,
        mut take: F,
    ) -> Result<Box<dyn Subscription>, Problem>
    where
        F: FnMut(Message) -> T + Send + 'static,
        T: Future<Output = ()> + Send,
    {
        let mut subscriber = match group {
            Some(group) => self.client.queue_subscribe(subject, group.to_owned()).await,
            None => self.client.subscribe(subject).await,
        }
        .map_err(|error| {
            tracing::error!(%error, "cannot subscribe");
            Problem::new(Kind::Unavailable)
        })?;
        // The SUB must have reached the server before anybody calls this ready.
        self.reach().await?;
        let (stop, mut stopping) = oneshot::channel::<()>();
        let task = crate::stage::spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    message = subscriber.next() => match message {
                        Some(message) => take(message).await,
                        None => return,
                    },
                    _ = &mut stopping => break,
                }
            }
            // Unsubscribes, then yields what is still on its way.
            if subscriber.drain().await.is_ok() {
                while let Some(message) = subscriber.next().await {
                    take(message).await;
                }
            }
        });
        Ok(Box::new(NatsSubscription { stop, task }))
    }
}

#[derive(Debug)]
struct NatsSubscription {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Subscription for NatsSubscription {
    fn stop(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let _ = self.stop.send(());
            // While NATS is away a drain does not end; nothing can arrive then either.
            let _ = tokio::time::timeout(Duration::from_secs(2), self.task).await;
        })
    }
}

#[derive(Debug)]
struct Several(Vec<Box<dyn Subscription>>);

impl Subscription for Several {
    fn stop(self: Box<Self>) -> BoxFuture<'static, ()> {
        let stops = self.0.into_iter().map(Subscription::stop);
        Box::pin(async move {
            futures_util::future::join_all(stops).await;
        })
    }
}

/// The reply inbox of a request that came over NATS.
#[derive(Debug)]
pub struct ReplyTo {
    client: Arc<Client>,
    subject: async_nats::Subject,
}

impl ReplyTo {
    pub(super) async fn send(self, answer: Answer) {
        let sent = match answer.error {
            None => self.client.publish(self.subject, answer.body).await,
            Some((code, text)) => {
                let mut headers = HeaderMap::new();
                headers.insert(ERROR_CODE, code.to_string());
                headers.insert(ERROR, text);
                self.client
                    .publish_with_headers(self.subject, headers, answer.body)
                    .await
            }
        };
        if let Err(error) = sent {
            tracing::warn!(%error, "answer not sent");
        }
    }
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message
        .headers
        .as_ref()?
        .get(name)
        .map(async_nats::HeaderValue::as_str)
}

fn to_wire(headers: Headers) -> HeaderMap {
    let mut wire = HeaderMap::new();
    if let Some(caller) = headers.caller {
        wire.insert(CALLER, caller);
    }
    if let Some(deadline) = headers.deadline {
        wire.insert(DEADLINE, deadline.to_string());
    }
    if let Some(request_id) = headers.request_id {
        wire.insert(REQUEST_ID, request_id);
    }
    wire
}

fn delivery(message: Message, client: &Arc<Client>) -> Option<Delivery> {
    // A publish without a reply inbox is no request; nobody would learn the answer.
    let subject = message.reply.clone()?;
    let headers = Headers {
        caller: header(&message, CALLER).map(str::to_owned),
        deadline: header(&message, DEADLINE).and_then(|deadline| deadline.parse().ok()),
        request_id: header(&message, REQUEST_ID).map(str::to_owned),
    };
    let reply = Reply::Nats(ReplyTo {
        client: Arc::clone(client),
        subject,
    });
    Some(Delivery {
        headers,
        body: message.payload,
        reply,
    })
}
