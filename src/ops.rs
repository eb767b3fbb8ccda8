//! The operations port: `/metrics`, `/livez`, `/readyz`. Its own thread and its own connection, so
//! that it answers when nothing else does.

use std::{
    fmt,
    net::{SocketAddr, TcpListener},
    thread::{self, JoinHandle},
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, http::header, web};
use anyhow::Context as _;
use prometheus::{Encoder as _, IntGaugeVec, Opts, Registry, TextEncoder};
use tokio::sync::oneshot;

use crate::readiness::Readiness;

/// How long a stop waits for an answer that is under way.
const PATIENCE_SECONDS: u64 = 2;

/// The running server.
pub struct Ops {
    address: SocketAddr,
    handle: ServerHandle,
    thread: JoinHandle<()>,
}

impl fmt::Debug for Ops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ops")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Ops {
    /// Listens, and answers from now on.
    pub async fn start(
        listen: SocketAddr,
        registry: Registry,
        readiness: Readiness,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen)
            .with_context(|| format!("ops.listen: cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        let (put, get) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("ops".to_owned())
            .spawn(move || {
                actix_rt::System::new().block_on(serve(listener, registry, readiness, put));
            })?;
        let handle = get.await.context("the operations port did not start")??;
        Ok(Self {
            address,
            handle,
            thread,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it.
    pub async fn stop(self) {
        let stopped = self.handle.stop(true);
        if tokio::time::timeout(Duration::from_secs(PATIENCE_SECONDS + 1), stopped)
            .await
            .is_ok()
        {
            drop(self.thread.join());
        }
    }
}

async fn serve(
    listener: TcpListener,
    registry: Registry,
    readiness: Readiness,
    started: oneshot::Sender<anyhow::Result<ServerHandle>>,
) {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(registry.clone()))
            .app_data(web::Data::new(readiness.clone()))
            .route("/metrics", web::get().to(metrics))
            .route("/livez", web::get().to(async || "alive\n"))
            .route("/readyz", web::get().to(ready))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(PATIENCE_SECONDS)
    .listen(listener);
    match server {
        Ok(server) => {
            let server = server.run();
            if started.send(Ok(server.handle())).is_ok()
                && let Err(error) = server.await
            {
                tracing::error!(%error, "the operations port ended");
            }
        }
        Err(error) => drop(started.send(Err(error.into()))),
    }
}

async fn metrics(registry: web::Data<Registry>) -> HttpResponse {
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    match encoder.encode(&registry.gather(), &mut text) {
        Ok(()) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, encoder.format_type()))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "cannot encode the metrics");
            HttpResponse::InternalServerError().finish()
        }
    }
}

async fn ready(readiness: web::Data<Readiness>) -> HttpResponse {
    let missing = readiness.missing().await;
    if missing.is_empty() {
        return HttpResponse::Ok().body("ready\n");
    }
    HttpResponse::ServiceUnavailable().body(format!("not ready\n{}\n", missing.join("\n")))
}

/// The numbers of the process itself, and which build it is.
pub fn register_process(registry: &Registry) -> Result<(), prometheus::Error> {
    let process = prometheus::process_collector::ProcessCollector::for_self();
    registry.register(Box::new(process))?;
    let build = IntGaugeVec::new(
        Opts::new("usher_build_info", "Always 1; says which build runs."),
        &["version"],
    )?;
    build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    registry.register(Box::new(build))
}
