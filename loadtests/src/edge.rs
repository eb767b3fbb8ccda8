//! What the way through edge, bus and actor costs: two routes against a constant answer of the same
//! edge, which passes the same gate and carries the same headers.
//!
//! As in a node: the edge with two workers, each actor on a thread of its own, nats-server and
//! PostgreSQL as processes. The browsers ([`crate::http`]) share the two cores with all of them.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    sync::{Arc, LazyLock},
    time::Duration,
};

use actix_web::{
    HttpResponse,
    web::{self, Bytes},
};
use anyhow::Result;
use contract::{Caller, Kind, Problem, Secret, Service};
use futures_util::future::try_join_all;
use http_edge::{BusFactory, Edge, EdgeOptions, ThrottleLimits};
use kernel::{Bus, Cx, Health, Stage, StageOptions, bus::NatsBus};
use link_registry::LinkRegistry;
use store::vault::Vault;
use testkit::{NatsServer, PostgresServer};
use tokio::{runtime::Runtime, sync::watch};
use url::Url;

use crate::{
    bus::{Echo, REQUEST_ID, bus_options, start_echo_actor},
    house::House,
    http::Line,
    rounds::{Aim, Next, Pace, Sample, compare, race},
    thread,
};

const CALLERS: usize = 64;
const WORKERS: usize = 2;

/// The routes that are no part of the product.
fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/load/constant", web::get().to(constant))
        .route("/load/echo", web::get().to(echo));
}

/// What the echo answers too, made once.
async fn constant() -> HttpResponse {
    static BODY: LazyLock<Bytes> = LazyLock::new(|| {
        serde_json::to_vec(&Echo::sample())
            .unwrap_or_default()
            .into()
    });
    HttpResponse::Ok()
        .content_type("application/json")
        .body(BODY.clone())
}

async fn echo(edge: web::Data<Edge>) -> HttpResponse {
    let clock = &**edge.bus.clock();
    let caller = Caller::public(Service::HttpEdge, clock.now());
    let cx = Cx::begin(caller, REQUEST_ID, clock);
    match edge.bus.call(&Echo::sample(), &cx).await {
        Ok(echo) => HttpResponse::Ok().json(echo),
        Err(problem) => HttpResponse::ServiceUnavailable().body(problem.to_string()),
    }
}

/// Starts the edge, each of its workers with a connection of its own.
fn start_edge(nats: String) -> Result<SocketAddr> {
    thread::run(|| async move {
        let buses: BusFactory = Arc::new(move || {
            let nats = nats.clone();
            Box::pin(async move {
                let options =
                    bus_options(Service::HttpEdge).map_err(|_| Problem::new(Kind::Internal))?;
                let transport = NatsBus::connect(&nats, "edge", &options.metrics).await?;
                Ok(Bus::new(Arc::new(transport), options))
            })
        });
        serve(buses).await
    })
}

/// Serves HTTP; answers where.
pub(crate) async fn serve(buses: BusFactory) -> Result<(SocketAddr, impl Future<Output = ()>)> {
    let unbounded = ThrottleLimits {
        per_ip: NonZeroU32::MAX,
        per_email: NonZeroU32::MAX,
        per_link: NonZeroU32::MAX,
        per_organisation: NonZeroU32::MAX,
    };
    let options = EdgeOptions {
        hooks: http_edge::HookKeys::default(),
        paste_limit: 500,
        import_limit: 100_000,
        import_bytes: 64 << 20,
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        public_url: Url::parse("http://127.0.0.1/")?,
        terms_url: None,
        trusted_proxies: Vec::new(),
        workers: WORKERS,
        throttle: watch::channel(unbounded).1,
        is_demo: false,
    };
    let registry = prometheus::Registry::new();
    let running = http_edge::start(options, buses, &registry, routes).await?;
    Ok((running.address(), thread::keep(running)))
}

/// Starts the link registry on a database of its own; answers the token of a link.
fn start_link_registry(nats: String, database: String) -> Result<Secret> {
    thread::run(|| async move {
        let house = House::build(&database, 8).await?;
        let vault = Vault::new(&Secret::new("the key of a load test"))?;
        let options = bus_options(Service::LinkRegistry)?;
        let transport = NatsBus::connect(&nats, "links", &options.metrics).await?;
        let bus = Bus::new(Arc::new(transport), options);
        let mut stage = Stage::new(bus, Health::default(), StageOptions::default());
        let (db, clock) = (house.db.clone(), Arc::clone(&house.clock));
        let registry = move || LinkRegistry::new(db.clone(), Arc::clone(&clock), vault.clone());
        stage.actor(1, registry).await?;
        Ok((house.token, thread::keep(stage)))
    })
}

/// Browsers that stay connected, all for one path.
struct Browsers<'a> {
    runtime: &'a Runtime,
    lines: Vec<Line>,
}

impl<'a> Browsers<'a> {
    fn of(runtime: &'a Runtime, address: SocketAddr, path: &str) -> Result<Self> {
        let lines = (0..CALLERS).map(|_| Line::open(address, path));
        let lines = runtime.block_on(try_join_all(lines))?;
        Ok(Self { runtime, lines })
    }

    fn read(&mut self, time: Duration) -> Result<Sample> {
        let callers = self.lines.iter_mut();
        self.runtime.block_on(race(callers, time, async |line| {
            line.get().await?;
            Ok(Next::Again)
        }))
    }
}

pub(crate) fn run(pace: Pace) -> Result<()> {
    let (nats, postgres) = (NatsServer::start(), PostgresServer::durable());
    start_echo_actor(nats.url())?;
    let token = start_link_registry(nats.url(), postgres.fresh_database())?;
    let address = start_edge(nats.url())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let scenario = |title: &str, path: &str, ratio: f64| {
        let mut ours = Browsers::of(&runtime, address, path)?;
        let mut baseline = Browsers::of(&runtime, address, "/load/constant")?;
        compare(
            &format!("{title}, {CALLERS} callers, against a constant answer of the same edge"),
            pace,
            Aim {
                ratio,
                p99_most: None,
            },
            |time| ours.read(time),
            |time| baseline.read(time),
        )
    };
    scenario("an echo through edge, NATS and actor", "/load/echo", 0.45)?;
    scenario(
        "the join page, through NATS and the link registry on PostgreSQL",
        &format!("/join/{}", token.expose()),
        0.2,
    )
}
