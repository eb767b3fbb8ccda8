//! The numbers of what comes back by mail, for Prometheus.

use prometheus::{IntCounter, Registry};

/// What came back and was not believed.
#[derive(Clone, Debug)]
pub struct MailboxMetrics {
    pub(super) unproved: IntCounter,
}

impl MailboxMetrics {
    /// Makes them; nobody looks at them.
    pub fn unscraped() -> Result<Self, prometheus::Error> {
        Ok(Self {
            unproved: IntCounter::new(
                "usher_mail_unproved_reports_total",
                "Reports by mail that had no token of the mail they were about: not believed.",
            )?,
        })
    }

    /// Makes and registers them.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self::unscraped()?;
        registry.register(Box::new(metrics.unproved.clone()))?;
        Ok(metrics)
    }

    /// How many reports were not believed.
    pub fn unproved(&self) -> u64 {
        self.unproved.get()
    }
}
