//! Several nodes that send, on one database: together they keep the rate of the relay, share it again
//! when one is killed, and let nobody wait behind the many invites of somebody else. Seconds of a
//! real clock.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use testkit::SmtpSink;
use tokio::time::{sleep, sleep_until};

use crate::{
    mail::runtime,
    node::{Ground, Institution, Node, Standing, file},
    rounds::{Pace, verdict},
};

/// Mails a second of the relay, and its connections.
const RATE: u32 = 200;
const CONNECTIONS: usize = 10;
const SENDERS: usize = 3;
/// What the rate may be off by.
const OFF: f64 = 0.05;
/// How long they may take to share again, and the few of somebody else to leave.
const SOON: Duration = Duration::from_secs(5);
const FEW: usize = 10;
/// As many of somebody else must be under way then: what a minute takes.
const MANY: u64 = 12_000;
/// How often the relay is asked how much it has.
const TICK: Duration = Duration::from_millis(100);
/// How long they have to find each other.
const SETTLE: Duration = Duration::from_secs(8);

pub(crate) fn run(pace: Pace, count: usize) -> Result<()> {
    println!("{SENDERS} nodes that share {RATE} mails a second and {CONNECTIONS} connections");
    let relay = SmtpSink::start();
    let ground = Ground::large()?
        .with("USHER_MAIL__URL", relay.url())
        .with("USHER_MAIL__PER_SECOND", RATE.to_string())
        .with("USHER_MAIL__CONNECTIONS", CONNECTIONS.to_string());
    let node = ground.start(&[])?;
    let mut others = (1..SENDERS)
        .map(|_| ground.start(&["courier"]))
        .collect::<Result<Vec<_>>>()?;
    runtime()?.block_on(async {
        let many = ground.found(&node, "Hill University").await?;
        let few = ground.found(&node, "Dale College").await?;
        let since = Instant::now();
        let batch = many.import(file(count), false).await?;
        println!(
            "  {count} are imported after {:.1} s",
            since.elapsed().as_secs_f64()
        );
        sleep(SETTLE).await;
        each_sends(&node, &others).await?;
        together(&relay, pace).await?;
        fairness(&few, &many.standing(&batch).await?).await?;
        share_again(&ground, &relay, &mut others, pace).await
    })?;
    let most = relay.most_open();
    println!(
        "  {most} connections together at most, limit {CONNECTIONS}: {}\n",
        verdict(most <= CONNECTIONS)
    );
    ensure!(most <= CONNECTIONS, "more connections than the limit");
    Ok(())
}

/// What the relay took in each tick of so long a time.
async fn watch(relay: &SmtpSink, time: Duration) -> Vec<usize> {
    let taken = || relay.commands("DATA");
    let (mut ticks, mut last) = (Vec::new(), taken());
    let (began, mut next) = (Instant::now(), tokio::time::Instant::now());
    while began.elapsed() < time {
        next += TICK;
        sleep_until(next).await;
        let now = taken();
        ticks.push(now.saturating_sub(last));
        last = now;
    }
    ticks
}

/// Of the rate, the part that so many ticks have.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn part(ticks: &[usize]) -> f64 {
    let seconds = TICK.as_secs_f64() * ticks.len() as f64;
    ticks.iter().sum::<usize>() as f64 / seconds / f64::from(RATE)
}

/// The largest part that any second had.
fn busiest(ticks: &[usize]) -> f64 {
    ticks.windows(10).map(part).fold(0.0, f64::max)
}

async fn together(relay: &SmtpSink, pace: Pace) -> Result<()> {
    let ticks = watch(relay, pace.time.max(Duration::from_secs(1)) * 5).await;
    let kept = part(&ticks);
    println!(
        "  together {kept:.3} of the rate, the busiest second {:.3}, aim 1 +- {OFF}: {}",
        busiest(&ticks),
        verdict((kept - 1.0).abs() <= OFF)
    );
    Ok(())
}

/// Nothing is shared where one alone sends, and nothing is shared again where the one that is killed
/// sent nothing.
async fn each_sends(node: &Node, others: &[Node]) -> Result<()> {
    for (number, node) in std::iter::once(node).chain(others).enumerate() {
        let sent = node.metric("usher_mail_accepted_total").await?;
        println!("  node {number} had {sent} mails taken so far");
        ensure!(sent > 0.0, "node {number} sends nothing");
    }
    Ok(())
}

/// Somebody invites a few while the many of somebody else are under way.
async fn fairness(few: &Institution, many: &Standing) -> Result<()> {
    let beside = many.given.saturating_sub(many.sent);
    ensure!(
        beside >= MANY,
        "only {beside} of somebody else are under way"
    );
    let since = Instant::now();
    let batch = few.import(file(FEW), false).await?;
    few.wait_sent(&batch, Duration::from_mins(2)).await?;
    let took = since.elapsed();
    let alone = Duration::from_secs(1) * u32::try_from(FEW)? / RATE;
    println!(
        "  {FEW} of another organisation, beside {beside}, were sent after {:.2} s, aim <= {:.2} s: {}",
        took.as_secs_f64(),
        (SOON + alone).as_secs_f64(),
        verdict(took <= SOON + alone)
    );
    Ok(())
}

/// One is killed, in each round, and another begins in its place. Until the others share again nothing
/// sends its part: the first second that has the whole rate tells when they did. Whether they keep it
/// is told by all that came behind: a single second may be short because the disk held a commit up.
async fn share_again(
    ground: &Ground,
    relay: &SmtpSink,
    others: &mut Vec<Node>,
    pace: Pace,
) -> Result<()> {
    let mut all = Vec::new();
    for round in 1..=pace.rounds.max(1) {
        if round > 1 {
            others.push(ground.start(&["courier"])?);
            sleep(SETTLE).await;
        }
        let Some(mut killed) = others.pop() else {
            return Ok(());
        };
        killed.process.sigkill();
        let ticks = watch(relay, SOON * 2 + pace.time).await;
        let whole = ticks
            .windows(10)
            .position(|second| part(second) >= 1.0 - OFF);
        let (before, kept) = ticks.split_at(whole.unwrap_or(ticks.len()));
        ensure!(!before.is_empty(), "whoever was killed had sent nothing");
        let (after, kept) = (TICK * u32::try_from(before.len())?, part(kept));
        println!(
            "  round {round}   shared again {:.1} s after one was killed, and kept {kept:.3} of the rate; \
             the busiest second {:.3}",
            after.as_secs_f64(),
            busiest(&ticks)
        );
        all.push((after, kept));
    }
    let after = all
        .iter()
        .map(|(after, _)| *after)
        .max()
        .unwrap_or_default();
    let is_kept = all.iter().all(|(_, kept)| (kept - 1.0).abs() <= OFF);
    println!(
        "  shared again after {:.1} s at most, aim <= {:.0} s: {}; kept within {OFF}: {}",
        after.as_secs_f64(),
        SOON.as_secs_f64(),
        verdict(after <= SOON),
        verdict(is_kept)
    );
    Ok(())
}
