//! Sign-ins, against bare argon2id with the same parameters on as many threads; and a plain page
//! while a crowd signs in and one thread hashes, against the same page in a house at rest.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, ensure};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use contract::{
    Caller, EmailAddress, Secret, Service, accounts::SignInPerson, people::Enrol, text::PersonName,
};
use futures_util::future::try_join_all;
use http_edge::BusFactory;
use kernel::{Bus, Cx, Health, Stage, StageOptions, bus::LocalBus};
use passwords::{PasswordSettings, Passwords};
use people::People;
use testkit::SqliteFile;
use tokio::runtime::Runtime;

use crate::{
    bus::bus_options,
    edge,
    house::House,
    http::Line,
    rounds::{Aim, Next, Pace, Sample, compare, race},
    thread,
};

/// As many as the machines that are aimed at have processors.
const THREADS: usize = 2;
/// Who signs in at the same time: enough that no thread waits for a caller.
const CALLERS: usize = 16;
/// Who asks for the page.
const READERS: usize = 32;
/// A page that is rendered and asks nobody.
const PAGE: &str = "/reset";
const PASSWORD: &str = "nobody guesses this one";
const EMAIL: &str = "ann@load.example";

/// People who can sign in, on a bus of this process.
struct Home {
    transport: Arc<LocalBus>,
    _file: SqliteFile,
}

impl Home {
    fn build(threads: usize) -> Result<Self> {
        let (file, transport) = (SqliteFile::fresh(), Arc::new(LocalBus::new()));
        let (url, on) = (file.url(), Arc::clone(&transport));
        thread::run(move || async move {
            let house = House::build(&url, 4).await?;
            let settings = PasswordSettings {
                threads,
                ..PasswordSettings::default()
            };
            let passwords = Passwords::start(settings)?;
            let bus = Bus::new(on, bus_options(Service::People)?);
            let mut stage = Stage::new(bus, Health::default(), StageOptions::default());
            let (db, clock) = (house.db.clone(), Arc::clone(&house.clock));
            let make = move || People::new(db.clone(), Arc::clone(&clock), passwords.clone());
            stage.actor(CALLERS, make).await?;
            Ok(((), thread::keep((stage, house))))
        })?;
        Ok(Self {
            transport,
            _file: file,
        })
    }

    fn bus(&self) -> Result<Bus> {
        Ok(Bus::new(
            Arc::<LocalBus>::clone(&self.transport),
            bus_options(Service::HttpEdge)?,
        ))
    }

    async fn register(&self, bus: &Bus) -> Result<()> {
        let name = PersonName::parse("Ann")?;
        let enrol = Enrol {
            first_name: name.clone(),
            last_name: name,
            email: EmailAddress::parse(EMAIL)?,
            password: Secret::new(PASSWORD),
            registrant: None,
            known_only: false,
            invite: None,
        };
        let enrolled = bus.call(&enrol, &public(bus)).await;
        enrolled.map(drop).map_err(|problem| anyhow!("{problem}"))
    }
}

fn public(bus: &Bus) -> Cx {
    let clock = &**bus.clock();
    Cx::begin(
        Caller::public(Service::HttpEdge, clock.now()),
        "load",
        clock,
    )
}

async fn sign_in(bus: &Bus) -> Result<()> {
    let sign_in = SignInPerson {
        email: EmailAddress::parse(EMAIL)?,
        password: Secret::new(PASSWORD),
    };
    let session = bus.call(&sign_in, &public(bus)).await;
    session.map(drop).map_err(|problem| anyhow!("{problem}"))
}

/// Hashes on so many threads and does nothing else.
fn bare_argon2(time: Duration) -> Result<Sample> {
    let started = Instant::now();
    let threads: Vec<_> = (0..THREADS)
        .map(|_| std::thread::spawn(move || hash_until(started, time)))
        .collect();
    let mut latencies = Vec::new();
    for thread in threads {
        let hashed = thread.join().map_err(|_| anyhow!("a thread panicked"))?;
        latencies.extend(hashed?);
    }
    Ok(Sample::of(latencies, started.elapsed()))
}

