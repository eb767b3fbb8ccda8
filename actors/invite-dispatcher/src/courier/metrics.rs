//! The numbers of the courier, for Prometheus.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use super::verdict::Verdict;

/// The class of a mail that its connection did not get to.
const LEFT: &str = "closed";

/// What was handed over, what came of it, what waits.
#[derive(Clone, Debug)]
pub struct CourierMetrics {
    relay: String,
    accepted: IntCounterVec,
    replies: IntCounterVec,
    pub(super) oldest: IntGauge,
    pub(super) in_flight: IntGauge,
    pub(super) connections: IntGauge,
    pub(super) opened: IntCounter,
    pub(super) suppressed: IntCounter,
    pub(super) expired_leases: IntCounter,
    pub(super) is_held_up: IntGauge,
    pub(super) is_slow: IntGauge,
}

impl CourierMetrics {
    /// Makes them, for a courier of this relay (a host, or `file`).
    fn new(relay: &str) -> Result<Self, prometheus::Error> {
        let accepted = IntCounterVec::new(
            Opts::new(
                "usher_mail_accepted_total",
                "Mails that a relay has taken, by relay.",
            ),
            &["relay"],
        )?;
        let replies = IntCounterVec::new(
            Opts::new(
                "usher_mail_replies_total",
                "What became of mails on the wire, by class.",
            ),
            &["class"],
        )?;
        accepted.with_label_values(&[relay]);
        for name in Verdict::NAMES.iter().chain([&LEFT]) {
            replies.with_label_values(&[name]);
        }
        Ok(Self {
            relay: relay.to_owned(),
            accepted,
            replies,
            oldest: IntGauge::new(
                "usher_mail_oldest_due_seconds",
                "How long the oldest mail that is due waits already.",
            )?,
            in_flight: IntGauge::new(
                "usher_mail_in_flight",
                "Mails that are with this courier, so that a crash could repeat them.",
            )?,
            connections: IntGauge::new(
                "usher_mail_connections",
                "Connections to the relay that are open.",
            )?,
            opened: IntCounter::new(
                "usher_mail_connections_opened_total",
                "Connections to the relay that were opened.",
            )?,
            suppressed: IntCounter::new(
                "usher_mail_suppressed_total",
                "Invites that were not sent because their receivers want none.",
            )?,
            expired_leases: IntCounter::new(
                "usher_mail_expired_leases_total",
                "Invites whose courier ended in the middle: each may be sent twice.",
            )?,
            is_held_up: IntGauge::new(
                "usher_mail_held_up",
                "1 while the relay takes nothing from this courier.",
            )?,
            is_slow: IntGauge::new(
                "usher_mail_slowed",
                "1 while this courier sends fewer mails than it may, because the relay asked for that.",
            )?,
        })
    }

    /// Makes and registers them.
    pub fn register(registry: &Registry, relay: &str) -> Result<Self, prometheus::Error> {
        let metrics = Self::new(relay)?;
        registry.register(Box::new(metrics.accepted.clone()))?;
        registry.register(Box::new(metrics.replies.clone()))?;
        registry.register(Box::new(metrics.oldest.clone()))?;
        registry.register(Box::new(metrics.in_flight.clone()))?;
        registry.register(Box::new(metrics.connections.clone()))?;
        registry.register(Box::new(metrics.opened.clone()))?;
        registry.register(Box::new(metrics.suppressed.clone()))?;
        registry.register(Box::new(metrics.expired_leases.clone()))?;
        registry.register(Box::new(metrics.is_held_up.clone()))?;
        registry.register(Box::new(metrics.is_slow.clone()))?;
        Ok(metrics)
    }

    /// Nobody looks at them.
    pub fn unscraped() -> Result<Self, prometheus::Error> {
        Self::new("relay")
    }

    /// A connection ended before this mail; another takes it.
    pub(super) fn count_left(&self) {
        self.replies.with_label_values(&[LEFT]).inc();
    }

    pub(super) fn count(&self, verdict: &Verdict) {
        self.replies.with_label_values(&[verdict.name()]).inc();
        if matches!(verdict, Verdict::Accepted(_)) {
            self.accepted
                .with_label_values(&[self.relay.as_str()])
                .inc();
        }
    }
}
