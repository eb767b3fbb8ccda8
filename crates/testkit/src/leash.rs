//! The leash: what ends a server when the test process is gone.
//!
//! A static is never dropped and SIGKILL runs no destructor, so neither can be relied on. The leash
//! is a shell that reads a pipe from this process. Each line names the process group that runs now,
//! or nothing; when the pipe closes, for whatever reason, the shell ends that group and removes the
//! directory. It has a process group of its own, so that Ctrl-C does not reach it first.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// `$1` signal, `$2` directory to remove (or empty); waits up to five seconds for the group to go.
const SCRIPT: &str = r#"
signal=$1 dir=$2 group= left=100
while read -r line; do group=$line; done
if [ -n "$group" ] && kill -s "$signal" -- "-$group"; then
    while [ "$left" -gt 0 ] && kill -s 0 -- "-$group"; do sleep 0.05; left=$((left - 1)); done
    kill -s KILL -- "-$group"
fi
[ -z "$dir" ] || rm -rf -- "$dir"
"#;

/// Ends a process group and removes a directory once this process is gone, or it is dropped.
#[derive(Debug)]
pub(crate) struct Leash {
    shell: Child,
}

impl Leash {
    /// Holds nothing yet; removes `dir` at the end.
    pub(crate) fn new(signal: &str, dir: Option<&Path>) -> Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "leash", signal])
            .arg(dir.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("sh does not start")?;
        Ok(Self { shell })
    }

    /// Starts `command` in a process group of its own, and holds it.
    pub(crate) fn spawn(&mut self, command: &mut Command) -> Result<Child> {
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} does not start", command.get_program().display()))?;
        self.write(&child.id().to_string())?;
        Ok(child)
    }

    /// Forgets what it held: it has ended and been reaped.
    pub(crate) fn forget(&mut self) -> Result<()> {
        self.write("")
    }

    fn write(&mut self, line: &str) -> Result<()> {
        let pipe = self.shell.stdin.as_mut().context("the leash is closed")?;
        writeln!(pipe, "{line}").context("the leash is broken")
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // nothing to be done about a failure here, and the shell has no more to say
        let _ = self.shell.wait();
    }
}

/// Sends a signal to processes; a negative number is a whole group. Those already gone are no error.
pub(crate) fn signal(name: &str, targets: &[i64]) -> Result<()> {
    // the shell's builtin: a slim container has no `kill` of its own
    Command::new("sh")
        .args(["-c", "kill -s \"$0\" -- \"$@\"", name])
        .args(targets.iter().map(ToString::to_string))
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("no {name} could be sent"))?;
    Ok(())
}
