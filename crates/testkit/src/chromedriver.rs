//! `ChromeDriver`, by which a test drives a browser.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result};

use crate::daemon::Daemon;
use crate::port::free_port;
use crate::{or_fail, program};

const MISSING_DRIVER: &str = "ChromeDriver is not installed: `apt-get install chromium-driver`; on PATH, or \
    named by CHROMEDRIVER";
const MISSING_BROWSER: &str = "Chromium is not installed: `apt-get install chromium`; on PATH, or named by \
    CHROMIUM";

/// What the browser is called by those who package it.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Without a screen, without what a container does not allow, and without a word to its maker.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A `ChromeDriver` on the loopback, which starts a Chromium for each session that it is asked for.
///
/// Browsers end with their driver. All they write is in its directory, which is not their user's home.
#[derive(Debug)]
pub struct ChromeDriver {
    daemon: Daemon,
    browser: PathBuf,
    port: u16,
    profiles: AtomicU32,
}

impl ChromeDriver {
    /// The driver of this test binary, started by whoever asks first.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<ChromeDriver> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A driver of one's own.
    pub fn start() -> Self {
        or_fail(Self::try_start())
    }

    /// Where it takes commands, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The browser that it is to start.
    pub fn browser(&self) -> &Path {
        &self.browser
    }

    /// What the browser of one more session is started with: a profile of its own is among it.
    pub fn arguments(&self) -> Vec<String> {
        let number = self.profiles.fetch_add(1, Ordering::Relaxed);
        let profile = self.daemon.dir().join(format!("profile{number}"));
        let own = format!("--user-data-dir={}", profile.display());
        let usual = ARGUMENTS.into_iter().map(str::to_owned);
        usual.chain([own]).collect()
    }

    fn try_start() -> Result<Self> {
        let program = program::named_by("CHROMEDRIVER")
            .or_else(|| program::on_path("chromedriver"))
            .context(MISSING_DRIVER)?;
        let browser = program::named_by("CHROMIUM")
            .or_else(|| BROWSERS.into_iter().find_map(program::on_path))
            .context(MISSING_BROWSER)?;
        // browsers stay in its process group, and end with it
        let mut driver = Self {
            daemon: Daemon::new("chromedriver", "KILL")?,
            browser,
            port: 0,
            profiles: AtomicU32::new(1),
        };
        // the port was free a moment ago; another process may have taken it since
        for _ in 0..2 {
            if driver.run(&program).is_ok() {
                return Ok(driver);
            }
        }
        driver.run(&program)?;
        Ok(driver)
    }

    fn run(&mut self, program: &Path) -> Result<()> {
        self.port = free_port()?;
        let dir = self.daemon.dir();
        fs::create_dir_all(dir.join("home"))?;
        let mut command = Command::new(program);
        command
            .arg(format!("--port={}", self.port))
            .current_dir(dir)
            .env("HOME", dir.join("home"))
            .env("TMPDIR", dir)
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME");
        let port = self.port;
        self.daemon.start(&mut command, |_| {
            TcpStream::connect(("127.0.0.1", port)).ok().map(drop)
        })
    }
}
