//! What every role of a node stands on: settings, time, keys, database, bus, numbers.

use std::{fmt, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use contract::{Clock, Problem, Secret, Service, SystemClock};
use http_edge::ThrottleLimits;
use invite_dispatcher::MailLimits;
use kernel::{
    Bus, BusKey, BusOptions, Health, KernelMetrics,
    bus::{LocalBus, NatsBus},
};
use passwords::{PasswordSettings, Passwords};
use prometheus::Registry;
use secrecy::{ExposeSecret as _, SecretString};
use store::{Database, DatabaseOptions, Db, vault::Vault};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use crate::{roles::Roles, settings::Settings};

/// The clock of a node may differ from the database's by this much: leases and signed callers
/// would otherwise end too early or too late.
const SKEW_MOST_MICROS: i64 = 2_000_000;
/// How long the database may take to be let go.
const PARTING: Duration = Duration::from_secs(10);

/// What every role stands on. Cheap to clone.
#[derive(Clone)]
pub struct Ground {
    /// What the node was told.
    pub settings: Arc<Settings>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whether the process should get traffic, or end.
    pub health: Health,
    /// Every number of the process.
    pub registry: Registry,
    /// The numbers of actors and bus.
    pub metrics: KernelMetrics,
    /// Hashes passwords, for every role that does so.
    pub passwords: Passwords,
    /// Wakes the courier of this process when a letter is queued.
    pub letters: Arc<Notify>,
    /// The limits of mail as they come while the node runs.
    pub limits: watch::Receiver<MailLimits>,
    /// The limits of the edge, likewise.
    pub throttle: watch::Receiver<ThrottleLimits>,
    /// What the node is for.
    pub purpose: Purpose,
    key: BusKey,
    store: Option<(Database, Vault)>,
    local: Option<LocalBus>,
}

/// What a node is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What people need.
    Work,
    /// To be looked at: mails are shown in the browser.
    Show,
}

/// A role's end of the bus.
#[derive(Clone, Debug)]
pub struct Line {
    /// Sends typed messages.
    pub bus: Bus,
    /// The connection, where the bus is NATS.
    pub nats: Option<NatsBus>,
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ground")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Ground {
    /// Opens the database where a role needs it, brings it up to date, finds the keys.
    pub async fn lay(
        settings: Settings,
        registry: Registry,
        roles: &Roles,
    ) -> anyhow::Result<Self> {
        // Whoever makes no schema makes no file for it either.
        let create = settings.database.migrate_on_start;
        Self::lay_on(settings, registry, roles, create).await
    }

    /// The same for a command about what is there: it makes no SQLite file.
    pub async fn lay_on_what_is_there(settings: Settings) -> anyhow::Result<Self> {
        Self::lay_on(settings, Registry::new(), &Roles::all(), false).await
    }

    async fn lay_on(
        settings: Settings,
        registry: Registry,
        roles: &Roles,
        create: bool,
    ) -> anyhow::Result<Self> {
        let clock = SystemClock::shared();
        let configured =
            |key: &Option<SecretString>| key.as_ref().map(|key| Secret::new(key.expose_secret()));
        let mut bus_key = configured(&settings.bus.key);
        let mut store = None;
        if roles.use_database() {
            let database = database(&settings, &clock, create).await?;
            let kept = async |name| {
                database
                    .key(name)
                    .await
                    .context("no keys in the database; run usher migrate")
            };
            let sealing = match configured(&settings.sealing.key) {
                Some(key) => key,
                None => kept("sealing").await?,
            };
            if bus_key.is_none() {
                bus_key = Some(kept("bus").await?);
            }
            store = Some((database, Vault::new(&sealing)?));
        }
        let key = BusKey::new(&bus_key.context("bus.key is not set")?);
        let auth = &settings.auth;
        Ok(Self {
            passwords: Passwords::start(PasswordSettings {
                memory_kib: auth.argon2_memory_kib.get(),
                passes: auth.argon2_passes.get(),
                threads: auth.threads.get(),
                ..PasswordSettings::default()
            })
            .context("auth.argon2_*")?,
            metrics: KernelMetrics::register(&registry)?,
            local: settings.bus.is_local().then(LocalBus::new),
            limits: watch::channel(settings.mail.limits()).1,
            throttle: watch::channel(settings.throttle.limits()).1,
            settings: Arc::new(settings),
            clock,
            health: Health::default(),
            registry,
            letters: Arc::default(),
            purpose: Purpose::Work,
            key,
            store,
        })
    }

    /// The connections of a role to the database.
    pub async fn open(&self, role: &'static str) -> anyhow::Result<Db> {
        let (database, _) = self.store.as_ref().context("the node has no database")?;
        database
            .open(role)
            .await
            .context("the database cannot be opened")
    }

    /// The connections of a role that only asks, and asks much.
    pub async fn open_for_questions(&self, role: &'static str) -> anyhow::Result<Db> {
        let (database, _) = self.store.as_ref().context("the node has no database")?;
        database
            .open_for_questions(role)
            .await
            .context("the database cannot be opened")
    }

    /// Seals tokens that can be shown again.
    pub fn vault(&self) -> anyhow::Result<Vault> {
        let (_, vault) = self.store.as_ref().context("the node has no database")?;
        Ok(vault.clone())
    }

    /// Lets the database go when everything else has ended, so that a SQLite file is left without a log
    /// beside it.
    pub async fn leave(self) {
        let Some((database, _)) = self.store else {
            return;
        };
        if timeout(PARTING, database.close()).await.is_err() {
            tracing::warn!(
                "somebody still uses the database, and its file may keep a log beside it"
            );
        }
    }

    /// Whether the node has a database.
    pub const fn has_database(&self) -> bool {
        self.store.is_some()
    }

    /// Connects a role to the bus, to speak as `service`.
    pub async fn connect(&self, role: &'static str, service: Service) -> Result<Line, Problem> {
        let options = BusOptions {
            service,
            key: self.key.clone(),
            clock: Arc::clone(&self.clock),
            metrics: self.metrics.clone(),
        };
        if let Some(local) = &self.local {
            return Ok(Line {
                bus: Bus::new(Arc::new(local.clone()), options),
                nats: None,
            });
        }
        let url = self.settings.bus.url.expose_secret();
        let nats = NatsBus::connect(url, role, &self.metrics).await?;
        Ok(Line {
            bus: Bus::new(Arc::new(nats.clone()), options),
            nats: Some(nats),
        })
    }
}

async fn database(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    create: bool,
) -> anyhow::Result<Database> {
    let options = DatabaseOptions {
        connections: settings.database.connections.get(),
        create,
        ..DatabaseOptions::new(
            Secret::new(settings.database.url.expose_secret()),
            Arc::clone(clock),
        )
    };
    let database = Database::connect(&options).await.context("database.url")?;
    if settings.database.migrate_on_start {
        let stale = "the database cannot be brought up to date";
        database.migrate().await.context(stale)?;
        database.ensure_keys().await.context(stale)?;
    }
    let offset = database
        .clock_offset(clock.now())
        .await
        .context("the database's clock")?;
    if offset.abs() > SKEW_MOST_MICROS {
        bail!(
            "the clock of this machine and the database's are {} ms apart, more than {} ms",
            offset.abs() / 1_000,
            SKEW_MOST_MICROS / 1_000,
        );
    }
    Ok(database)
}