fn hash_until(started: Instant, time: Duration) -> Result<Vec<Duration>> {
    let PasswordSettings {
        memory_kib, passes, ..
    } = PasswordSettings::default();
    let failed = |error: argon2::Error| anyhow!("argon2: {error}");
    let params = Params::new(memory_kib, passes, 1, Some(32)).map_err(failed)?;
    let mut blocks = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (mut hash, mut latencies) = ([0; 32], Vec::new());
    while started.elapsed() < time {
        let begun = Instant::now();
        let salt = b"sixteen bytes...";
        argon2
            .hash_password_into_with_memory(PASSWORD.as_bytes(), salt, &mut hash, &mut blocks)
            .map_err(failed)?;
        latencies.push(begun.elapsed());
    }
    ensure!(hash != [0; 32], "nothing was hashed");
    Ok(latencies)
}

/// A crowd that signs in over HTTP until it is told to stop, on a thread of its own.
fn crowd(address: SocketAddr, stop: &Arc<AtomicBool>) -> std::thread::JoinHandle<Result<()>> {
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        let form = format!("email={EMAIL}&password={}", PASSWORD.replace(' ', "+"));
        runtime()?.block_on(async {
            let lines = (0..CALLERS).map(|_| Line::posting(address, "/sign-in", &form));
            let lines = try_join_all(lines).await?;
            try_join_all(lines.into_iter().map(async |mut line| {
                while !stop.load(Ordering::Relaxed) {
                    line.ask("303").await?;
                }
                Ok::<_, anyhow::Error>(())
            }))
            .await
            .map(drop)
        })
    })
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

pub(crate) fn run(pace: Pace) -> Result<()> {
    sign_ins(pace)?;
    page_beside_a_crowd(pace)
}

fn sign_ins(pace: Pace) -> Result<()> {
    let (home, runtime) = (Home::build(THREADS)?, runtime()?);
    let bus = home.bus()?;
    runtime.block_on(home.register(&bus))?;
    compare(
        &format!(
            "sign-ins, {CALLERS} callers, {THREADS} threads that hash, against bare argon2id on \
             {THREADS} threads"
        ),
        pace,
        Aim {
            ratio: 0.9,
            p99_most: None,
        },
        |time| {
            runtime.block_on(race(0..CALLERS, time, async |_| {
                sign_in(&bus).await?;
                Ok(Next::Again)
            }))
        },
        bare_argon2,
    )
}

fn page_beside_a_crowd(pace: Pace) -> Result<()> {
    let (home, runtime) = (Home::build(1)?, runtime()?);
    runtime.block_on(home.register(&home.bus()?))?;
    let transport = Arc::clone(&home.transport);
    let address = thread::run(move || async move {
        let buses: BusFactory = Arc::new(move || {
            let transport = Arc::<LocalBus>::clone(&transport);
            Box::pin(async move {
                let options = bus_options(Service::HttpEdge)
                    .map_err(|_| contract::Problem::new(contract::Kind::Internal))?;
                Ok(Bus::new(transport, options))
            })
        });
        edge::serve(buses).await
    })?;
    let lines = || {
        let lines = (0..READERS).map(|_| Line::open(address, PAGE));
        runtime.block_on(try_join_all(lines))
    };
    let (mut ours, mut baseline) = (lines()?, lines()?);
    let read = |lines: &mut Vec<Line>, time| {
        runtime.block_on(race(lines.iter_mut(), time, async |line| {
            line.get().await?;
            Ok(Next::Again)
        }))
    };
    compare(
        &format!(
            "a plain page while {CALLERS} callers sign in and one thread hashes, against the same \
             page at rest"
        ),
        pace,
        Aim {
            ratio: 0.0,
            p99_most: Some(3.0),
        },
        |time| {
            let stop = Arc::new(AtomicBool::new(false));
            let crowd = crowd(address, &stop);
            let sample = read(&mut ours, time);
            stop.store(true, Ordering::Relaxed);
            crowd.join().map_err(|_| anyhow!("the crowd panicked"))??;
            sample
        },
        |time| read(&mut baseline, time),
    )
}
