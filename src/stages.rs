//! What each role starts. To add an actor: its line here, and its role in `roles.rs`.

use std::{net::SocketAddr, sync::Arc};

use admin_directory::{AdminDirectory, AttemptSweeper, TokenWatch};
use anyhow::{Context as _, anyhow};
use contract::Service;
use invite_dispatcher::{
    Announcer, Courier, CourierMetrics, Enlister, Forgetter, InviteDispatcher, InviteReader,
    MailOptions, Mailbox, MailboxMetrics, MailboxOptions, Reminder,
};
use kernel::{Bus, Stage};
use link_registry::LinkRegistry;
use outbox_relay::{OutboxRelay, Prunable, Pruner, Relay, RelayMetrics};
use people::{ErasureSweeper, People, ProofSweeper};
use roster::Roster;
use seat_pool::{BulkWorker, SeatMetrics, SeatPool, SeatSweeper};
use store::Db;
use tokio::sync::Notify;
use url::Url;

use crate::{
    edge::Edge,
    ground::{Ground, Line},
    http,
    roles::Role,
    settings::Settings,
};

/// What is known of a role that runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its end of the bus.
    pub bus: Bus,
    /// Where it serves HTTP, if it does.
    pub http: Option<SocketAddr>,
}

/// A role's actors while they run.
#[derive(Debug)]
pub struct Performance {
    stage: Stage,
    edge: Option<Edge>,
}

impl Performance {
    /// Watches over what the kernel does not. Never ends.
    pub async fn supervise(&mut self) {
        match &mut self.edge {
            Some(edge) => edge.supervise().await,
            None => std::future::pending().await,
        }
    }

    /// Finishes what was taken, and ends.
    pub async fn stop(self) {
        if let Some(edge) = self.edge {
            edge.stop().await;
        }
        self.stage.stop().await;
    }
}

/// Starts the actors of a role on this thread.
pub async fn start(role: Role, ground: &Ground) -> anyhow::Result<(Running, Performance)> {
    let line = ground.connect(role.name(), service(role)).await?;
    let mut stage = Stage::new(
        line.bus.clone(),
        ground.health.clone(),
        ground.settings.actors.stage(),
    );
    let edge = if role == Role::Edge {
        stage.announce_only(Service::HttpEdge.name()).await?;
        Some(http::start(ground).await?)
    } else {
        fill(role, ground, &line, &mut stage).await?;
        None
    };
    let http = edge.as_ref().map(Edge::address);
    Ok((
        Running {
            bus: line.bus,
            http,
        },
        Performance { stage, edge },
    ))
}

/// As whom a role speaks.
const fn service(role: Role) -> Service {
    match role {
        Role::Edge => Service::HttpEdge,
        Role::Links => Service::LinkRegistry,
        Role::Invites | Role::Courier => Service::InviteDispatcher,
        Role::People => Service::People,
        Role::Roster => Service::Roster,
        Role::Admin => Service::AdminDirectory,
        Role::Seats => Service::SeatPool,
        Role::Relay => Service::OutboxRelay,
    }
}

