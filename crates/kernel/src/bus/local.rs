//! The bus of one process. It serialises like the other one, so that what passes here passes there.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use contract::{Kind, Problem};
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::{Answer, Delivery, Parcel, Reply, Subscription, Transport};
use crate::{discovery::Card, inbox::Inbox};

type Routes = Arc<Mutex<HashMap<&'static str, Vec<(usize, Inbox)>>>>;

/// The in-process bus.
#[derive(Clone, Debug, Default)]
pub struct LocalBus {
    routes: Routes,
    turn: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct LocalSubscription {
    routes: Routes,
    subject: &'static str,
    id: usize,
}

impl LocalBus {
    /// A bus that nobody serves yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn pick(&self, subject: &str) -> Option<Inbox> {
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let inboxes = routes.get(subject)?;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        inboxes
            .get(turn.checked_rem(inboxes.len())?)
            .map(|(_, inbox)| inbox.clone())
    }
}

impl Transport for LocalBus {
    fn request(
        &self,
        subject: &'static str,
        parcel: Parcel,
    ) -> BoxFuture<'_, Result<Answer, Problem>> {
        Box::pin(async move {
            let nobody = || {
                Problem::new(Kind::Unavailable).detail(format!("nobody serves {subject} just now"))
            };
            let inbox = self.pick(subject).ok_or_else(nobody)?;
            let (reply, answer) = oneshot::channel();
            let Parcel { headers, body } = parcel;
            inbox
                .offer(Delivery {
                    headers,
                    body,
                    reply: Reply::Local(reply),
                })
                .await;
            answer.await.map_err(|_| nobody())
        })
    }

    fn subscribe(
        &self,
        subject: &'static str,
        _group: &'static str,
        inbox: Inbox,
    ) -> BoxFuture<'_, Result<Box<dyn Subscription>, Problem>> {
        let id = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        routes.entry(subject).or_default().push((id, inbox));
        let subscription = LocalSubscription {
            routes: Arc::clone(&self.routes),
            subject,
            id,
        };
        Box::pin(async move { Ok(Box::new(subscription) as Box<dyn Subscription>) })
    }

    fn announce(&self, card: Card) -> BoxFuture<'_, Result<Box<dyn Subscription>, Problem>> {
        // There is nobody outside the process who could ask.
        let subscription = LocalSubscription {
            routes: Routes::default(),
            subject: card.name,
            id: 0,
        };
        Box::pin(async move { Ok(Box::new(subscription) as Box<dyn Subscription>) })
    }

    fn is_connected(&self) -> bool {
        true
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl Subscription for LocalSubscription {
    fn stop(self: Box<Self>) -> BoxFuture<'static, ()> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inboxes) = routes.get_mut(self.subject) {
            inboxes.retain(|(id, _)| *id != self.id);
        }
        Box::pin(async {})
    }
}
