//! Measures two things in turn, A B B A …, so that a drift of the machine hits both alike.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::join_all;

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
    per_second: f64,
    /// The milliseconds that half of them took at most.
    p50: f64,
    /// The milliseconds that 99 of 100 took at most.
    p99: f64,
}

impl Sample {
    /// From the latencies of everything that finished within `elapsed`.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(crate) fn of(mut latencies: Vec<Duration>, elapsed: Duration) -> Self {
        latencies.sort_unstable();
        let at = |share: usize| {
            let at = latencies.get(latencies.len() * share / 100);
            at.or(latencies.last())
                .map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
        };
        Self {
            per_second: latencies.len() as f64 / elapsed.as_secs_f64(),
            p50: at(50),
            p99: at(99),
        }
    }
}

/// One of several that do the same, measured by how long they take for so many.
pub(crate) struct Side<'a> {
    pub(crate) name: &'static str,
    /// At least so many of the first side's for one of this one's.
    pub(crate) aim: Option<f64>,
    /// Does so many; how long it took.
    pub(crate) run: Box<dyn FnMut(usize) -> Result<Duration> + 'a>,
}

/// Measures several in turn, and prints each round, and of the first what it is to the others.
/// Each does in a round what it does in the time of one.
pub(crate) fn contest(title: &str, pace: Pace, sides: &mut [Side<'_>]) -> Result<()> {
    println!("{title}");
    let mut counts = Vec::new();
    for side in sides.iter_mut() {
        counts.push(so_many(side, pace.time)?);
    }
    let mut rates = vec![Vec::new(); sides.len()];
    for number in 1..=pace.rounds {
        let mut order: Vec<usize> = (0..sides.len()).collect();
        if number % 2 == 0 {
            order.reverse();
        }
        for at in order {
            if let (Some(side), Some(count), Some(rates)) =
                (sides.get_mut(at), counts.get(at), rates.get_mut(at))
            {
                rates.push(per_second(*count, (side.run)(*count)?));
            }
        }
        let of_round = rates.iter().filter_map(|rates| rates.last());
        let line: Vec<_> = sides
            .iter()
            .zip(of_round)
            .map(|(side, rate)| format!("{} {rate:>6.0}/s", side.name))
            .collect();
        println!("  round {number}   {}", line.join("   "));
    }
    judge(sides, &rates);
    Ok(())
}

/// What the first side is to the others, round by round, and whether that is what it is to be.
fn judge(sides: &[Side<'_>], rates: &[Vec<f64>]) {
    let Some(((_, ours), others)) = sides
        .iter()
        .zip(rates)
        .collect::<Vec<_>>()
        .split_first()
        .map(|(first, others)| (*first, others.to_vec()))
    else {
        return;
    };
    println!("  median    {:>6.0}/s", median(ours.clone()));
    for (side, theirs) in others {
        let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs);
        let ratio = median(ratios.collect());
        let aim = side.aim.map_or_else(String::new, |aim| {
            format!(", aim >= {aim}: {}", verdict(ratio >= aim))
        });
        println!("  {ratio:.2} of {}{aim}", side.name);
    }
    println!();
}

/// How many a side does in this time; finding out warms it, too.
fn so_many(side: &mut Side<'_>, time: Duration) -> Result<usize> {
    let mut count = 20;
    loop {
        let took = (side.run)(count)?;
        if took >= time / 10 {
            let many = per_second(count, took) * time.as_secs_f64();
            return Ok(whole(many).max(20));
        }
        count *= 4;
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(crate) fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts far below 2^52"
)]
fn whole(many: f64) -> usize {
    many as usize
}

pub(crate) fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "MISSED" }
}

/// Whether somebody who calls goes on.
pub(crate) enum Next {
    /// Calls again.
    Again,
    /// Has nothing left to call for.
    Enough,
}

