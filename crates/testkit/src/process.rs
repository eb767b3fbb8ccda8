//! The node as a process of its own.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::eventually::poll;
use crate::leash::{Leash, signal};
use crate::lines::Lines;
use crate::or_fail;

/// A running `usher`, to be watched, stopped and killed. Dropping it kills it.
///
/// Its methods block; what a test offers it (a sink, a proxy, the servers) runs elsewhere.
#[derive(Debug)]
pub struct UsherProcess {
    child: Child,
    leash: Leash,
    stdout: Arc<Lines>,
    stderr: Arc<Lines>,
}

/// Where a node that is ready can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The URL of its pages and of the API, without a slash at the end.
    pub http: String,
    /// The URL of its operations port.
    pub ops: String,
}

impl UsherProcess {
    /// Starts `binary`, which is `env!("CARGO_BIN_EXE_usher")`, with arguments and environment.
    ///
    /// No `USHER_` variable of the surroundings reaches it: what it is set to is in the test.
    pub fn start<A, K, V>(
        binary: impl AsRef<Path>,
        args: impl IntoIterator<Item = A>,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Self
    where
        A: AsRef<OsStr>,
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        let mut command = Command::new(binary.as_ref());
        for (name, _) in env::vars_os().filter(|(name, _)| is_setting(name)) {
            command.env_remove(name);
        }
        command.args(args).envs(environment).stdin(Stdio::null());
        Self::run(command)
    }

    /// Starts what the command says, for a working directory, an environment or a stdin of one's own.
    pub fn run(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        or_fail(Self::try_run(command))
    }

    fn try_run(mut command: Command) -> Result<Self> {
        let mut leash = Leash::new("KILL", None)?;
        let mut child = leash.spawn(&mut command)?;
        let stdout = Lines::of(child.stdout.take().context("no stdout")?);
        let stderr = Lines::of(child.stderr.take().context("no stderr")?);
        Ok(Self {
            child,
            leash,
            stdout,
            stderr,
        })
    }

    /// Waits for the line `ready http=URL ops=URL` and returns the two.
    pub fn wait_ready(&self, deadline: Duration) -> Ready {
        let line = self.wait_line("ready ", deadline);
        let value = |key: &str| {
            let mut words = line.split_whitespace();
            words
                .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
                .map(str::to_owned)
        };
        match (value("http"), value("ops")) {
            (Some(http), Some(ops)) => Ready { http, ops },
            _ => panic!("the line of readiness lacks http= or ops=: {line}"),
        }
    }

    /// Waits for a line on stdout that begins with `prefix`, and returns the first such.
    pub fn wait_line(&self, prefix: &str, deadline: Duration) -> String {
        self.stdout.wait(prefix, deadline).unwrap_or_else(|| {
            // if it has ended, its last words may still be on their way
            self.stderr.wait_closed(Duration::from_secs(1));
            let (out, err) = (self.stdout_text(), self.stderr_text());
            panic!("no line `{prefix}..` within {deadline:?}\n-- stdout\n{out}\n-- stderr\n{err}")
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to stdout so far.
    pub fn stdout_text(&self) -> String {
        self.stdout.text()
    }

    /// What it has written to stderr so far.
    pub fn stderr_text(&self) -> String {
        self.stderr.text()
    }

    /// Sends SIGKILL: no destructor, no flush.
    pub fn sigkill(&mut self) {
        or_fail(self.child.kill().context("no SIGKILL could be sent"));
    }

    /// Sends SIGTERM: the node drains and ends.
    pub fn sigterm(&self) {
        or_fail(signal("TERM", &[i64::from(self.child.id())]));
    }

    /// Sends SIGHUP: the node reads its settings again.
    pub fn sighup(&self) {
        or_fail(signal("HUP", &[i64::from(self.child.id())]));
    }

    /// Waits until it has ended, and all it wrote has been read.
    pub fn wait_exit(&mut self, deadline: Duration) -> ExitStatus {
        let ended = poll(deadline, "the node has ended", || {
            Ok(self.child.try_wait()?)
        });
        let status =
            ended.unwrap_or_else(|error| panic!("{error:#}\n-- stderr\n{}", self.stderr_text()));
        or_fail(self.leash.forget());
        self.stdout.wait_closed(deadline);
        self.stderr.wait_closed(deadline);
        status
    }
}

impl Drop for UsherProcess {
    fn drop(&mut self) {
        // both fail only for a process that is gone already
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.leash.forget();
    }
}

fn is_setting(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("USHER_"))
}
