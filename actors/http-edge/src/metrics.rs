//! The numbers of the edge. Labels are bounded: route templates, known methods, statuses.

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

/// Upper bounds in seconds, from a constant answer to a deadline.
const SECONDS: &[f64] = &[
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The metrics of the edge, registered once a process.
#[derive(Clone, Debug)]
pub(crate) struct HttpMetrics {
    requests: IntCounterVec,
    seconds: HistogramVec,
    pub(crate) in_flight: IntGauge,
    pub(crate) arriving: IntGauge,
    pub(crate) ahead: IntGauge,
    pub(crate) panics: IntCounter,
}

impl HttpMetrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            requests: IntCounterVec::new(
                Opts::new("usher_http_requests_total", "Requests answered."),
                &["route", "method", "code"],
            )?,
            seconds: HistogramVec::new(
                HistogramOpts::new("usher_http_request_seconds", "Time from head to answer.")
                    .buckets(SECONDS.to_vec()),
                &["route", "method"],
            )?,
            in_flight: IntGauge::new(
                "usher_http_requests_in_flight",
                "Requests that are being answered.",
            )?,
            arriving: IntGauge::new(
                "usher_http_requests_arriving",
                "Requests whose body is still to come.",
            )?,
            ahead: IntGauge::new(
                "usher_http_ahead_bytes",
                "Bytes of bodies that came before anybody began to answer.",
            )?,
            panics: IntCounter::new("usher_http_panics_total", "Handlers that panicked.")?,
        };
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        registry.register(Box::new(metrics.in_flight.clone()))?;
        registry.register(Box::new(metrics.arriving.clone()))?;
        registry.register(Box::new(metrics.ahead.clone()))?;
        registry.register(Box::new(metrics.panics.clone()))?;
        Ok(metrics)
    }

    pub(crate) fn record(&self, route: &str, method: &str, code: StatusCode, took: Duration) {
        self.requests
            .with_label_values(&[route, method, code.as_str()])
            .inc();
        self.seconds
            .with_label_values(&[route, method])
            .observe(took.as_secs_f64());
    }
}

/// The method as a label: a client may invent methods, a label may not.
pub(crate) fn method_label(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN
        .into_iter()
        .find(|known| *known == method.as_str())
        .unwrap_or("other")
}
