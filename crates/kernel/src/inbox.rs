//! The bounded queue between the bus and the turns of a route. What does not fit is refused at
//! once: nothing piles up unseen.

use std::{fmt, sync::Arc};

use contract::{Kind, Problem};
use tokio::sync::{Mutex, mpsc};

use crate::{
    bus::{Answer, Delivery},
    metrics::RouteMetrics,
};

/// The end of a route's queue that the bus holds.
#[derive(Clone)]
pub struct Inbox {
    sender: mpsc::Sender<Delivery>,
    metrics: RouteMetrics,
}

/// The end that the instances of the actor share: each message is taken by one of them.
#[derive(Clone)]
pub(crate) struct Mailbox {
    receiver: Arc<Mutex<mpsc::Receiver<Delivery>>>,
    metrics: RouteMetrics,
}

pub(crate) fn inbox(capacity: usize, metrics: RouteMetrics) -> (Inbox, Mailbox) {
    let (sender, receiver) = mpsc::channel(capacity);
    let receiver = Arc::new(Mutex::new(receiver));
    (
        Inbox {
            sender,
            metrics: metrics.clone(),
        },
        Mailbox { receiver, metrics },
    )
}

impl Inbox {
    /// Queues a delivery, or answers it right away with `overloaded` and a `Retry-After`.
    pub async fn offer(&self, delivery: Delivery) {
        match self.sender.try_send(delivery) {
            Ok(()) => self.metrics.mailbox.inc(),
            Err(refused) => {
                self.metrics.overload();
                let delivery = refused.into_inner();
                delivery
                    .reply
                    .send(Answer::problem(&Problem::new(Kind::Overloaded)))
                    .await;
            }
        }
    }

    /// Whether the other end is gone.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("free", &self.sender.capacity())
            .finish_non_exhaustive()
    }
}

impl Mailbox {
    /// The next delivery; `None` once the bus has let go and everything taken is served.
    pub(crate) async fn next(&self) -> Option<Delivery> {
        let delivery = self.receiver.lock().await.recv().await;
        if delivery.is_some() {
            self.metrics.mailbox.dec();
        }
        delivery
    }

    /// Whatever has arrived, at least one and at most `most`; empty at the end.
    pub(crate) async fn chunk(&self, most: usize) -> Vec<Delivery> {
        let mut chunk = Vec::with_capacity(most.min(16));
        self.receiver.lock().await.recv_many(&mut chunk, most).await;
        self.metrics
            .mailbox
            .sub(i64::try_from(chunk.len()).unwrap_or(0));
        chunk
    }
}
