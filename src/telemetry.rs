//! Logs: lines on stderr, for people or for programs, panics among them.

use std::{
    io::{IsTerminal as _, stderr},
    panic,
};

use anyhow::Context as _;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::settings::log::{Log, LogFormat};

/// Logs as the settings say, from now until the end of the process.
pub fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.filter).context("log.filter is not usable")?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr);
    let fit = filter_fn(|line| !holds_messages(line));
    let started = match log.format {
        LogFormat::Text => {
            let lines = lines.with_ansi(stderr().is_terminal());
            lines.finish().with(fit).try_init()
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(true);
            lines.finish().with(fit).try_init()
        }
    };
    started.map_err(|error| anyhow::anyhow!("logging cannot be started: {error}"))?;
    log_panics();
    Ok(())
}

/// Whether a line has a whole message of the bus in it, with passwords and tokens: never logged,
/// whatever is asked for.
fn holds_messages(line: &Metadata<'_>) -> bool {
    *line.level() == Level::TRACE && line.target().starts_with("async_nats")
}

/// Logs as little as a command on the terminal should: what goes wrong.
pub fn start_quiet() -> anyhow::Result<()> {
    start(&Log {
        filter: "warn".to_owned(),
        format: LogFormat::Text,
    })
}

/// A panic is a log line like others: what was said and where, without a trace.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let said = panic.payload_as_str().unwrap_or("no message");
        let place = panic.location().map(ToString::to_string);
        let thread = std::thread::current()
            .name()
            .unwrap_or("unnamed")
            .to_owned();
        tracing::error!(place = place.as_deref(), thread, said, "panic");
    }));
}
