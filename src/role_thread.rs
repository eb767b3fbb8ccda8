//! One role on one thread: its own runtime, its own connections.

use std::{fmt, thread};

use anyhow::Context as _;
use tokio::sync::{oneshot, watch};

use crate::{
    ground::Ground,
    roles::Role,
    stages::{self, Running},
};

/// A role that runs, or has ended.
pub struct RoleThread {
    role: Role,
    stop: Option<oneshot::Sender<()>>,
    alive: watch::Receiver<()>,
}

/// What `RoleThread::start` promises: what runs, or why it does not.
pub type Started = oneshot::Receiver<anyhow::Result<Running>>;

impl fmt::Debug for RoleThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleThread")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl RoleThread {
    /// Starts a role; the receiver learns when it runs.
    pub fn start(role: Role, ground: Ground) -> anyhow::Result<(Self, Started)> {
        let (started, starting) = oneshot::channel();
        let (stop, stopping) = oneshot::channel();
        let (living, alive) = watch::channel(());
        thread::Builder::new()
            .name(role.name().to_owned())
            .spawn(move || {
                // Goes with the thread, however that ends.
                let _living = living;
                actix_rt::System::new().block_on(live(role, ground, started, stopping));
            })
            .with_context(|| format!("no thread for the role {}", role.name()))?;
        Ok((
            Self {
                role,
                stop: Some(stop),
                alive,
            },
            starting,
        ))
    }

    /// Which it is.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Tells it to finish what it took and to end.
    pub fn stop(&mut self) {
        // Its drop tells it too, so that an end of the node is an end of its roles.
        drop(self.stop.take());
    }

    /// Ends when the thread has: with which role.
    pub async fn ended(&self) -> Role {
        let mut alive = self.alive.clone();
        while alive.changed().await.is_ok() {}
        self.role
    }
}

async fn live(
    role: Role,
    ground: Ground,
    started: oneshot::Sender<anyhow::Result<Running>>,
    stopping: oneshot::Receiver<()>,
) {
    let (running, mut performance) = match stages::start(role, &ground).await {
        Ok(both) => both,
        Err(error) => return drop(started.send(Err(error))),
    };
    if started.send(Ok(running)).is_ok() {
        tokio::select! {
            // An error is a dropped sender, which means the same.
            _ = stopping => {}
            () = performance.supervise() => {}
        }
    }
    performance.stop().await;
}
