//! Waiting for a condition: the one place where a test may pause.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::time::{sleep, timeout};

/// The pause between two looks: short beside anything worth waiting for.
const PAUSE: Duration = Duration::from_millis(10);

/// Waits until the condition holds; fails the test with `what` if it does not before the deadline.
///
/// `what` says what should be the case, as in "the seat is free again".
pub async fn eventually<F>(deadline: Duration, what: &str, mut condition: F)
where
    F: AsyncFnMut() -> bool,
{
    eventually_some(deadline, what, async || condition().await.then_some(())).await;
}

/// As [`eventually`], and returns what was waited for.
pub async fn eventually_some<T, F>(deadline: Duration, what: &str, mut look: F) -> T
where
    F: AsyncFnMut() -> Option<T>,
{
    let found = timeout(deadline, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(PAUSE).await;
        }
    });
    found
        .await
        .unwrap_or_else(|_| panic!("not within {deadline:?}: {what}"))
}

/// The same for code that blocks; an error ends the waiting at once.
pub(crate) fn poll<T>(
    deadline: Duration,
    what: &str,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        (start.elapsed() < deadline)
            .then_some(())
            .with_context(|| format!("not within {deadline:?}: {what}"))?;
        thread::sleep(PAUSE);
    }
}