async fn fill(role: Role, ground: &Ground, line: &Line, stage: &mut Stage) -> anyhow::Result<()> {
    let db = match role {
        Role::Roster => ground.open_for_questions(role.name()).await?,
        _ => ground.open(role.name()).await?,
    };
    let clock = Arc::clone(&ground.clock);
    let many = &ground.settings.actors;
    match role {
        Role::Edge => {}
        Role::Links => {
            let vault = ground.vault()?;
            let make = move || LinkRegistry::new(db.clone(), Arc::clone(&clock), vault.clone());
            stage.actor(many.links_instances.get(), make).await?;
        }
        Role::Invites => invites(ground, line, stage, db).await?,
        Role::Courier => {
            let options = relayed_mail(&ground.settings)?;
            let vault = ground.vault()?;
            let metrics = CourierMetrics::register(&ground.registry, options.relay())?;
            let limits = ground.limits.clone();
            stage.worker(Arc::clone(&ground.letters), move || {
                Courier::new(
                    db.clone(),
                    Arc::clone(&clock),
                    vault.clone(),
                    options.clone(),
                    metrics.clone(),
                )
                .heeding(limits.clone())
            });
        }
        Role::People => {
            let passwords = ground.passwords.clone();
            let (sweep_db, sweep_clock) = (db.clone(), Arc::clone(&clock));
            let make = move || People::new(db.clone(), Arc::clone(&clock), passwords.clone());
            stage.actor(many.people_instances.get(), make).await?;
            let (erase_db, erase_clock) = (sweep_db.clone(), Arc::clone(&sweep_clock));
            stage.worker(quiet(), move || {
                ProofSweeper::new(sweep_db.clone(), Arc::clone(&sweep_clock))
            });
            stage.worker(quiet(), move || {
                ErasureSweeper::new(erase_db.clone(), Arc::clone(&erase_clock))
            });
        }
        Role::Roster => {
            let make = move || Roster::new(db.clone(), clock.clone());
            stage.actor(many.roster_instances.get(), make).await?;
        }
        Role::Admin => {
            let (sweep_db, watch_db) = (db.clone(), db.clone());
            let make = admin_directory(ground, db);
            stage.actor(many.admin_instances.get(), make).await?;
            stage.worker(quiet(), move || TokenWatch::new(watch_db.clone()));
            stage.worker(quiet(), move || {
                AttemptSweeper::new(sweep_db.clone(), Arc::clone(&clock))
            });
        }
        Role::Seats => {
            let metrics = SeatMetrics::register(&ground.registry)?;
            let (sweep_db, sweep_clock, sweep_metrics) =
                (db.clone(), Arc::clone(&clock), metrics.clone());
            let jobs = Arc::<Notify>::default();
            let (bulk_db, bulk_clock, wake) = (db.clone(), Arc::clone(&clock), Arc::clone(&jobs));
            let make = move || {
                SeatPool::new(db.clone(), Arc::clone(&clock), metrics.clone())
                    .waking(Arc::clone(&wake))
            };
            stage.actor(1, make).await?;
            stage.worker(jobs, move || {
                BulkWorker::new(bulk_db.clone(), Arc::clone(&bulk_clock))
            });
            stage.worker(quiet(), move || {
                SeatSweeper::new(
                    sweep_db.clone(),
                    Arc::clone(&sweep_clock),
                    sweep_metrics.clone(),
                )
            });
        }
        Role::Relay => {
            let feed_db = db.clone();
            let make = move || OutboxRelay::new(feed_db.clone());
            stage.actor(many.feed_instances.get(), make).await?;
            relay(ground, line, stage, db)?;
        }
    }
    Ok(())
}

