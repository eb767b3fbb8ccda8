//! An actor that does as it is told.

use std::sync::{Arc, Mutex};

use contract::{Call, Kind, Need, Problem, Role, Service, ids::OrganisationId};
use kernel::{Behaviour, Cx, Routes, Serve};
use serde::{Deserialize, Serialize};

use crate::gate::Gate;

/// What the probe shall do in its turn.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Answer this text.
    Echo(String),
    /// Wait at the gate, then answer this text.
    Wait(String),
    /// Wait at the gate, then panic.
    WaitAndPanic,
    /// Panic at once.
    Panic,
    /// Refuse with everything a refusal can bear.
    Refuse,
    /// Answer so many bytes of JSON.
    Inflate(usize),
    /// Answer how many turns this instance has had.
    Count,
}

impl Call for Ask {
    const SUBJECT: &'static str = "usher.v1.probe.ask";
    const OWNER: Service = Service::Probe;
    const FROM: &'static [Service] = &[Service::HttpEdge, Service::Probe];
    const NEEDS: Need = Need::Anyone;
    type Reply = String;
}

/// A message that only a manager of the organisation may send, and only through the edge.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Guarded {
    pub(crate) organisation: OrganisationId,
}

impl Call for Guarded {
    const SUBJECT: &'static str = "usher.v1.probe.guarded";
    const OWNER: Service = Service::Probe;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = String;

    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// A message for the operator alone.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reserved;

impl Call for Reserved {
    const SUBJECT: &'static str = "usher.v1.probe.reserved";
    const OWNER: Service = Service::Probe;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Operator;
    type Reply = String;
}

/// What the turns note and the test reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub(crate) fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

pub(crate) struct Probe {
    pub(crate) journal: Journal,
    pub(crate) gate: Gate,
    pub(crate) turns: usize,
}

impl Behaviour for Probe {
    const SERVICE: Service = Service::Probe;

    fn routes(routes: &mut Routes<Self>) {
        routes.one::<Ask>().one::<Guarded>().one::<Reserved>();
    }
}

impl Serve<Ask> for Probe {
    async fn serve(&mut self, message: Ask, _: &Cx) -> Result<String, Problem> {
        self.turns += 1;
        match message {
            Ask::Echo(text) => {
                self.journal.note(&text);
                Ok(text)
            }
            Ask::Wait(text) => {
                self.gate.pass().await;
                self.journal.note(&text);
                Ok(text)
            }
            Ask::WaitAndPanic => {
                self.gate.pass().await;
                panic!("the test asked for it");
            }
            Ask::Panic => panic!("the test asked for it"),
            Ask::Refuse => Err(refusal()),
            Ask::Inflate(bytes) => Ok("x".repeat(bytes - QUOTES)),
            Ask::Count => Ok(self.turns.to_string()),
        }
    }
}

/// What JSON puts around a text.
pub(crate) const QUOTES: usize = 2;

/// A refusal with everything that one can bear.
pub(crate) fn refusal() -> Problem {
    Problem {
        retry_after: Some(42),
        ..Problem::new(Kind::Invalid)
            .detail("this one is particular: \"ü\"")
            .field("email", "not-an-address", "is not an e-mail address")
            .field("name", "too-long", "is too long")
    }
}

impl Serve<Guarded> for Probe {
    async fn serve(&mut self, _: Guarded, cx: &Cx) -> Result<String, Problem> {
        self.journal.note("guarded");
        Ok(format!("{}/{}", cx.caller.actor(), cx.request_id))
    }
}

impl Serve<Reserved> for Probe {
    async fn serve(&mut self, _: Reserved, cx: &Cx) -> Result<String, Problem> {
        self.journal.note("reserved");
        Ok(cx.caller.actor())
    }
}