/// Lets every caller call again and again, one call of each at a time, until the time is over.
/// Nothing is cut off: what was begun is waited for, and that wait counts.
pub(crate) async fn race<C>(
    callers: impl IntoIterator<Item = C>,
    time: Duration,
    call: impl AsyncFn(&mut C) -> Result<Next>,
) -> Result<Sample> {
    let started = Instant::now();
    let ends = join_all(callers.into_iter().map(async |mut caller| {
        let mut latencies = Vec::new();
        while started.elapsed() < time {
            let sent = Instant::now();
            match call(&mut caller).await? {
                Next::Again => latencies.push(sent.elapsed()),
                Next::Enough => break,
            }
        }
        Ok::<_, anyhow::Error>(latencies)
    }))
    .await;
    let elapsed = started.elapsed();
    let latencies: Vec<_> = ends.into_iter().collect::<Result<_>>()?;
    Ok(Sample::of(latencies.concat(), elapsed))
}

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aim {
    /// At least so many of ours per second for one of the baseline's; 0: none is set.
    pub(crate) ratio: f64,
    /// Our p99 takes at most so many times as long as the baseline's.
    pub(crate) p99_most: Option<f64>,
}

/// One round of both.
#[derive(Clone, Copy, Debug)]
struct Round {
    ours: Sample,
    baseline: Sample,
}

impl Round {
    /// Ours per second over the baseline's.
    fn ratio(self) -> f64 {
        self.ours.per_second / self.baseline.per_second
    }

    /// Our p99 over the baseline's.
    fn p99_ratio(self) -> f64 {
        self.ours.p99 / self.baseline.p99
    }
}

/// Measures `ours` and `baseline` in turn, and prints each round and what came of them.
pub(crate) fn compare(
    title: &str,
    pace: Pace,
    aim: Aim,
    mut ours: impl FnMut(Duration) -> Result<Sample>,
    mut baseline: impl FnMut(Duration) -> Result<Sample>,
) -> Result<()> {
    println!("{title}");
    // One uncounted round warms caches, statements and connections of both.
    ours(pace.time / 4)?;
    baseline(pace.time / 4)?;
    let mut rounds = Vec::new();
    for number in 1..=pace.rounds {
        let round = if number % 2 == 1 {
            let ours = ours(pace.time)?;
            let baseline = baseline(pace.time)?;
            Round { ours, baseline }
        } else {
            let baseline = baseline(pace.time)?;
            let ours = ours(pace.time)?;
            Round { ours, baseline }
        };
        let Round { ours, baseline } = round;
        println!(
            "  round {number}   ours {}   baseline {}   ratio {:.2}",
            line(ours.per_second, ours.p50, ours.p99),
            line(baseline.per_second, baseline.p50, baseline.p99),
            round.ratio(),
        );
        rounds.push(round);
    }
    conclude(aim, &rounds);
    Ok(())
}

fn line(per_second: f64, p50: f64, p99: f64) -> String {
    format!("{per_second:>8.0}/s (p50 {p50:.2} ms, p99 {p99:.2} ms)")
}

/// The medians, the aim, and whether it is reached.
fn conclude(aim: Aim, rounds: &[Round]) {
    let median = |of: fn(&Round) -> f64| median(rounds.iter().map(of).collect());
    let (ratio, p99_ratio) = (median(|r| r.ratio()), median(|r| r.p99_ratio()));
    println!(
        "  median    ours {}   baseline {}   ratio {ratio:.2}",
        line(
            median(|r| r.ours.per_second),
            median(|r| r.ours.p50),
            median(|r| r.ours.p99)
        ),
        line(
            median(|r| r.baseline.per_second),
            median(|r| r.baseline.p50),
            median(|r| r.baseline.p99)
        ),
    );
    if aim.ratio > 0.0 {
        let reached = verdict(ratio >= aim.ratio);
        println!("  aim       ratio >= {}: {reached}", aim.ratio);
    }
    if let Some(most) = aim.p99_most {
        let reached = verdict(p99_ratio <= most);
        println!("  aim       p99 <= {most} of the baseline's: {reached} ({p99_ratio:.2})");
    }
    println!();
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
