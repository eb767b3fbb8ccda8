//! Request and reply through the kernel on NATS, against a bare async-nats echo that sends headers
//! of the same names and sizes and JSON on both sides. Each side: one responder thread, one client
//! thread with 256 callers, one nats-server between them.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use contract::{Call, Caller, Need, Problem, Secret, Service, SystemClock};
use futures_util::{StreamExt as _, future::join_all};
use kernel::{
    Behaviour, Bus, BusKey, BusOptions, Cx, Health, KernelMetrics, Routes, Serve, Stage,
    StageOptions, bus::NatsBus,
};
use serde::{Deserialize, Serialize};
use testkit::NatsServer;

use crate::rounds::{Aim, Pace, Sample, compare};

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
    let (ready, started) = mpsc::channel();
    std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let result = async {
                let options = bus_options(Service::Probe)?;
                let nats = NatsBus::connect(&url, "probe", &options.metrics).await?;
                let bus = Bus::new(Arc::new(nats), options);
                let mut stage = Stage::new(bus, Health::default(), StageOptions::default());
                stage.actor(1, || EchoActor).await?;
                Ok::<_, anyhow::Error>(stage)
            }
            .await;
            match result {
                Ok(stage) => {
                    let _ = ready.send(Ok(()));
                    std::future::pending::<()>().await;
                    drop(stage);
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        });
    });
    started.recv().context("the echo actor")?
}

fn start_bare_echo(url: String) -> Result<()> {
    let (ready, started) = mpsc::channel();
    std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let Ok(client) = async_nats::connect(&url).await else { return };
            let Ok(mut requests) =
                client.queue_subscribe("bare.echo".to_owned(), "bare".to_owned()).await
            else {
                return;
            };
            if client.flush().await.is_err() {
                return;
            }
            let _ = ready.send(());
            while let Some(message) = requests.next().await {
                let Some(to) = message.reply else { continue };
                let Ok(echo) = serde_json::from_slice::<Echo>(&message.payload) else { continue };
                let body = serde_json::to_vec(&echo).unwrap_or_default();
                let _ = client.publish(to, body.into()).await;
            }
        });
    });
    started.recv().context("the bare echo")
}

/// Calls from `callers` tasks at once until the time is over.
pub(crate) async fn hammer<F, T>(callers: usize, time: Duration, call: F) -> Result<Sample>
where
    F: Fn() -> T,
    T: Future<Output = Result<()>>,
{
    let started = Instant::now();
    let caller = async || {
        let mut latencies = Vec::new();
        while started.elapsed() < time {
            let sent = Instant::now();
            call().await?;
            latencies.push(sent.elapsed());
        }
        Ok::<_, anyhow::Error>(latencies)
    };
    let mut all = Vec::new();
    for latencies in join_all((0..callers).map(|_| caller())).await {
        all.extend(latencies?);
    }
    Ok(Sample::of(all, started.elapsed()))
}

pub(crate) fn run(pace: Pace) -> Result<()> {
    let server = NatsServer::start();
    let url = server.url().to_owned();
    start_echo_actor(url.clone())?;
    start_bare_echo(url.clone())?;

    let client = actix_rt::System::new();
    let (bus, bare) = client.block_on(async {
        let options = bus_options(Service::Probe)?;
        let nats = NatsBus::connect(&url, "caller", &options.metrics).await?;
        Ok::<_, anyhow::Error>((Bus::new(Arc::new(nats), options), async_nats::connect(&url).await?))
    })?;
    let clock = Arc::clone(bus.clock());
    let headers = same_headers(&*clock)?;

    let aim = Aim { ratio: 0.7, p99_no_worse: false };
    compare(
        "request and reply through the kernel on NATS, 256 callers, against a bare async-nats echo",
        pace,
        aim,
        |time| {
            client.block_on(hammer(CALLERS, time, || async {
                let caller = Caller::public(Service::Probe, clock.now());
                let cx = Cx::begin(caller, "a-request-of-the-load-test", &*clock);
                bus.call(&Echo::sample(), &cx).await?;
                Ok(())
            }))
        },
        |time| {
            client.block_on(hammer(CALLERS, time, || async {
                let body = serde_json::to_vec(&Echo::sample())?;
                let request = bare.request_with_headers("bare.echo", headers.clone(), body.into());
                let answer = request.await?;
                serde_json::from_slice::<Echo>(&answer.payload)?;
                Ok(())
            }))
        },
    )
}

/// Headers as the kernel sends them, made once: the bare echo signs nothing.
fn same_headers(clock: &dyn contract::Clock) -> Result<async_nats::HeaderMap> {
    let options = bus_options(Service::Probe)?;
    let body = serde_json::to_vec(&Echo::sample())?;
    let caller = Caller::public(Service::Probe, clock.now());
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Usher-Caller", options.key.sign(Echo::SUBJECT, &caller, &body)?);
    headers.insert("Usher-Deadline", clock.now().micros().to_string());
    headers.insert("Usher-Request-Id", "a-request-of-the-load-test");
    Ok(headers)
}
