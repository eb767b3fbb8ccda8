//! The edge of this node: what it is told, and on which port it ends up.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use anyhow::Context as _;
use contract::{Problem, Service};
use http_edge::{BusFactory, EdgeOptions, Network, Running};
use url::Url;

use crate::{
    edge::{Edge, StartServer, Supervision},
    ground::{Ground, Purpose},
    renewed_metrics::RenewedMetrics,
    roles::Role,
};

/// How often a free port is looked for that nobody takes in the meantime.
const ATTEMPTS: usize = 10;

/// Starts the edge under supervision.
pub async fn start(ground: &Ground) -> anyhow::Result<Edge> {
    let metrics = RenewedMetrics::register(&ground.registry)?;
    let supervision = Supervision {
        intensity: ground.settings.actors.intensity(),
        restarts: ground.metrics.restarts(Service::HttpEdge.name()),
        health: ground.health.clone(),
    };
    let http = &ground.settings.http;
    let mut attempts = ATTEMPTS;
    loop {
        attempts = attempts.saturating_sub(1);
        // What links begin with has the port in it, so the port must be known before the server.
        let is_found = http.listen.port() == 0 && http.public_url.is_none();
        let listen = if is_found {
            free_port(http.listen)?
        } else {
            http.listen
        };
        let server = server(ground.clone(), metrics.clone());
        match Edge::start(listen, server, supervision.clone()).await {
            Err(error) if is_found && attempts > 0 => {
                tracing::debug!(error = format!("{error:#}"), "the port was taken meanwhile");
            }
            edge => return edge.with_context(|| format!("http.listen: {listen}")),
        }
    }
}

fn free_port(listen: SocketAddr) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(listen).with_context(|| format!("http.listen: {listen}"))?;
    Ok(listener.local_addr()?)
}

fn server(ground: Ground, metrics: RenewedMetrics) -> StartServer {
    Box::new(move |listen| {
        let (ground, registry) = (ground.clone(), metrics.renew());
        Box::pin(async move {
            let options = options(&ground, listen)?;
            let started = http_edge::start(options, buses(ground), &registry, |_| {}).await;
            Ok::<Running, anyhow::Error>(started?)
        })
    })
}

fn options(ground: &Ground, listen: SocketAddr) -> anyhow::Result<EdgeOptions> {
    let http = &ground.settings.http;
    let proxies = http
        .trusted_proxies
        .iter()
        .map(|proxy| proxy.parse::<Network>());
    let mail = &ground.settings.mail;
    Ok(EdgeOptions {
        hooks: http_edge::hook_keys(&mail.webhook_standard(), &mail.webhook_sendgrid)?,
        paste_limit: ground.settings.invites.paste_limit.get(),
        import_limit: ground.settings.invites.import_limit.get(),
        import_bytes: ground.settings.invites.import_bytes(),
        listen,
        public_url: Url::parse(&http.public(listen)).context("http.public_url")?,
        terms_url: http.terms_url.clone(),
        trusted_proxies: proxies
            .collect::<Result<_, _>>()
            .context("http.trusted_proxies")?,
        workers: match http.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        },
        throttle: ground.throttle.clone(),
        is_demo: ground.purpose == Purpose::Show,
    })
}

/// A bus for each thread of the server.
fn buses(ground: Ground) -> BusFactory {
    Arc::new(move || {
        let ground = ground.clone();
        Box::pin(async move {
            let line = ground.connect(Role::Edge.name(), Service::HttpEdge).await?;
            Ok::<_, Problem>(line.bus)
        })
    })
}
