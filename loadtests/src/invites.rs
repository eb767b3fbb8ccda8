//! Invites from a file to the recorded verdict, through the whole node, against `smtp-source` that
//! hands as many messages of the same size to the same sink. All of it on the same processors.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::{
    composer::Composer,
    mail::{mebibytes, runtime},
    node::{Ground, Institution, Node, file},
    postfix::{self, Sink},
    rounds::{Pace, median, per_second, verdict},
    usage,
};

const CONNECTIONS: usize = 10;
const AIM: f64 = 0.25;
const PATIENCE: Duration = Duration::from_mins(5);

pub(crate) fn run(pace: Pace, count: usize) -> Result<()> {
    for ground in [Ground::large()?, Ground::small()?] {
        on(ground, pace, count)?;
    }
    Ok(())
}

fn on(ground: Ground, pace: Pace, count: usize) -> Result<()> {
    println!(
        "{count} invites from the file to the recorded verdict, {}",
        ground.name()
    );
    let (sink, bytes) = (Sink::start()?, Composer::new()?.message(0)?.len());
    let ground = ground
        .with("USHER_MAIL__URL", sink.url())
        .with("USHER_MAIL__PER_SECOND", "0");
    let node = ground.start(&[])?;
    let runtime = runtime()?;
    let institution = runtime.block_on(ground.found(&node, "Hill University"))?;
    // Warms what the first of a process costs.
    runtime.block_on(invite(&institution, 500))?;
    postfix::source(sink.address, 500, CONNECTIONS, bytes)?;
    let mut ratios = Vec::new();
    for number in 1..=pace.rounds {
        let baseline = || postfix::source(sink.address, count, CONNECTIONS, bytes);
        let before = (number % 2 == 0).then(baseline).transpose()?;
        let ours = one(
            &node,
            |count| runtime.block_on(invite(&institution, count)),
            count,
        )?;
        let baseline = before.map_or_else(baseline, Ok)?;
        let (ours, theirs) = (per_second(count, ours), per_second(count, baseline));
        println!(
            "  round {number}   ours {ours:>6.0}/s   smtp-source {theirs:>6.0}/s   ratio {:.3}",
            ours / theirs
        );
        ratios.push(ours / theirs);
    }
    let ratio = median(ratios);
    println!(
        "  median    ratio {ratio:.3}, aim >= {AIM}: {}\n",
        verdict(ratio >= AIM)
    );
    Ok(())
}

/// One file, with what it costs the node.
fn one(
    node: &Node,
    invite: impl FnOnce(usize) -> Result<Duration>,
    count: usize,
) -> Result<Duration> {
    let pid = node.pid();
    usage::forget_peak(pid)?;
    let (before, (idle, _)) = (usage::processor(pid)?, usage::memory(pid)?);
    let took = invite(count)?;
    let (used, (_, most)) = (
        usage::processor(pid)?.saturating_sub(before),
        usage::memory(pid)?,
    );
    println!(
        "            {:.0} us of the node's processor time for each, {:.0} MiB more memory at most",
        used.as_secs_f64() * 1e6 / f64::from(u32::try_from(count)?),
        mebibytes(most.saturating_sub(idle)),
    );
    Ok(took)
}

async fn invite(institution: &Institution, count: usize) -> Result<Duration> {
    let file = file(count);
    let since = Instant::now();
    let batch = institution.import(file, false).await?;
    let read = since.elapsed();
    institution.wait_sent(&batch, PATIENCE).await?;
    let took = since.elapsed();
    ensure!(took >= read, "time goes back");
    println!(
        "            read in {:.1} s, all in {:.1} s",
        read.as_secs_f64(),
        took.as_secs_f64()
    );
    Ok(took)
}
