//! The edge, hosted and supervised like an actor: a server that ends or panics is started again on
//! the same port after a pause, and given up when that does not help.

use std::{fmt, future::Future, net::SocketAddr, panic::AssertUnwindSafe, pin::Pin, time::Instant};

use contract::Service;
use futures_util::{FutureExt as _, future};
use http_edge::Running;
use kernel::{
    Health,
    supervise::{Intensity, Restarts, Verdict},
};
use prometheus::IntCounter;

/// Starts a server at an address.
pub type StartServer =
    Box<dyn Fn(SocketAddr) -> Pin<Box<dyn Future<Output = anyhow::Result<Running>>>>>;

/// How an edge is supervised.
#[derive(Clone, Debug)]
pub struct Supervision {
    /// How much failing is borne.
    pub intensity: Intensity,
    /// Counts fresh servers.
    pub restarts: IntCounter,
    /// Learns when the edge is given up.
    pub health: Health,
}

/// The edge of this node.
pub struct Edge {
    address: SocketAddr,
    start: StartServer,
    server: Option<Running>,
    restarts: Restarts,
    started: Instant,
    supervision: Supervision,
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Edge {
    /// Starts the first server; later ones listen where it does.
    pub async fn start(
        listen: SocketAddr,
        start: StartServer,
        supervision: Supervision,
    ) -> anyhow::Result<Self> {
        let server = start(listen).await?;
        Ok(Self {
            address: server.address(),
            start,
            server: Some(server),
            restarts: Restarts::new(supervision.intensity),
            started: Instant::now(),
            supervision,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs servers, one after the other. Never ends; may be dropped, and called again.
    pub async fn supervise(&mut self) {
        loop {
            if let Some(server) = &mut self.server {
                if let Ok(error) = AssertUnwindSafe(server.ended()).catch_unwind().await {
                    tracing::error!(%error, "the edge failed");
                } else {
                    tracing::error!("the edge panicked");
                }
                // What is left of it must not keep the port.
                self.server = None;
            }
            match self.restarts.record(self.started.elapsed()) {
                Verdict::Restart(pause) => {
                    self.supervision.restarts.inc();
                    tracing::warn!(?pause, "fresh edge on the same port");
                    tokio::time::sleep(pause).await;
                }
                Verdict::GiveUp => {
                    tracing::error!("the edge failed too often, given up");
                    self.supervision.health.give_up(Service::HttpEdge);
                    return future::pending().await;
                }
            }
            match (self.start)(self.address).await {
                Ok(server) => self.server = Some(server),
                Err(error) => tracing::error!(error = format!("{error:#}"), "no fresh edge"),
            }
        }
    }

    /// Accepts nothing more, and ends when the requests under way are answered.
    pub async fn stop(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}
