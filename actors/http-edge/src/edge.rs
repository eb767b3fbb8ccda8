//! The server: what it is told, what each worker holds, how it starts and stops.

use std::{fmt, io, net::SocketAddr, pin::Pin, sync::Arc, task::Poll, time::Duration};

use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
    middleware, web,
};
use bounces::HookKeys;
use contract::Problem;
use futures_util::future::LocalBoxFuture;
use kernel::Bus;
use prometheus::Registry;
use tokio::sync::watch;
use url::Url;

use crate::{
    api, gate,
    metrics::HttpMetrics,
    network::Network,
    pages,
    problem::Refused,
    throttle::{Throttle, ThrottleLimits},
    watch::Streams,
};

/// What the edge is told at its start.
#[derive(Clone, Debug)]
pub struct EdgeOptions {
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// How browsers reach it: the beginning of every URL it makes.
    pub public_url: Url,
    /// Where the terms of use can be read that whoever joins accepts.
    pub terms_url: Option<Url>,
    /// Peers whose `X-Forwarded-For`, `X-Request-Id` and `traceparent` are believed.
    pub trusted_proxies: Vec<Network>,
    /// Threads that serve requests; each has a bus of its own.
    pub workers: usize,
    /// What is borne of each client, address, link and organisation, as it changes.
    pub throttle: watch::Receiver<ThrottleLimits>,
    /// What providers of mail sign their events with.
    pub hooks: HookKeys,
    /// The most addresses that are pasted at once.
    pub paste_limit: usize,
    /// The most addresses of one file.
    pub import_limit: usize,
    /// The largest file of addresses, in bytes.
    pub import_bytes: usize,
    /// Whether this is the demo, which shows kept mails in the browser.
    pub is_demo: bool,
}

impl EdgeOptions {
    /// An absolute URL of this site; `path` begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }

    /// The longest paste, in characters: as many addresses as it may hold, each with a name beside it.
    pub fn paste_characters(&self) -> usize {
        self.paste_limit.max(PASTE_LEAST) * CHARACTERS
    }

    /// The largest body in JSON, and the largest form, in bytes: 64 KiB, more where a paste may be
    /// longer than usual.
    pub(crate) fn body_most(&self) -> usize {
        self.paste_characters() + BODY_BESIDE
    }

    /// The largest form with a pasted list, in bytes: a browser writes three for each `@`, space or
    /// return.
    pub(crate) fn paste_form_most(&self) -> usize {
        self.paste_characters() * 3 + BODY_BESIDE
    }

    /// Whether browsers come by https.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

/// Makes the bus of one worker, on that worker's thread: a connection of one's own is cheaper than
/// a shared one.
pub type BusFactory = Arc<dyn Fn() -> LocalBoxFuture<'static, Result<Bus, Problem>> + Send + Sync>;

/// What each worker holds; handlers get it as `web::Data<Edge>`.
#[derive(Debug)]
pub struct Edge {
    /// Carries every message.
    pub bus: Bus,
    /// What the edge was told.
    pub options: Arc<EdgeOptions>,
    pub(crate) metrics: HttpMetrics,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) streams: Arc<Streams>,
}

/// Why the edge does not run.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The metrics are registered already.
    #[error("cannot register the metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The workers cannot start, or cannot go on.
    #[error("the server ended: {0}")]
    Ended(#[from] io::Error),
}

/// Characters for each address of a paste.
const CHARACTERS: usize = 120;
/// For at least so many addresses there is room.
const PASTE_LEAST: usize = 500;
/// What a body has beside a paste.
const BODY_BESIDE: usize = (64 << 10) - PASTE_LEAST * CHARACTERS;

/// How long a connection may be silent between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a stop waits for requests in flight; a little more than a request's patience.
const STOP_SECONDS: u64 = 12;

/// Starts the server; once it is answered, requests are served.
///
/// `extra` adds routes that are no part of the product: the load tests' echo.
pub async fn start(
    options: EdgeOptions,
    bus: BusFactory,
    registry: &Registry,
    extra: fn(&mut web::ServiceConfig),
) -> Result<Running, EdgeError> {
    let metrics = HttpMetrics::register(registry)?;
    let throttle = Arc::new(Throttle::new(options.throttle.clone(), registry)?);
    let streams = Arc::<Streams>::default();
    let closing = Arc::clone(&streams);
    let (listen, workers) = (options.listen, options.workers.max(1));
    let options = Arc::new(options);
    let server = HttpServer::new(move || {
        let (bus, options, metrics) = (Arc::clone(&bus), Arc::clone(&options), metrics.clone());
        let throttle = Arc::clone(&throttle);
        let (form_most, paste_most) = (options.body_most(), options.paste_form_most());
        let streams = Arc::clone(&streams);
        App::new()
            .data_factory(move || {
                let (bus, options, metrics) = (bus(), Arc::clone(&options), metrics.clone());
                let throttle = Arc::clone(&throttle);
                let streams = Arc::clone(&streams);
                async move {
                    Ok::<_, Problem>(Edge {
                        bus: bus.await?,
                        options,
                        metrics,
                        throttle,
                        streams,
                    })
                }
            })
            .app_data(web::PathConfig::default().error_handler(|_, _| Refused::not_found().into()))
            .wrap(middleware::from_fn(gate::pass))
            .configure(api::configure)
            .configure(extra)
            .configure(|cfg| pages::configure(cfg, form_most, paste_most))
            .default_service(web::to(|| async { Refused::not_found() }))
    })
    .workers(workers)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD_TIMEOUT)
    .shutdown_timeout(STOP_SECONDS)
    .disable_signals()
    .bind(listen)
    .map_err(|source| EdgeError::Listen {
        address: listen,
        source,
    })?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    let mut server = Box::pin(server.run());
    // The first poll starts the workers, and fails when one of them gets no bus.
    match futures_util::poll!(&mut server) {
        Poll::Ready(ended) => Err(EdgeError::Ended(
            ended.err().unwrap_or_else(ended_by_itself),
        )),
        Poll::Pending => Ok(Running {
            address,
            handle: server.handle(),
            server,
            streams: closing,
        }),
    }
}

fn ended_by_itself() -> io::Error {
    io::Error::other("without a reason")
}

/// A server that runs. Dropping it ends it at once.
pub struct Running {
    address: SocketAddr,
    handle: ServerHandle,
    server: Pin<Box<Server>>,
    streams: Arc<Streams>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends when the server ends by itself. Awaiting it also lets the server replace a worker that
    /// died; giving the wait up loses nothing.
    pub async fn ended(&mut self) -> EdgeError {
        let ended = self.server.as_mut().await;
        EdgeError::Ended(ended.err().unwrap_or_else(ended_by_itself))
    }

    /// Takes no new connections, ends streams, finishes the requests in flight, at most `STOP_SECONDS` long.
    pub async fn stop(self) {
        self.streams.close();
        let ((), ended) = futures_util::future::join(self.handle.stop(true), self.server).await;
        if let Err(error) = ended {
            tracing::error!(%error, "the http server stopped badly");
        }
    }
}
