//! The numbers of a part that registers them anew at each of its starts: the edge after a failure.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{Registry, core::Collector, core::Desc, proto::MetricFamily};

/// Stands in the node's registry for the registry of the latest start. Counters begin at zero with
/// it, which Prometheus takes for what it is.
#[derive(Clone, Debug, Default)]
pub struct RenewedMetrics(Arc<Mutex<Registry>>);

impl RenewedMetrics {
    /// Registers it.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self::default();
        registry.register(Box::new(metrics.clone()))?;
        Ok(metrics)
    }

    /// The registry of a fresh start; the one before is forgotten.
    pub fn renew(&self) -> Registry {
        let fresh = Registry::new();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        fresh
    }
}

impl Collector for RenewedMetrics {
    fn desc(&self) -> Vec<&Desc> {
        // Not known before the start; the registry only looks for doubles in them.
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .gather()
    }
}

#[cfg(test)]
mod tests {
    use prometheus::IntCounter;

    use super::*;

    #[test]
    fn a_part_that_starts_again_registers_again_and_is_seen_once() {
        let registry = Registry::new();
        let metrics = RenewedMetrics::register(&registry).unwrap();
        for count in [3, 1] {
            let counter = IntCounter::new("things_total", "things").unwrap();
            metrics.renew().register(Box::new(counter.clone())).unwrap();
            counter.inc_by(count);
        }
        let families = registry.gather();
        assert_eq!(families.len(), 1);
        let value = families[0].get_metric()[0].get_counter().get_value();
        assert!((value - 1.0).abs() < f64::EPSILON, "{value}");
    }
}
