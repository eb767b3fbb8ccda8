//! SIGHUP: a node reads its settings again. What may change while it runs does at once, the rest is
//! named; settings that cannot be used change nothing.

use std::{convert::Infallible, fmt};

use anyhow::Context as _;
use http_edge::ThrottleLimits;
use invite_dispatcher::MailLimits;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

use crate::settings::{Loaded, Problems};

/// The settings that a node runs with, and how they are read again.
pub struct Reread {
    held: Loaded,
    read: Box<dyn Fn() -> Result<Loaded, Problems>>,
}

/// Who is told of changes.
#[derive(Debug)]
pub(crate) struct Told {
    /// The couriers.
    pub(crate) mail: watch::Sender<MailLimits>,
    /// The edge.
    pub(crate) edge: watch::Sender<ThrottleLimits>,
}

/// Waits for the signal.
pub(crate) struct Listening {
    settings: Reread,
    told: Told,
    hangup: Signal,
}

impl fmt::Debug for Reread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reread")
    }
}

impl Reread {
    /// `held` is what holds now.
    pub fn new(held: Loaded, read: impl Fn() -> Result<Loaded, Problems> + 'static) -> Self {
        Self {
            held,
            read: Box::new(read),
        }
    }

    /// From now on the signal no longer ends the process.
    pub(crate) fn listen(self, told: Told) -> anyhow::Result<Listening> {
        let hangup = signal(SignalKind::hangup()).context("signals cannot be listened to")?;
        Ok(Listening {
            settings: self,
            told,
            hangup,
        })
    }
}

impl Listening {
    /// Reads whenever it is told to.
    pub(crate) async fn follow(mut self) -> Infallible {
        loop {
            if self.hangup.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
            self.read();
        }
    }

    fn read(&mut self) {
        let newer = match (self.settings.read)() {
            Ok(newer) => newer,
            Err(Problems(problems)) => {
                for problem in problems {
                    tracing::error!(%problem, "the settings cannot be used, the former ones go on");
                }
                return;
            }
        };
        for warning in &newer.warnings {
            tracing::warn!("{warning}");
        }
        let changes = self.settings.held.take_over(&newer);
        self.told.mail.send_replace(newer.settings.mail.limits());
        let limits = newer.settings.throttle.limits();
        self.told.edge.send_replace(limits);
        let taken = changes.taken.join(", ");
        tracing::info!(taken, "the settings were read again");
        if !changes.waiting.is_empty() {
            let keys = changes.waiting.join(", ");
            tracing::warn!(keys, "settings that need a restart have changed");
        }
    }
}
