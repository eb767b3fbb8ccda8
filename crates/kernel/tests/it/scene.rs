//! A bus with probes on it.

use std::{sync::Arc, time::Duration};

use contract::{
    Call, Caller, Clock, ManualClock, Problem, Secret, Service, SystemClock, Timestamp,
};
use kernel::{
    Bus, BusKey, BusOptions, Cx, Health, KernelMetrics, Stage, StageOptions, Transport,
    bus::{LocalBus, NatsBus},
    supervise::Intensity,
};
use prometheus::{Registry, TextEncoder};
use testkit::{BusKind, NatsServer, eventually};
use tokio::task::JoinHandle;

use crate::{
    gate::Gate,
    probe::{Journal, Probe},
};

/// Longer than anything here takes, shorter than anybody's patience.
pub(crate) const SOON: Duration = Duration::from_secs(8);

/// A bus of the test's own, and what the actors on it share.
pub(crate) struct Scene {
    pub(crate) bus: Bus,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) health: Health,
    pub(crate) journal: Journal,
    pub(crate) gate: Gate,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) server: Option<NatsServer>,
    registry: Registry,
    metrics: KernelMetrics,
}

pub(crate) fn key() -> BusKey {
    BusKey::new(&Secret::new("a key of thirty-two characters.."))
}

impl Scene {
    /// On the clock of the machine.
    pub(crate) async fn open(kind: BusKind) -> Self {
        Self::on(kind, SystemClock::shared()).await
    }

    /// On a clock that stands still.
    pub(crate) async fn with_manual_clock(kind: BusKind) -> (Self, Arc<ManualClock>) {
        let clock = ManualClock::at(Timestamp::from_micros(1_795_521_600_000_000));
        (Self::on(kind, clock.clone()).await, clock)
    }

    async fn on(kind: BusKind, clock: Arc<dyn Clock>) -> Self {
        let registry = Registry::new();
        let metrics = KernelMetrics::register(&registry).unwrap();
        // A server of its own: the probes of two tests would share one queue group otherwise.
        let server = (kind == BusKind::Nats).then(NatsServer::start);
        let transport: Arc<dyn Transport> = match &server {
            None => Arc::new(LocalBus::new()),
            Some(server) => Arc::new(connect(server, &metrics).await),
        };
        let options = BusOptions {
            service: Service::Probe,
            key: key(),
            clock: clock.clone(),
            metrics: metrics.clone(),
        };
        let health = Health::default();
        health.set_ready(true);
        Self {
            bus: Bus::new(transport.clone(), options),
            clock,
            health,
            journal: Journal::default(),
            gate: Gate::closed(),
            transport,
            server,
            registry,
            metrics,
        }
    }

    /// The bus as another part of the system has it.
    pub(crate) fn bus_of(&self, service: Service) -> Bus {
        self.bus_on(self.transport.clone(), service)
    }

    /// A connection to NATS that only this test uses.
    pub(crate) async fn connection(&self) -> NatsBus {
        connect(self.server.as_ref().unwrap(), &self.metrics).await
    }

    pub(crate) fn bus_on(&self, transport: Arc<dyn Transport>, service: Service) -> Bus {
        let options = BusOptions {
            service,
            key: key(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
        };
        Bus::new(transport, options)
    }

    /// An empty stage on this bus.
    pub(crate) fn stage(&self, inbox: usize, intensity: Intensity) -> Stage {
        let options = StageOptions { inbox, intensity };
        Stage::new(self.bus.clone(), self.health.clone(), options)
    }

    /// One probe with room for everything.
    pub(crate) async fn probe(&self) -> Stage {
        self.probe_with(1_024, Intensity::default()).await
    }

    pub(crate) async fn probe_with(&self, inbox: usize, intensity: Intensity) -> Stage {
        let mut stage = self.stage(inbox, intensity);
        stage
            .actor(1, self.make(self.journal.clone()))
            .await
            .unwrap();
        stage
    }

    /// So many instances of the probe.
    pub(crate) async fn probes(&self, instances: usize, intensity: Intensity) -> Stage {
        let mut stage = self.stage(64, intensity);
        let make = self.make(self.journal.clone());
        stage.actor(instances, make).await.unwrap();
        stage
    }

    /// A probe of another process, with a journal of its own.
    pub(crate) async fn probe_elsewhere(&self) -> (Stage, Journal) {
        let transport = match &self.server {
            None => self.transport.clone(),
            Some(server) => Arc::new(connect(server, &self.metrics).await),
        };
        let bus = self.bus_on(transport, Service::Probe);
        let mut stage = Stage::new(bus, Health::default(), StageOptions::default());
        let journal = Journal::default();
        stage.actor(1, self.make(journal.clone())).await.unwrap();
        (stage, journal)
    }

    fn make(&self, journal: Journal) -> impl Fn() -> Probe + 'static {
        let gate = self.gate.clone();
        move || Probe {
            journal: journal.clone(),
            gate: gate.clone(),
            turns: 0,
        }
    }

    /// A request of the public that begins now.
    pub(crate) fn cx(&self) -> Cx {
        Cx::begin(
            Caller::public(Service::Probe, self.clock.now()),
            "a-test",
            &*self.clock,
        )
    }

    /// The same, with this patience.
    pub(crate) fn cx_for(&self, patience: Duration) -> Cx {
        let patience = i64::try_from(patience.as_micros()).unwrap();
        let deadline = Timestamp::from_micros(self.clock.now().micros() + patience);
        Cx {
            deadline,
            ..self.cx()
        }
    }

    pub(crate) async fn call<M: Call>(&self, message: M) -> Result<M::Reply, Problem> {
        self.bus.call(&message, &self.cx()).await
    }

    /// Sends a message and goes on; the answer comes later.
    pub(crate) fn send<M: Call>(&self, message: M) -> Pending<M> {
        self.send_as(message, self.cx())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a caller of its own, whose end the test awaits"
    )]
    pub(crate) fn send_as<M: Call>(&self, message: M, cx: Cx) -> Pending<M> {
        let bus = self.bus.clone();
        actix_rt::spawn(async move { bus.call(&message, &cx).await })
    }

    /// A metric of the probe's messages, as Prometheus would read it.
    pub(crate) fn number(&self, series: &str) -> u64 {
        let text = TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap();
        let value = |line: &str| line.strip_prefix(series)?.trim().parse().ok();
        text.lines().find_map(value).unwrap_or(0)
    }

    /// Waits until so many messages stand in the inbox of this message kind.
    pub(crate) async fn wait_queued<M: Call>(&self, messages: u64) {
        let message = M::SUBJECT.strip_prefix("usher.v1.").unwrap();
        let series =
            format!("usher_actor_mailbox_messages{{actor=\"probe\",message=\"{message}\"}}");
        let what = format!("{messages} messages are queued");
        eventually(SOON, &what, async || self.number(&series) == messages).await;
    }

    /// How often an instance was lost.
    pub(crate) fn restarts(&self) -> u64 {
        self.metrics.restarts(Service::Probe.name()).get()
    }
}

/// An answer that is still to come.
pub(crate) type Pending<M> = JoinHandle<Result<<M as Call>::Reply, Problem>>;

async fn connect(server: &NatsServer, metrics: &KernelMetrics) -> NatsBus {
    NatsBus::connect(&server.url(), "probe", metrics)
        .await
        .unwrap()
}
