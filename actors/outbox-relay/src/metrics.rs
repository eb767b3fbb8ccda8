//! The numbers of the relay, for Prometheus.

use prometheus::{IntCounter, IntGauge, Registry};

/// What was published, what waits, what failed.
#[derive(Clone, Debug)]
pub struct RelayMetrics {
    pub(crate) published: IntCounter,
    pub(crate) unpublished: IntGauge,
    pub(crate) errors: IntCounter,
}

impl RelayMetrics {
    /// Makes and registers them.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            published: IntCounter::new(
                "usher_relay_published_total",
                "Events that the stream has acknowledged.",
            )?,
            unpublished: IntGauge::new(
                "usher_relay_unpublished",
                "Events that wait to be published; 0 at relays that stand by.",
            )?,
            errors: IntCounter::new(
                "usher_relay_errors_total",
                "Turns of the relay that failed and are tried again.",
            )?,
        };
        registry.register(Box::new(metrics.published.clone()))?;
        registry.register(Box::new(metrics.unpublished.clone()))?;
        registry.register(Box::new(metrics.errors.clone()))?;
        Ok(metrics)
    }
}
