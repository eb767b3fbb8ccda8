//! The NATS service API (ADR-32): every actor answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`, so
//! that any NATS client sees what runs. Answered here rather than by `async_nats::service`, which
//! drops the body of an error answer and then cannot count it.

use std::fmt;

use contract::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::metrics::RouteMetrics;

/// A question of the service API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Who is there?
    Ping,
    /// What do you serve?
    Info,
    /// How much have you served?
    Stats,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ping, Self::Info, Self::Stats];

    const fn name(self) -> &'static str {
        match self {
            Self::Ping => "PING",
            Self::Info => "INFO",
            Self::Stats => "STATS",
        }
    }
}

/// What a running actor tells of itself.
pub struct Card {
    /// The actor.
    pub name: &'static str,
    /// This very process's part of it.
    pub id: String,
    /// Since when it runs.
    pub started: Timestamp,
    pub(crate) endpoints: Vec<Endpoint>,
}

pub(crate) struct Endpoint {
    pub(crate) subject: &'static str,
    pub(crate) metrics: RouteMetrics,
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card")
            .field("name", &self.name)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Stats {
    name: String,
    subject: &'static str,
    queue_group: &'static str,
    num_requests: u64,
    num_errors: u64,
    last_error: String,
    /// Nanoseconds, as ADR-32 asks.
    processing_time: u64,
    average_processing_time: u64,
}

impl Card {
    /// The subjects on which a verb is asked: of everybody, of this name, of this instance.
    pub fn subjects(&self, verb: Verb) -> [String; 3] {
        let verb = verb.name();
        [
            format!("$SRV.{verb}"),
            format!("$SRV.{verb}.{}", self.name),
            format!("$SRV.{verb}.{}.{}", self.name, self.id),
        ]
    }

    /// The answer, as JSON.
    pub fn answer(&self, verb: Verb) -> String {
        let kind = match verb {
            Verb::Ping => "ping",
            Verb::Info => "info",
            Verb::Stats => "stats",
        };
        let common = json!({
            "type": format!("io.nats.micro.v1.{kind}_response"),
            "name": self.name,
            "id": self.id,
            "version": env!("CARGO_PKG_VERSION"),
            "metadata": {},
        });
        let endpoints = self.endpoints.iter();
        let particular = match verb {
            Verb::Ping => json!({}),
            Verb::Info => json!({
                "description": format!("Usher: {}", self.name),
                "endpoints": endpoints.map(|endpoint| self.info(endpoint)).collect::<Vec<_>>(),
            }),
            Verb::Stats => json!({
                "started": self.started,
                "endpoints": endpoints.map(|endpoint| self.stats(endpoint)).collect::<Vec<_>>(),
            }),
        };
        let fields = [common, particular]
            .into_iter()
            .filter_map(|part| match part {
                Value::Object(fields) => Some(fields),
                _ => None,
            });
        Value::Object(fields.flatten().collect()).to_string()
    }

    fn info(&self, endpoint: &Endpoint) -> Value {
        json!({
            "name": endpoint_name(endpoint.subject),
            "subject": endpoint.subject,
            "queue_group": self.name,
            "metadata": {},
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "seconds of work since the start, never negative and far below 2^64 nanoseconds"
    )]
    fn stats(&self, endpoint: &Endpoint) -> Stats {
        let (num_requests, num_errors, seconds) = endpoint.metrics.totals();
        let processing_time = (seconds * 1e9) as u64;
        Stats {
            name: endpoint_name(endpoint.subject),
            subject: endpoint.subject,
            queue_group: self.name,
            num_requests,
            num_errors,
            last_error: endpoint.metrics.last_error(),
            processing_time,
            average_processing_time: processing_time.checked_div(num_requests).unwrap_or(0),
        }
    }
}

/// `usher.v1.links.create` -> `links-create`: endpoint names have no dots.
fn endpoint_name(subject: &str) -> String {
    subject
        .strip_prefix("usher.v1.")
        .unwrap_or(subject)
        .replace('.', "-")
}
