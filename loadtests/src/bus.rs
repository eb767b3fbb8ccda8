//! Request and reply through the kernel on NATS, against a bare async-nats echo that sends headers
//! of the same names and sizes and JSON on both sides. Each side: one responder thread, one client
//! thread with 256 callers, one nats-server between them.

use std::{iter, sync::Arc};

use anyhow::Result;
use contract::{Call, Caller, Clock, Need, Problem, Secret, Service, SystemClock};
use futures_util::StreamExt as _;
use kernel::{
    Behaviour, Bus, BusKey, BusOptions, Cx, Health, KernelMetrics, Routes, Serve, Stage,
    StageOptions, bus::NatsBus,
};
use serde::{Deserialize, Serialize};
use testkit::NatsServer;

use crate::{
    rounds::{Aim, Next, Pace, compare, race},
    thread,
};

const CALLERS: usize = 256;

/// A message of the size of an ordinary answer (269 bytes of JSON).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Echo {
    id: String,
    name: String,
    tags: Vec<String>,
    count: u64,
    text: String,
}

impl Echo {
    pub(crate) fn sample() -> Self {
        Self {
            id: "lnk_01JD8Z6V4QK5T7X9Y2B3C4D5E6".to_owned(),
            name: "Law 2026, first year".to_owned(),
            tags: vec!["law".to_owned(), "year-1".to_owned(), "autumn".to_owned()],
            count: 1_234_567,
            text: "an ordinary sentence that makes the message as long as the ones that usually \
                   cross the bus, which is about two hundred bytes"
                .to_owned(),
        }
    }
}

impl Call for Echo {
    const SUBJECT: &'static str = "usher.v1.probe.echo";
    const OWNER: Service = Service::Probe;
    const FROM: &'static [Service] = &[Service::Probe, Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = Self;
}

/// The actor behind it.
#[derive(Debug)]
pub(crate) struct EchoActor;

impl Behaviour for EchoActor {
    const SERVICE: Service = Service::Probe;

    fn routes(routes: &mut Routes<Self>) {
        routes.one::<Echo>();
    }
}

impl Serve<Echo> for EchoActor {
    async fn serve(&mut self, message: Echo, _: &Cx) -> Result<Echo, Problem> {
        Ok(message)
    }
}

/// What a part of the system that speaks on the bus is made of.
pub(crate) fn bus_options(service: Service) -> Result<BusOptions> {
    Ok(BusOptions {
        service,
        key: BusKey::new(&Secret::new("the key of a load test, on loopback")),
        clock: SystemClock::shared(),
        metrics: KernelMetrics::unscraped()?,
    })
}

/// Runs the echo actor on a thread of its own until the process ends.
pub(crate) fn start_echo_actor(url: String) -> Result<()> {
    thread::run(|| async move {
        let options = bus_options(Service::Probe)?;
        let nats = NatsBus::connect(&url, "probe", &options.metrics).await?;
        let bus = Bus::new(Arc::new(nats), options);
        let mut stage = Stage::new(bus, Health::default(), StageOptions::default());
        stage.actor(1, || EchoActor).await?;
        Ok(((), thread::keep(stage)))
    })
}

/// The least that answers: no caller, no deadline, no turn, no supervision, no numbers.
fn start_bare_echo(url: String) -> Result<()> {
    thread::run(|| async move {
        let client = async_nats::connect(&url).await?;
        let mut requests = client
            .queue_subscribe("bare.echo", "bare".to_owned())
            .await?;
        client.flush().await?;
        let answering = async move {
            while let Some(message) = requests.next().await {
                let Some(to) = message.reply else { continue };
                let Ok(echo) = serde_json::from_slice::<Echo>(&message.payload) else {
                    continue;
                };
                let body = serde_json::to_vec(&echo).unwrap_or_default();
                let _ = client.publish(to, body.into()).await;
            }
        };
        Ok(((), answering))
    })
}

pub(crate) fn run(pace: Pace) -> Result<()> {
    let server = NatsServer::start();
    start_echo_actor(server.url())?;
    start_bare_echo(server.url())?;

    let client = actix_rt::System::new();
    let (bus, bare) = client.block_on(async {
        let options = bus_options(Service::Probe)?;
        let nats = NatsBus::connect(&server.url(), "caller", &options.metrics).await?;
        let bus = Bus::new(Arc::new(nats), options);
        Ok::<_, anyhow::Error>((bus, async_nats::connect(server.url()).await?))
    })?;
    let clock = &**bus.clock();
    let headers = same_headers(clock)?;
    let callers = || iter::repeat_n((), CALLERS);

    compare(
        &format!(
            "request and reply through the kernel on NATS, {CALLERS} callers, against a bare \
             async-nats echo"
        ),
        pace,
        Aim {
            ratio: 0.7,
            p99_most: None,
        },
        |time| {
            client.block_on(race(callers(), time, async |()| {
                let caller = Caller::public(Service::Probe, clock.now());
                let cx = Cx::begin(caller, REQUEST_ID, clock);
                bus.call(&Echo::sample(), &cx).await?;
                Ok(Next::Again)
            }))
        },
        |time| {
            client.block_on(race(callers(), time, async |()| {
                let body = serde_json::to_vec(&Echo::sample())?;
                let request = bare.request_with_headers("bare.echo", headers.clone(), body.into());
                serde_json::from_slice::<Echo>(&request.await?.payload)?;
                Ok(Next::Again)
            }))
        },
    )
}

/// As long as those that the edge gives.
pub(crate) const REQUEST_ID: &str = "01JD8Z6V4QK5T7X9Y2B3C4D5E6";

/// Headers as the kernel sends them, made once: the bare echo signs nothing.
fn same_headers(clock: &dyn Clock) -> Result<async_nats::HeaderMap> {
    let options = bus_options(Service::Probe)?;
    let body = serde_json::to_vec(&Echo::sample())?;
    let caller = Caller::public(Service::Probe, clock.now());
    let mut headers = async_nats::HeaderMap::new();
    headers.insert(
        "Usher-Caller",
        options.key.sign(Echo::SUBJECT, &caller, &body)?,
    );
    headers.insert("Usher-Deadline", clock.now().micros().to_string());
    headers.insert("Usher-Request-Id", REQUEST_ID);
    Ok(headers)
}
