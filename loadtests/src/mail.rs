//! Mail over SMTP, composing included, as the courier sends it: against `smtp-source`, against the pool
//! of lettre, and over a wire of ten milliseconds against a client that waits for every reply.

use std::{
    net::SocketAddr,
    process,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, ensure};
use futures_util::future::{join_all, try_join_all};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor, address::Envelope,
    transport::smtp::PoolConfig,
};
use smtp::{End, Limits, Relay, Session, Timeouts, Tls, Trust, Verdict};
use tokio::runtime::Runtime;

use crate::{
    composer::{Composer, Invitations},
    delay::Wire,
    postfix::{self, Sink},
    rounds::{Pace, Side, contest},
    usage,
};

/// What a node may open, as it is set by default.
const CONNECTIONS: usize = 10;
/// One way of the long wire.
const WAY: Duration = Duration::from_millis(5);

pub(crate) fn run(pace: Pace) -> Result<()> {
    let (composer, sink) = (Composer::new()?, Sink::start()?);
    let bytes = composer.message(0)?.len();
    composer.pace(200)?;
    println!(
        "an invitation of {bytes} bytes is composed in {:.1} us\n",
        composer.pace(5_000)?.as_secs_f64() * 1e6
    );
    let to = sink.address;
    for (connections, aim) in [(CONNECTIONS, 1.2), (1, 2.0)] {
        let title = format!("mail, composing included, {connections} connection(s), on loopback");
        let mut sides = [
            ours(&composer, to, connections),
            source(to, connections, bytes, aim),
            pool(&composer, to, connections),
        ];
        contest(&title, pace, &mut sides)?;
    }
    cost(&composer, to)?;
    far(&composer, to, bytes, pace)
}

fn ours(composer: &Composer, to: SocketAddr, connections: usize) -> Side<'_> {
    Side {
        name: "ours",
        aim: None,
        run: Box::new(move |count| send(composer, to, connections, count)),
    }
}

fn source<'a>(to: SocketAddr, connections: usize, bytes: usize, aim: f64) -> Side<'a> {
    Side {
        name: "smtp-source",
        aim: Some(aim),
        run: Box::new(move |count| postfix::source(to, count, connections, bytes)),
    }
}

fn pool(composer: &Composer, to: SocketAddr, connections: usize) -> Side<'_> {
    Side {
        name: "lettre's pool",
        aim: None,
        run: Box::new(move |count| send_by_pool(composer, to, connections, count)),
    }
}

/// Sends so many over so many connections, on one thread as the courier does.
fn send(composer: &Composer, to: SocketAddr, connections: usize, count: usize) -> Result<Duration> {
    let relay = Relay {
        host: to.ip().to_string(),
        port: to.port(),
        tls: Tls::StartTlsIfOffered,
        login: None,
        hello: "usher.hill.edu".to_owned(),
        trust: Trust::of_the_machine(),
    };
    let limits = Limits {
        messages: usize::MAX,
        ..Limits::default()
    };
    let left = Arc::new(AtomicUsize::new(count));
    let since = Instant::now();
    let carried = runtime()?.block_on(try_join_all((0..connections).map(async |_| {
        let session = Session::connect(&relay, &Timeouts::default()).await?;
        let mut mails = Invitations {
            composer: composer.clone(),
            left: Arc::clone(&left),
            ready: None,
        };
        let mut accepted = 0_usize;
        let count = |_, verdict| {
            accepted += usize::from(matches!(verdict, Verdict::Accepted { .. }));
        };
        let end = session.carry(&mut mails, count, &limits).await;
        ensure!(end == End::Drained, "a connection ended: {end:?}");
        Ok(accepted)
    })))?;
    let took = since.elapsed();
    let accepted: usize = carried.into_iter().sum();
    ensure!(accepted == count, "{accepted} of {count} were accepted");
    Ok(took)
}

/// The same by lettre's own pool, which is told to keep as many connections.
fn send_by_pool(
    composer: &Composer,
    to: SocketAddr,
    connections: usize,
    count: usize,
) -> Result<Duration> {
    let left = AtomicUsize::new(count);
    let runtime = runtime()?;
    let since = Instant::now();
    runtime.block_on(async {
        let size = PoolConfig::new().max_size(u32::try_from(connections)?);
        let transport =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(to.ip().to_string())
                .port(to.port())
                .pool_config(size)
                .build();
        let from: lettre::Address = "usher@mail.hill.edu".parse()?;
        let sent = join_all((0..connections).map(async |_| {
            let take = |left: usize| left.checked_sub(1);
            while let Ok(number) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
                let address = format!("student.{number}@students.hill.edu").parse()?;
                let envelope = Envelope::new(Some(from.clone()), vec![address])?;
                let message = composer.message(number)?;
                transport.send_raw(&envelope, &message).await?;
            }
            Ok::<_, anyhow::Error>(())
        }))
        .await;
        sent.into_iter().collect::<Result<()>>()?;
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(since.elapsed())
}

/// Processor time and memory of ours for one message.
fn cost(composer: &Composer, to: SocketAddr) -> Result<()> {
    const COUNT: u32 = 20_000;
    let pid = process::id();
    usage::forget_peak(pid)?;
    let (before, (idle, _)) = (usage::processor(pid)?, usage::memory(pid)?);
    send(composer, to, CONNECTIONS, COUNT as usize)?;
    let (used, (_, most)) = (
        usage::processor(pid)?.saturating_sub(before),
        usage::memory(pid)?,
    );
    println!(
        "a message costs {:.1} us of processor time; {COUNT} of them over {CONNECTIONS} connections \
         {:.1} MiB more memory than before, at most\n",
        used.as_secs_f64() * 1e6 / f64::from(COUNT),
        mebibytes(most.saturating_sub(idle)),
    );
    Ok(())
}

/// Through the long wire, which counts the connections.
fn far(composer: &Composer, sink: SocketAddr, bytes: usize, pace: Pace) -> Result<()> {
    let wires = [
        Wire::start(sink, WAY)?,
        Wire::start(sink, WAY)?,
        Wire::start(sink, WAY)?,
    ];
    let [to_ours, to_source, to_pool] = wires.each_ref().map(|wire| wire.address);
    let most = std::cell::Cell::new(0);
    let mut sides = [
        Side {
            name: "ours",
            aim: None,
            run: Box::new(|count| {
                let [wire, ..] = &wires;
                wire.count_anew()?;
                let took = send(composer, to_ours, CONNECTIONS, count)?;
                let (together, opened) = wire.counted();
                ensure!(
                    together <= CONNECTIONS && opened <= CONNECTIONS,
                    "{opened} connections were opened, {together} together"
                );
                most.set(most.get().max(together));
                Ok(took)
            }),
        },
        source(to_source, CONNECTIONS, bytes, 2.0),
        pool(composer, to_pool, CONNECTIONS),
    ];
    let title = format!(
        "mail over a wire of 10 ms, {CONNECTIONS} connections; smtp-source waits for every reply"
    );
    contest(&title, pace, &mut sides)?;
    drop(sides);
    let [_, _, wire] = &wires;
    let (together, opened) = wire.counted();
    println!(
        "  never more than {} connections of {CONNECTIONS}; lettre's pool had {together} together \
         and opened {opened}\n",
        most.get()
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

pub(crate) fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| anyhow!("no runtime: {error}"))
}
