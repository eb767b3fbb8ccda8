//! Starts the actors of a role on its runtime, and stops them without losing what was taken.

use std::{fmt, future::Future, rc::Rc, sync::Arc};

use contract::Problem;
use futures_util::future::join_all;
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

use crate::{
    behaviour::{Behaviour, Routes, Work},
    bus::{Bus, Subscription, Transport},
    discovery::{Card, Endpoint},
    health::Health,
    host::Host,
    inbox::inbox,
    ingress::Entrance,
    supervise::Intensity,
    worker,
};

/// How a role's actors are hosted.
#[derive(Clone, Debug)]
pub struct StageOptions {
    /// Messages that may wait for their turn, for each message kind of each actor; more are refused.
    pub inbox: usize,
    /// How much panicking is borne.
    pub intensity: Intensity,
}

impl Default for StageOptions {
    fn default() -> Self {
        Self {
            inbox: 1_024,
            intensity: Intensity::default(),
        }
    }
}

/// The actors of one role. Must be used on the thread of the role's actix system.
pub struct Stage {
    bus: Bus,
    health: Health,
    options: StageOptions,
    subscriptions: Vec<Box<dyn Subscription>>,
    loops: Vec<JoinHandle<()>>,
    stopping: watch::Sender<bool>,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("bus", &self.bus)
            .finish_non_exhaustive()
    }
}

impl Stage {
    /// An empty stage.
    pub fn new(bus: Bus, health: Health, options: StageOptions) -> Self {
        Self {
            bus,
            health,
            options,
            subscriptions: Vec::new(),
            loops: Vec::new(),
            stopping: watch::Sender::new(false),
        }
    }

    /// The role's bus.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// What the role's bus runs on, for another voice on the same bus.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.bus.transport
    }

    /// Starts `instances` of an actor; once it is answered, its messages arrive.
    ///
    /// `make` builds an instance, also after a panic; it does no I/O.
    pub async fn actor<B: Behaviour>(
        &mut self,
        instances: usize,
        make: impl Fn() -> B + 'static,
    ) -> Result<(), Problem> {
        let name = B::SERVICE.name();
        let metrics = &self.bus.options.metrics;
        let make: Rc<dyn Fn() -> B> = Rc::new(make);
        let options = Rc::new(self.bus.options.clone());
        let hosts: Vec<_> = (0..instances.max(1))
            .map(|_| {
                let (make, health) = (Rc::clone(&make), self.health.clone());
                Host::start(make, self.options.intensity, health, metrics.restarts(name))
            })
            .collect();
        metrics
            .instances(name)
            .add(i64::try_from(hosts.len()).unwrap_or(1));
        let mut endpoints = Vec::new();
        for route in Routes::<B>::of().routes {
            let capacity = self.options.inbox;
            let metrics = metrics.route(name, route.subject, capacity);
            let (inbox, mailbox) = inbox(capacity, metrics.clone());
            for host in &hosts {
                self.loops.push(spawn_local((route.run)(Entrance {
                    host: host.clone(),
                    mailbox: mailbox.clone(),
                    options: Rc::clone(&options),
                    metrics: metrics.clone(),
                })));
            }
            let subscribed = self
                .bus
                .transport
                .subscribe(route.subject, name, inbox)
                .await?;
            self.subscriptions.push(subscribed);
            endpoints.push(Endpoint {
                subject: route.subject,
                metrics,
            });
        }
        self.announce(name, endpoints).await
    }

    /// Starts a worker; `nudge` ends its rest early.
    pub fn worker<B: Work>(&mut self, nudge: Arc<Notify>, make: impl Fn() -> B + 'static) {
        let restarts = self.bus.options.metrics.restarts(B::SERVICE.name());
        let make: Rc<dyn Fn() -> B> = Rc::new(make);
        let host = Host::start(make, self.options.intensity, self.health.clone(), restarts);
        self.loops.push(spawn_local(worker::run(
            host,
            nudge,
            self.stopping.subscribe(),
        )));
    }

    /// Makes a part that serves no messages visible to discovery: the edge.
    pub async fn announce_only(&mut self, name: &'static str) -> Result<(), Problem> {
        self.bus.options.metrics.instances(name).inc();
        self.announce(name, Vec::new()).await
    }

    async fn announce(
        &mut self,
        name: &'static str,
        endpoints: Vec<Endpoint>,
    ) -> Result<(), Problem> {
        let clock = self.bus.clock();
        let card = Card {
            name,
            id: clock.ulid().to_string(),
            started: clock.now(),
            endpoints,
        };
        self.subscriptions
            .push(self.bus.transport.announce(card).await?);
        Ok(())
    }

    /// Takes nothing more, serves what was taken, ends the workers after the turn they are in.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        join_all(self.subscriptions.drain(..).map(Subscription::stop)).await;
        // The inboxes went with the subscriptions: each loop ends when its mailbox is empty.
        for finished in join_all(self.loops.drain(..)).await {
            if let Err(error) = finished {
                tracing::error!(%error, "a loop ended badly");
            }
        }
        self.bus.transport.flush().await;
    }
}

/// Runs a future beside the turns, on this thread.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the kernel starts tasks"
)]
fn spawn_local<F: Future<Output = ()> + 'static>(future: F) -> JoinHandle<()> {
    actix_rt::spawn(future)
}

/// Runs a future of the bus on this runtime.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the kernel starts tasks"
)]
pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) -> JoinHandle<()> {
    tokio::spawn(future)
}
