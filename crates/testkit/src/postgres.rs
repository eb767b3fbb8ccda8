//! `PostgreSQL`.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::daemon::Daemon;
use crate::eventually::poll;
use crate::leash::signal;
use crate::port::free_port;
use crate::{or_fail, program};

const MISSING: &str = "PostgreSQL is not installed: `apt-get install postgresql` (with \
    create_main_cluster=false it makes no cluster of its own); its programs on PATH, in \
    /usr/lib/postgresql/*/bin, or in the directory named by POSTGRES_BIN";

/// The user and group `nobody`: initdb and postgres refuse root.
const NOBODY: u32 = 65534;

/// A `PostgreSQL` server with a data directory of its own, on the loopback.
///
/// Its databases sort as a language does (ICU, `en`), as most of the real ones do: a text compared
/// without `collate "C"` shows here.
#[derive(Debug)]
pub struct PostgresServer {
    daemon: Daemon,
    programs: PathBuf,
    port: u16,
    durable: bool,
    databases: AtomicU32,
}

impl PostgresServer {
    /// The server of this test binary, started by whoever asks first. It does not care for crashes.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server of one's own that does not write through to the disk: a killed one may be torn.
    pub fn start() -> Self {
        or_fail(Self::try_start(false))
    }

    /// A server of one's own that keeps what it has committed, to be killed and restarted.
    pub fn durable() -> Self {
        or_fail(Self::try_start(true))
    }

    /// Creates an empty database and returns its URL, `postgres://postgres@127.0.0.1:PORT/NAME`.
    ///
    /// Tests may call it at the same time.
    pub fn fresh_database(&self) -> String {
        // nobody can be connected to template0, so that two of these never wait for each other
        or_fail(self.create_database("template0"))
    }

    /// Creates a database with what stands in another one, to which nobody is connected any more.
    pub(crate) fn copy_of(&self, database_url: &str) -> String {
        or_fail(self.create_database(name_in(database_url)))
    }

    /// Runs statements by psql and returns the rows, a line each with `|` between the columns.
    pub fn query(&self, database_url: &str, sql: &str) -> String {
        or_fail(self.try_query(name_in(database_url), sql))
    }

    /// Where it listens, `127.0.0.1:PORT`: what a [`TcpProxy`](crate::TcpProxy) stands in front of.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends the server and all its backends with SIGKILL.
    pub fn kill(&mut self) {
        or_fail(self.try_kill());
    }

    /// Starts it again on the same port with the same data, after a [`kill`](Self::kill) or not.
    pub fn restart(&mut self) {
        self.kill();
        or_fail(self.run());
    }

    fn try_start(durable: bool) -> Result<Self> {
        let programs = programs().context(MISSING)?;
        // SIGQUIT is the immediate shutdown: the server ends its backends, which SIGKILL would not
        let daemon = Daemon::new("postgres", "QUIT")?;
        let mut server = Self {
            daemon,
            programs,
            port: 0,
            durable,
            databases: AtomicU32::new(0),
        };
        server.init()?;
        // the port was free a moment ago; another process may have taken it since
        for _ in 0..2 {
            server.port = free_port()?;
            if server.run().is_ok() {
                return Ok(server);
            }
        }
        server.run()?;
        Ok(server)
    }

