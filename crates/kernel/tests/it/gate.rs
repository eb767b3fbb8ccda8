//! Holds a turn until the test has arranged what it is about.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// A gate in the middle of a turn. Whoever comes is counted, and goes on when it is let through.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    came: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn closed() -> Self {
        Self {
            came: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    /// In the turn: comes to the gate and waits there.
    pub(crate) async fn pass(&self) {
        self.came.add_permits(1);
        self.open.acquire().await.unwrap().forget();
    }

    /// In the test: waits until a turn stands before the gate.
    pub(crate) async fn wait_for_a_turn(&self) {
        self.came.acquire().await.unwrap().forget();
    }

    /// In the test: lets so many turns through, now or when they come.
    pub(crate) fn let_through(&self, turns: usize) {
        self.open.add_permits(turns);
    }
}
