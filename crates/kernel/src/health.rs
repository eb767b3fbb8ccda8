//! Whether this process should get traffic, and whether it should end.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use contract::Service;
use tokio::sync::watch;

/// The health of a process, shared by everything in it.
#[derive(Clone, Debug)]
pub struct Health {
    ready: Arc<AtomicBool>,
    failed: watch::Sender<Option<Service>>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            ready: Arc::new(AtomicBool::new(false)),
            failed: watch::Sender::new(None),
        }
    }
}

impl Health {
    /// Everything is started, or a stop begins.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::SeqCst);
    }

    /// Whether traffic should come here.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst) && self.failed.borrow().is_none()
    }

    /// An actor panicked too often and was given up.
    pub fn give_up(&self, actor: Service) {
        self.failed
            .send_if_modified(|failed| failed.replace(actor).is_none());
    }

    /// Ends when an actor was given up: with which.
    pub async fn failed(&self) -> Service {
        let mut failed = self.failed.subscribe();
        loop {
            if let Some(actor) = *failed.borrow_and_update() {
                return actor;
            }
            // The sender lives as long as `self`.
            if failed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
