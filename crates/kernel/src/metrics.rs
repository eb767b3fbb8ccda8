//! The numbers of actors and bus. Labels are bounded: actors, messages and outcomes, nothing else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use contract::{Kind, Problem, subjects};
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

/// Upper bounds in seconds, from a turn in memory to a deadline.
const SECONDS: &[f64] = &[
    0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// The metrics of the kernel, registered once a process.
#[derive(Clone, Debug)]
pub struct KernelMetrics {
    messages: IntCounterVec,
    seconds: HistogramVec,
    batch: HistogramVec,
    mailbox: IntGaugeVec,
    mailbox_capacity: IntGaugeVec,
    restarts: IntCounterVec,
    instances: IntGaugeVec,
    requests: Arc<HashMap<&'static str, RequestMetrics>>,
    other_requests: RequestMetrics,
    /// 1 while the bus is connected.
    pub connected: IntGaugeVec,
    /// How often the bus had to be connected again.
    pub reconnects: IntCounterVec,
    /// Messages that NATS dropped because this process read too slowly.
    pub slow_consumers: IntCounterVec,
}

/// The metrics of the requests to one subject, as its callers see them.
#[derive(Clone, Debug)]
pub(crate) struct RequestMetrics {
    pub(crate) ok: IntCounter,
    pub(crate) refused: IntCounter,
    pub(crate) failed: IntCounter,
    pub(crate) seconds: Histogram,
}

/// The metrics of one route of one actor.
#[derive(Clone, Debug)]
pub(crate) struct RouteMetrics {
    pub(crate) ok: IntCounter,
    pub(crate) refused: IntCounter,
    pub(crate) failed: IntCounter,
    pub(crate) overloaded: IntCounter,
    pub(crate) expired: IntCounter,
    pub(crate) panicked: IntCounter,
    pub(crate) seconds: Histogram,
    pub(crate) batch: Histogram,
    pub(crate) mailbox: IntGauge,
    /// What the last request that was not served was told.
    last_error: Arc<Mutex<Option<Kind>>>,
}

impl KernelMetrics {
    /// Makes and registers them.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let vec = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(vec.clone()))?;
            Ok::<_, prometheus::Error>(vec)
        };
        let gauge = |name: &str, help: &str, labels: &[&str]| {
            let vec = IntGaugeVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(vec.clone()))?;
            Ok::<_, prometheus::Error>(vec)
        };
        let histogram = |name: &str, help: &str, labels: &[&str], buckets: &[f64]| {
            let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
            let vec = HistogramVec::new(opts, labels)?;
            registry.register(Box::new(vec.clone()))?;
            Ok::<_, prometheus::Error>(vec)
        };
        let route = &["actor", "message"];
        let requests = counter(
            "usher_bus_requests_total",
            "Requests sent on the bus, by subject and outcome.",
            &["subject", "outcome"],
        )?;
        let request_seconds = histogram(
            "usher_bus_request_seconds",
            "Time from sending a request to its answer.",
            &["subject"],
            SECONDS,
        )?;
        let of = |subject: &str| RequestMetrics {
            ok: requests.with_label_values(&[subject, "ok"]),
            refused: requests.with_label_values(&[subject, "refused"]),
            failed: requests.with_label_values(&[subject, "failed"]),
            seconds: request_seconds.with_label_values(&[subject]),
        };
        let by_subject = subjects::ALL
            .iter()
            .map(|row| (row.subject, of(row.subject)))
            .collect();
        Ok(Self {
            messages: counter(
                "usher_actor_messages_total",
                "Messages by actor, kind and outcome.",
                &["actor", "message", "outcome"],
            )?,
            seconds: histogram(
                "usher_actor_message_seconds",
                "Time from taking a message out of the mailbox to its answer.",
                route,
                SECONDS,
            )?,
            batch: histogram(
                "usher_actor_batch_messages",
                "Messages served in one turn.",
                route,
                &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0],
            )?,
            mailbox: gauge(
                "usher_actor_mailbox_messages",
                "Messages that wait for their turn.",
                route,
            )?,
            mailbox_capacity: gauge(
                "usher_actor_mailbox_capacity_messages",
                "Messages that may wait; more are refused at once.",
                route,
            )?,
            restarts: counter(
                "usher_actor_restarts_total",
                "Fresh instances after a panic.",
                &["actor"],
            )?,
            instances: gauge("usher_actor_instances", "Instances that run.", &["actor"])?,
            requests: Arc::new(by_subject),
            other_requests: of("other"),
            connected: gauge(
                "usher_bus_connected",
                "1 while the role's connection to the bus stands.",
                &["role"],
            )?,
            reconnects: counter(
                "usher_bus_reconnects_total",
                "Connections to the bus after the first.",
                &["role"],
            )?,
            slow_consumers: counter(
                "usher_bus_slow_consumer_total",
                "Times that the bus dropped messages because this process read too slowly.",
                &["role"],
            )?,
        })
    }

    /// Metrics that nobody scrapes: for tests and programs.
    pub fn unscraped() -> Result<Self, prometheus::Error> {
        Self::register(&Registry::new())
    }

    pub(crate) fn request(&self, subject: &str) -> &RequestMetrics {
        self.requests.get(subject).unwrap_or(&self.other_requests)
    }

    pub(crate) fn route(&self, actor: &str, subject: &str, capacity: usize) -> RouteMetrics {
        let message = subject.strip_prefix("usher.v1.").unwrap_or(subject);
        let outcome = |outcome| self.messages.with_label_values(&[actor, message, outcome]);
        let labels = &[actor, message];
        let capacity = i64::try_from(capacity).unwrap_or(i64::MAX);
        self.mailbox_capacity
            .with_label_values(labels)
            .set(capacity);
        RouteMetrics {
            ok: outcome("ok"),
            refused: outcome("refused"),
            failed: outcome("failed"),
            overloaded: outcome("overloaded"),
            expired: outcome("expired"),
            panicked: outcome("panicked"),
            seconds: self.seconds.with_label_values(labels),
            batch: self.batch.with_label_values(labels),
            mailbox: self.mailbox.with_label_values(labels),
            last_error: Arc::default(),
        }
    }

    /// The restarts of one actor.
    pub fn restarts(&self, actor: &str) -> IntCounter {
        self.restarts.with_label_values(&[actor])
    }

    pub(crate) fn instances(&self, actor: &str) -> IntGauge {
        self.instances.with_label_values(&[actor])
    }
}