    fn init(&self) -> Result<()> {
        let dir = self.daemon.dir();
        if fs::metadata(dir)?.uid() == 0 {
            chown(dir, Some(NOBODY), Some(NOBODY))?;
        }
        let output = self
            .command("initdb")?
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .args([
                "--locale-provider=icu",
                "--icu-locale=en",
                "--no-sync",
                "--no-instructions",
            ])
            .arg("--pgdata")
            .arg(dir.join("data"))
            .output()
            .context("initdb does not start")?;
        if !output.status.success() {
            bail!("initdb: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    fn run(&mut self) -> Result<()> {
        let data = self.daemon.dir().join("data");
        let mut command = self.command("postgres")?;
        command.arg("-D").arg(&data);
        let sockets = format!("unix_socket_directories={}", self.daemon.dir().display());
        let port = format!("port={}", self.port);
        let mut settings = vec![
            port.as_str(),
            "listen_addresses=127.0.0.1",
            sockets.as_str(),
            "max_connections=200",
            // in the data directory, so that a killed server leaves nothing in /dev/shm
            "dynamic_shared_memory_type=mmap",
        ];
        if !self.durable {
            settings.extend([
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                // it would visit each of hundreds of databases, at moments of its own
                "autovacuum=off",
            ]);
        }
        for setting in settings {
            command.args(["-c", setting]);
        }
        self.daemon
            .start(&mut command, |pid| is_ready(&data, pid).then_some(()))
    }

    fn try_kill(&mut self) -> Result<()> {
        let Some(pid) = self.daemon.pid() else {
            return Ok(());
        };
        // stopped first, so that it starts no backend while the others are counted
        signal("STOP", &[i64::from(pid)])?;
        let backends = children_of(pid)?;
        let targets: Vec<i64> = backends.iter().copied().map(i64::from).collect();
        signal("KILL", &targets)?;
        self.daemon.end("KILL")?;
        poll(
            Duration::from_secs(10),
            "the backends of a killed PostgreSQL are gone",
            || {
                Ok(backends
                    .iter()
                    .all(|pid| stat(*pid).is_none_or(|stat| stat.ended))
                    .then_some(()))
            },
        )
    }

    fn create_database(&self, template: &str) -> Result<String> {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed) + 1);
        // its files are copied: through the log, as is usual, each page goes to the disk twice
        self.try_query(
            "postgres",
            &format!("create database {name} template {template} strategy file_copy"),
        )?;
        Ok(self.url(&name))
    }

    fn try_query(&self, database: &str, sql: &str) -> Result<String> {
        let output = Command::new(self.programs.join("psql"))
            .args([
                "--no-psqlrc",
                "--quiet",
                "--no-password",
                "--no-align",
                "--tuples-only",
            ])
            .args([
                "--set=ON_ERROR_STOP=1",
                "--command",
                sql,
                &self.url(database),
            ])
            .output()
            .context("psql does not start")?;
        if !output.status.success() {
            bail!("{sql}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned())
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.address())
    }

    /// One of its programs, run as somebody it accepts and from where that one may be.
    fn command(&self, program: &str) -> Result<Command> {
        let dir = self.daemon.dir();
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(dir).env("HOME", dir);
        // what root has given away in `init`
        if fs::metadata(dir)?.uid() == NOBODY {
            command.uid(NOBODY).gid(NOBODY);
        }
        Ok(command)
    }
}

/// The database that a URL names.
fn name_in(database_url: &str) -> &str {
    database_url.rsplit('/').next().unwrap_or_default()
}

/// The directory of its programs: named, else the newest of Debian's, else of the first on `PATH`.
fn programs() -> Option<PathBuf> {
    program::named_by("POSTGRES_BIN")
        .or_else(|| {
            program::on_path("initdb")?
                .canonicalize()
                .ok()?
                .parent()
                .map(Path::to_owned)
        })
        .or_else(newest_of_debian)
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let numbered = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        programs
            .join("initdb")
            .is_file()
            .then_some((version, programs))
    });
    numbered.max().map(|(_, programs)| programs)
}

/// What `pg_ctl --wait` looks at: the first line of `postmaster.pid` is the process, the eighth its
/// state, which is `ready` once recovery is over and it takes connections.
fn is_ready(data: &Path, pid: u32) -> bool {
    let text = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let mut lines = text.lines().map(str::trim);
    lines.next() == Some(pid.to_string().as_str()) && lines.nth(6) == Some("ready")
}

/// A line of `/proc`.
struct Stat {
    parent: u32,
    /// A zombie, or about to be gone.
    ended: bool,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `pid (name, which may hold spaces and brackets) state parent ..`
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X");
    Some(Stat {
        parent: fields.next()?.parse().ok()?,
        ended,
    })
}

/// The living children of a process. Where there is no `/proc` there are none to be found: the
/// backends then end by themselves, when they miss their parent.
fn children_of(parent: u32) -> Result<Vec<u32>> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Ok(Vec::new());
    };
    let mut children = Vec::new();
    for entry in entries {
        let Some(pid) = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        if stat(pid).is_some_and(|stat| stat.parent == parent && !stat.ended) {
            children.push(pid);
        }
    }
    Ok(children)
}
