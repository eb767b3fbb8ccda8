//! What a process writes, line by line.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The lines of a pipe, read by a thread of their own as they come.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Seen {
    lines: Vec<String>,
    /// Nobody holds the other end any more.
    closed: bool,
}

impl Lines {
    /// Begins to read.
    pub(crate) fn of(pipe: impl Read + Send + 'static) -> Arc<Self> {
        let lines = Arc::new(Self::default());
        let reader = Arc::clone(&lines);
        thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                reader
                    .seen()
                    .lines
                    .push(String::from_utf8_lossy(&line).into_owned());
                reader.changed.notify_all();
            }
            reader.seen().closed = true;
            reader.changed.notify_all();
        });
        lines
    }

    /// The first line with this prefix; `None` when the deadline or the end of the pipe comes first.
    pub(crate) fn wait(&self, prefix: &str, deadline: Duration) -> Option<String> {
        let find = |seen: &Seen| {
            seen.lines
                .iter()
                .find(|line| line.starts_with(prefix))
                .cloned()
        };
        let waiting = |seen: &mut Seen| !seen.closed && find(seen).is_none();
        find(&self.wait_while(deadline, waiting))
    }

    /// Waits for the end of the pipe, or the deadline.
    pub(crate) fn wait_closed(&self, deadline: Duration) {
        drop(self.wait_while(deadline, |seen| !seen.closed));
    }

    /// All of it so far.
    pub(crate) fn text(&self) -> String {
        self.seen().lines.join("\n")
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // a reader that panicked has still read what it has read
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(
        &self,
        deadline: Duration,
        waiting: impl FnMut(&mut Seen) -> bool,
    ) -> MutexGuard<'_, Seen> {
        let waited = self
            .changed
            .wait_timeout_while(self.seen(), deadline, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