/// Takes mail and invites in, moves them on, and reads what comes back.
async fn invites(ground: &Ground, line: &Line, stage: &mut Stage, db: Db) -> anyhow::Result<()> {
    let (clock, couriers) = (Arc::clone(&ground.clock), Arc::clone(&ground.letters));
    let (vault, options) = (ground.vault()?, mail(&ground.settings)?);
    let parts = (db.clone(), Arc::clone(&clock), Arc::clone(&couriers));
    let (bus, seal) = (line.bus.clone(), (vault.clone(), options.clone()));
    stage.worker(quiet(), move || {
        let ((db, clock, couriers), (vault, options)) = (parts.clone(), &seal);
        Announcer::new(db, clock, bus.clone(), vault.clone(), options, couriers)
    });
    let parts = (db.clone(), Arc::clone(&clock), Arc::clone(&couriers));
    let (keys, enlisted) = (vault.clone(), (vault.clone(), options.clone()));
    let per_day = ground.settings.invites.per_organisation_per_day;
    let make = move || {
        let (db, clock, couriers) = parts.clone();
        InviteDispatcher::new(db, clock, keys.clone(), options.clone(), couriers)
            .with_day_limit(per_day)
    };
    stage.actor(1, make).await?;
    let (read_db, read_clock) = (db.clone(), Arc::clone(&clock));
    let (keys, options) = enlisted.clone();
    let read = move || {
        let (db, clock) = (read_db.clone(), Arc::clone(&read_clock));
        InviteReader::new(db, clock, keys.clone(), options.clone())
    };
    let readers = ground.settings.actors.invites_readers;
    stage.actor(readers.get(), read).await?;
    let settings = &ground.settings.mail;
    let options = MailboxOptions::parse(&settings.return_path, &settings.bounces);
    if let Some(options) = options.context("mail.bounces")? {
        let parts = (db.clone(), Arc::clone(&clock), vault);
        let metrics = MailboxMetrics::register(&ground.registry)?;
        stage.worker(quiet(), move || {
            let (db, clock, vault) = parts.clone();
            Mailbox::new(db, clock, vault, options.clone(), metrics.clone())
        });
    }
    let keep_days = ground.settings.invites.keep_expired_days.get().into();
    let forgotten = (db.clone(), Arc::clone(&clock), enlisted.0.clone());
    stage.worker(quiet(), move || {
        let (db, clock, vault) = forgotten.clone();
        Forgetter::new(db, clock, vault, keep_days)
    });
    let parts = (db, clock, couriers);
    let again = parts.clone();
    stage.worker(quiet(), move || {
        let ((db, clock, couriers), (vault, options)) = (again.clone(), &enlisted);
        Enlister::new(db, clock, vault.clone(), options, couriers)
    });
    stage.worker(quiet(), move || {
        let (db, clock, couriers) = parts.clone();
        Reminder::new(db, clock, couriers)
    });
    Ok(())
}

/// Publishes events where the bus is NATS, and deletes old ones.
fn relay(ground: &Ground, line: &Line, stage: &mut Stage, db: Db) -> anyhow::Result<()> {
    let keep_days = ground.settings.events.keep_days;
    let mut prunable = Prunable::All;
    if let Some(nats) = &line.nats {
        prunable = Prunable::Published;
        let metrics = RelayMetrics::register(&ground.registry)?;
        let (db, clock, client) = (db.clone(), Arc::clone(&ground.clock), nats.client().clone());
        stage.worker(db.nudge(), move || {
            let (db, clock) = (db.clone(), Arc::clone(&clock));
            Relay::new(db, clock, client.clone(), keep_days, metrics.clone())
        });
    }
    let clock = Arc::clone(&ground.clock);
    stage.worker(quiet(), move || {
        Pruner::new(db.clone(), Arc::clone(&clock), keep_days, prunable)
    });
    Ok(())
}

/// Makes admin-directory, also for the commands that act for the operator.
pub fn admin_directory(ground: &Ground, db: Db) -> impl Fn() -> AdminDirectory + 'static {
    let (clock, passwords) = (Arc::clone(&ground.clock), ground.passwords.clone());
    move || AdminDirectory::new(db.clone(), Arc::clone(&clock), passwords.clone())
}

/// Where letters go, and whose certificates are believed there.
pub fn relayed_mail(settings: &Settings) -> anyhow::Result<MailOptions> {
    let authorities = settings.mail.authorities();
    let authorities = authorities.context("mail.tls_ca_file")?;
    Ok(mail(settings)?.with_roots(authorities.into_iter().flatten()))
}

/// Where letters go.
fn mail(settings: &Settings) -> anyhow::Result<MailOptions> {
    let Settings { mail, http, .. } = settings;
    let public_url = Url::parse(&http.public(http.listen)).context("http.public_url")?;
    let options = mail.options().map_err(|wrong| {
        // The settings were looked at before, but files change.
        let wrong = wrong.iter().map(|error| format!("{} {error}", error.key()));
        anyhow!(wrong.collect::<Vec<_>>().join("; "))
    })?;
    Ok(options.with_public_url(&public_url))
}

/// For a worker that nobody nudges.
fn quiet() -> Arc<Notify> {
    Arc::default()
}
