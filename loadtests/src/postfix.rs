//! Postfix's own test programs: `smtp-sink`, which takes mail and throws it away, and `smtp-source`,
//! which sends as fast as it can. Everything is measured against the two.

use std::{
    io::Read as _,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

/// Where the programs are when the package was unpacked and not installed.
const UNPACKED: &str = "target/tools/postfix";
const HOW_TO_GET: &str = "Install it (apt-get install postfix), or unpack it without root: \
    mkdir -p target/tools/postfix && cd target/tools/postfix && \
    apt-get download postfix && dpkg -x postfix_*.deb .";
/// Headers that `smtp-source` puts in front of what it is told to send.
const ITS_HEADERS: usize = 150;
/// How long the sink may take to listen.
const PATIENCE: Duration = Duration::from_secs(5);

/// One of the programs, with the libraries beside it where it was unpacked.
fn program(name: &str) -> Result<Command> {
    let installed = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&installed).collect();
    places.push(PathBuf::from("/usr/sbin"));
    places.push(Path::new(UNPACKED).join("usr/sbin"));
    let found = places.iter().map(|place| place.join(name));
    let path = found.into_iter().find(|path| path.is_file());
    let path = path.with_context(|| format!("{name} is missing. {HOW_TO_GET}"))?;
    let mut command = Command::new(&path);
    if path.starts_with(UNPACKED) {
        command.env(
            "LD_LIBRARY_PATH",
            Path::new(UNPACKED).join("usr/lib/postfix"),
        );
    }
    Ok(command)
}

/// Whether both programs are there: an error that says how to get them.
pub(crate) fn present() -> Result<()> {
    program("smtp-sink")?;
    program("smtp-source")?;
    Ok(())
}

/// A sink that listens, until it is dropped.
pub(crate) struct Sink {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Sink {
    pub(crate) fn start() -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = program("smtp-sink")?;
        if is_root()? {
            command.args(["-u", "nobody"]);
        }
        let child = command
            .args([&address.to_string(), "1000"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("smtp-sink does not start")?;
        let sink = Self { child, address };
        let since = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(since.elapsed() < PATIENCE, "smtp-sink does not listen");
            std::thread::yield_now();
        }
        Ok(sink)
    }

    /// As `mail.url` has it.
    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // both fail only for a process that is gone already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_root() -> Result<bool> {
    let status = std::fs::read_to_string("/proc/self/status").context("no /proc")?;
    let mut uids = status.lines().filter_map(|line| line.strip_prefix("Uid:"));
    Ok(uids.any(|ids| ids.split_whitespace().next() == Some("0")))
}

/// Lets `smtp-source` send so many messages of so many bytes over so many connections that stay
/// open; how long it took.
pub(crate) fn source(
    to: SocketAddr,
    messages: usize,
    connections: usize,
    bytes: usize,
) -> Result<Duration> {
    let length = bytes.saturating_sub(ITS_HEADERS).max(1).to_string();
    let (messages, sessions) = (messages.to_string(), connections.to_string());
    let mut command = program("smtp-source")?;
    command
        .args(["-m", &messages, "-s", &sessions, "-d", "-l", &length])
        .arg(to.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    let since = Instant::now();
    let mut child = command.spawn().context("smtp-source does not start")?;
    let ended = child.wait()?;
    let took = since.elapsed();
    if !ended.success() {
        let mut why = String::new();
        if let Some(mut errors) = child.stderr.take() {
            errors.read_to_string(&mut why)?;
        }
        bail!("smtp-source: {ended}: {why}");
    }
    Ok(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_missing_is_named_with_how_to_get_it() {
        let said = program("smtp-nothing").unwrap_err().to_string();
        assert!(said.contains("smtp-nothing is missing"), "{said}");
        assert!(said.contains("apt-get install postfix"), "{said}");
    }
}
