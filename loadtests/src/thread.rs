//! Parts of the system on threads of their own, as in a node.

use std::{future::pending, sync::mpsc};

use anyhow::{Context as _, Result};

/// Starts a part on a thread of its own; answers what it tells of itself once it serves, and runs
/// the rest of it until the process ends.
pub(crate) fn run<T, S, R>(start: impl FnOnce() -> S + Send + 'static) -> Result<T>
where
    T: Send + 'static,
    S: Future<Output = Result<(T, R)>>,
    R: Future<Output = ()>,
{
    let (ready, started) = mpsc::channel();
    std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            match start().await {
                Ok((told, rest)) => {
                    let _ = ready.send(Ok(told));
                    rest.await;
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        });
    });
    started.recv().context("a thread ended before it served")?
}

/// Keeps what runs by itself as long as it is there.
pub(crate) async fn keep<T>(kept: T) {
    pending::<()>().await;
    drop(kept);
}
