//! What a process has used so far, as the kernel of Linux counts it.

use std::time::Duration;

use anyhow::{Context as _, Result};

/// Ticks a second of `/proc/PID/stat` (`USER_HZ`): 100 on every Linux there is.
const TICKS: u32 = 100;

/// Processor time of a process and of all its threads.
pub(crate) fn processor(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| format!("no {path}"))?;
    // The name stands in brackets and may hold spaces.
    let (_, rest) = stat.rsplit_once(") ").context("an odd stat")?;
    let mut fields = rest.split(' ').skip(11);
    let mut ticks = || -> Result<u32> { Ok(fields.next().context("a short stat")?.parse()?) };
    let (user, system) = (ticks()?, ticks()?);
    Ok(Duration::from_secs(1) * (user + system) / TICKS)
}

/// Memory that a process has, and the most that it had, in bytes.
pub(crate) fn memory(pid: u32) -> Result<(u64, u64)> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("no {path}"))?;
    let field = |name: &str| -> Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.context("a short status")?.parse::<u64>()? * 1_024)
    };
    Ok((field("VmRSS:")?, field("VmHWM:")?))
}

/// Forgets the most that a process had, so that it is counted anew.
pub(crate) fn forget_peak(pid: u32) -> Result<()> {
    let path = format!("/proc/{pid}/clear_refs");
    std::fs::write(&path, "5").with_context(|| format!("cannot write {path}"))
}
