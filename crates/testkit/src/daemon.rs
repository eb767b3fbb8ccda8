//! A server process with its directory: started, ended, started again.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::eventually::poll;
use crate::leash::{Leash, signal};

/// How long a server may take to be ready: a cold disk and a busy machine, not a typical start.
const READY: Duration = Duration::from_mins(1);

/// How long a server may take to end after it was asked to.
const GONE: Duration = Duration::from_secs(10);

/// A server process, the directory it lives in, and the leash both hang on.
#[derive(Debug)]
pub(crate) struct Daemon {
    name: &'static str,
    /// The signal that ends it and everything it started.
    ending: &'static str,
    dir: PathBuf,
    child: Option<Child>,
    leash: Leash,
}

impl Daemon {
    /// Makes the directory; nothing runs yet.
    pub(crate) fn new(name: &'static str, ending: &'static str) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix(&format!("usher-{name}-"))
            .tempdir()
            .context("no temporary directory")?;
        let leash = Leash::new(ending, Some(dir.path()))?;
        // the leash removes it from here on, so that a killed process leaves none behind
        let dir = dir.keep();
        Ok(Self {
            name,
            ending,
            dir,
            child: None,
            leash,
        })
    }

    /// The directory, removed with the server.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Starts it and waits until `ready`, given its process id, has an answer.
    pub(crate) fn start<T>(
        &mut self,
        command: &mut Command,
        mut ready: impl FnMut(u32) -> Option<T>,
    ) -> Result<T> {
        if self.child.is_some() {
            bail!("{} runs already", self.name);
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.dir.join("log"))
            .context("no log file")?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = self.child.insert(self.leash.spawn(command)?);
        let (name, pid) = (self.name, child.id());
        let started = poll(READY, &format!("{name} is ready"), || {
            match child.try_wait()? {
                Some(status) => bail!("{name} ended at once: {status}"),
                None => Ok(ready(pid)),
            }
        });
        started.map_err(|error| {
            // whether it ended by itself or hangs, the next start finds nothing in its way
            let _ = self.end("KILL");
            error.context(self.log_tail())
        })
    }

    /// The process id, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Sends its process group a signal, and returns when it has ended.
    pub(crate) fn end(&mut self, with: &str) -> Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        let group = -i64::from(child.id());
        signal(with, &[group])?;
        let what = format!("{} ends", self.name);
        if poll(GONE, &what, || Ok(child.try_wait()?)).is_err() {
            signal("KILL", &[group])?;
            child.wait()?;
        }
        self.leash.forget()
    }

    fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        let from = log.lines().count().saturating_sub(15);
        let tail: Vec<&str> = log.lines().skip(from).collect();
        format!(
            "{} did not start; its log ends with:\n{}\n",
            self.name,
            tail.join("\n")
        )
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // what fails here is left to the leash, which is dropped next
        let _ = self.end(self.ending);
    }
}
