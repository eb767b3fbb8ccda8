//! Measures two things in turn, A B B A …, so that a drift of the machine hits both alike.

use std::time::Duration;

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
}

/// What one measurement of one side found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Finished per second.
    pub(crate) per_second: f64,
    /// The time that half of them took at most.
    pub(crate) p50: Duration,
    /// The time that 99 of 100 took at most.
    pub(crate) p99: Duration,
}

impl Sample {
    /// From the latencies of everything that finished within `elapsed`.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(crate) fn of(mut latencies: Vec<Duration>, elapsed: Duration) -> Self {
        latencies.sort_unstable();
        let at = |share: usize| {
            latencies.get(latencies.len() * share / 100).or(latencies.last()).copied()
        };
        Self {
            per_second: latencies.len() as f64 / elapsed.as_secs_f64(),
            p50: at(50).unwrap_or_default(),
            p99: at(99).unwrap_or_default(),
        }
    }
}

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aim {
    /// Ours per second over the baseline's.
    pub(crate) ratio: f64,
    /// Whether our p99 must not be longer than the baseline's.
    pub(crate) p99_no_worse: bool,
}

/// Measures `ours` and `baseline` in turn and prints what came of it.
pub(crate) fn compare(
    title: &str,
    pace: Pace,
    aim: Aim,
    mut ours: impl FnMut(Duration) -> anyhow::Result<Sample>,
    mut baseline: impl FnMut(Duration) -> anyhow::Result<Sample>,
) -> anyhow::Result<()> {
    // One uncounted round warms caches, statements and connections of both.
    ours(pace.time / 4)?;
    baseline(pace.time / 4)?;
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for round in 0..pace.rounds {
        if round % 2 == 0 {
            a.push(ours(pace.time)?);
            b.push(baseline(pace.time)?);
        } else {
            b.push(baseline(pace.time)?);
            a.push(ours(pace.time)?);
        }
    }
    let ratios: Vec<_> =
        a.iter().zip(&b).map(|(ours, base)| ours.per_second / base.per_second).collect();
    let ratio = median(ratios.clone());
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    let p99 = median(
        a.iter().zip(&b).map(|(ours, base)| ours.p99.as_secs_f64() / base.p99.as_secs_f64()).collect(),
    );
    let reached = ratio >= aim.ratio && (!aim.p99_no_worse || p99 <= 1.0);
    println!("{title}");
    for (name, samples) in [("ours", &a), ("baseline", &b)] {
        println!(
            "  {name:<9} {:>10.0}/s   p50 {:>8.2} ms   p99 {:>8.2} ms",
            median(samples.iter().map(|s| s.per_second).collect()),
            median(samples.iter().map(|s| s.p50.as_secs_f64() * 1e3).collect()),
            median(samples.iter().map(|s| s.p99.as_secs_f64() * 1e3).collect()),
        );
    }
    println!(
        "  ratio     {ratio:>10.2} [{least:.2}..{most:.2}]   p99 ratio {p99:.2}   aim >= {}{}   {}\n",
        aim.ratio,
        if aim.p99_no_worse { ", p99 no worse" } else { "" },
        if reached { "reached" } else { "MISSED" },
    );
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
