//! A thread of one's own for a sink or a proxy.

use std::future::Future;

use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, Runtime};

/// A runtime with one thread. It keeps running while the test blocks; all its tasks end when it is
/// dropped.
#[derive(Debug)]
pub(crate) struct Background {
    runtime: Option<Runtime>,
}

impl Background {
    /// Starts the thread with its first task.
    pub(crate) fn run(task: impl Future<Output = ()> + Send + 'static) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("no runtime")?;
        runtime.spawn(task);
        Ok(Self {
            runtime: Some(runtime),
        })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // a plain drop would panic inside the runtime of the test
            runtime.shutdown_background();
        }
    }
}