impl RequestMetrics {
    pub(crate) fn record(&self, status: Option<u16>, took: Duration) {
        self.seconds.observe(took.as_secs_f64());
        match status {
            None => self.ok.inc(),
            Some(status) if status < 500 => self.refused.inc(),
            Some(_) => self.failed.inc(),
        }
    }
}

impl RouteMetrics {
    pub(crate) fn record(&self, problem: Option<&Problem>, took: Duration) {
        self.seconds.observe(took.as_secs_f64());
        let Some(problem) = problem else {
            return self.ok.inc();
        };
        match problem.kind {
            Kind::Panicked => self.panicked.inc(),
            Kind::DeadlinePassed => self.expired.inc(),
            _ if problem.status < 500 => self.refused.inc(),
            _ => self.failed.inc(),
        }
        self.note(problem.kind);
    }

    /// A request found the mailbox full.
    pub(crate) fn overload(&self) {
        self.overloaded.inc();
        self.note(Kind::Overloaded);
    }

    fn note(&self, kind: Kind) {
        *self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(kind);
    }

    /// The last error as service discovery tells it: `404:not-found`; empty when there was none. Its
    /// kind alone, never what was asked.
    pub(crate) fn last_error(&self) -> String {
        let kind = *self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kind.map_or_else(String::new, |kind| {
            format!("{}:{}", kind.status(), kind.slug())
        })
    }

    /// Requests and errors so far, and the seconds they took: what service discovery tells.
    pub(crate) fn totals(&self) -> (u64, u64, f64) {
        let errors = self.failed.get()
            + self.refused.get()
            + self.overloaded.get()
            + self.expired.get()
            + self.panicked.get();
        (
            self.ok.get() + errors,
            errors,
            self.seconds.get_sample_sum(),
        )
    }
}
