//! Starts the roles of a node, waits for its end, and stops them in order.

use std::{convert::Infallible, process::ExitCode, time::Duration};

use anyhow::{Context as _, anyhow};
use futures_util::future::{join_all, select_all};
use prometheus::Registry;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    time::timeout,
};

use crate::{
    failure::Failure,
    ground::{Ground, Purpose},
    ops::Ops,
    readiness::Readiness,
    reread::{Listening, Reread, Told},
    role_thread::RoleThread,
    roles::Roles,
    settings::Settings,
};

/// How long a stop may take altogether; what is not finished by then is not waited for.
const DRAIN: Duration = Duration::from_secs(30);
/// The exit code of a process that was told twice to stop.
const INTERRUPTED: i32 = 130;

/// A node: its roles, each on a thread of its own, and its operations port.
#[derive(Debug)]
pub struct Node {
    ground: Ground,
    readiness: Readiness,
    ops: Ops,
    threads: Vec<RoleThread>,
    http: Option<String>,
    public: String,
}

/// Why a running node ends.
#[derive(Debug)]
enum End {
    /// It was told to.
    Told,
    /// It cannot go on.
    Failed(anyhow::Error),
}

impl Node {
    /// Runs a node until it is told to stop; `ready` is called once everything runs. With `reread` it
    /// takes over other settings when it is told to.
    pub fn run(
        settings: Settings,
        roles: &Roles,
        purpose: Purpose,
        reread: Option<Reread>,
        ready: impl AsyncFnOnce(&Self) -> anyhow::Result<()>,
    ) -> Result<ExitCode, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("the runtime cannot be started")?;
        Ok(runtime.block_on(Self::live(settings, roles, purpose, reread, ready))?)
    }

    async fn live(
        settings: Settings,
        roles: &Roles,
        purpose: Purpose,
        reread: Option<Reread>,
        ready: impl AsyncFnOnce(&Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<ExitCode> {
        let mut signals = Signals::listen()?;
        let (mail, limits) = watch::channel(settings.mail.limits());
        let (edge, throttle) = watch::channel(settings.throttle.limits());
        let told = Told { mail, edge };
        let listening = reread.map(|reread| reread.listen(told)).transpose()?;
        let preparing = Self::prepare(settings, roles, purpose);
        let mut node = tokio::select! {
            node = preparing => node?,
            () = signals.next() => return Ok(ExitCode::SUCCESS),
        };
        node.ground.limits = limits;
        node.ground.throttle = throttle;
        let end = tokio::select! {
            end = node.work(roles, ready) => end,
            () = signals.next() => End::Told,
            never = follow(listening) => match never {},
        };
        match &end {
            End::Told => tracing::info!("stopping"),
            End::Failed(error) => tracing::error!("stopping: {error:#}"),
        }
        tokio::select! {
            stopped = timeout(DRAIN, node.stop()) => {
                stopped.map_err(|_| anyhow!("not everything ended within {DRAIN:?}"))?;
            }
            () = signals.next() => std::process::exit(INTERRUPTED),
        }
        match end {
            End::Told => Ok(ExitCode::SUCCESS),
            End::Failed(error) => Err(error),
        }
    }

    /// Everything but the roles.
    async fn prepare(settings: Settings, roles: &Roles, purpose: Purpose) -> anyhow::Result<Self> {
        let registry = Registry::new();
        crate::ops::register_process(&registry)?;
        let ops_listen = settings.ops.listen;
        let mut ground = Ground::lay(settings, registry.clone(), roles).await?;
        ground.purpose = purpose;
        let database = if ground.has_database() {
            Some(ground.open("ops").await?)
        } else {
            None
        };
        let readiness = Readiness::new(ground.health.clone(), database);
        let ops = Ops::start(ops_listen, registry, readiness.clone()).await?;
        Ok(Self {
            ground,
            readiness,
            ops,
            threads: Vec::new(),
            http: None,
            public: String::new(),
        })
    }

    /// Starts the roles, says so, and ends when the node has to.
    async fn work(
        &mut self,
        roles: &Roles,
        ready: impl AsyncFnOnce(&Self) -> anyhow::Result<()>,
    ) -> End {
        if let Err(error) = self.start(roles).await {
            return End::Failed(error);
        }
        self.ground.health.set_ready(true);
        if let Err(error) = ready(self).await {
            return End::Failed(error);
        }
        let ends = self.threads.iter().map(|thread| Box::pin(thread.ended()));
        tokio::select! {
            actor = self.ground.health.failed() => {
                End::Failed(anyhow!("{} panicked too often", actor.name()))
            }
            (role, ..) = select_all(ends) => {
                End::Failed(anyhow!("the role {} ended by itself", role.name()))
            }
        }
    }

    /// Starts the roles, callees before callers.
    async fn start(&mut self, roles: &Roles) -> anyhow::Result<()> {
        for role in roles.iter() {
            let (thread, started) = RoleThread::start(role, self.ground.clone())?;
            self.threads.push(thread);
            let failed = || format!("the role {} cannot be started", role.name());
            let running = started.await.with_context(failed)?.with_context(failed)?;
            self.readiness.add_bus(role, running.bus);
            if let Some(address) = running.http {
                self.http = Some(format!("http://{address}"));
                self.public = self.ground.settings.http.public(address);
            }
        }
        Ok(())
    }

    /// Stops the roles, callers before callees.
    async fn stop(mut self) {
        self.ground.health.set_ready(false);
        let mut threads = std::mem::take(&mut self.threads);
        threads.sort_by_key(|thread| thread.role().rank());
        for rank in threads.chunk_by_mut(|one, other| one.role().rank() == other.role().rank()) {
            rank.iter_mut().for_each(RoleThread::stop);
            join_all(rank.iter().map(RoleThread::ended)).await;
        }
        self.ops.stop().await;
        self.ground.leave().await;
    }

    /// What the roles stand on.
    pub const fn ground(&self) -> &Ground {
        &self.ground
    }

    /// What links begin with, ending in a slash; empty without the edge.
    pub fn public_url(&self) -> &str {
        &self.public
    }

    /// Where the operations port is, ending in a slash.
    pub fn ops_url(&self) -> String {
        format!("http://{}/", self.ops.address())
    }

    /// The line that says where the node can be reached.
    pub fn ready_line(&self) -> String {
        let ops = format!("ops=http://{}", self.ops.address());
        match &self.http {
            Some(http) => format!("ready http={http} {ops}"),
            None => format!("ready {ops}"),
        }
    }
}

/// Takes over settings whenever that is asked for. Never ends.
async fn follow(listening: Option<Listening>) -> Infallible {
    match listening {
        Some(listening) => listening.follow().await,
        None => std::future::pending().await,
    }
}

/// The two signals that tell a node to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be listened to");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
