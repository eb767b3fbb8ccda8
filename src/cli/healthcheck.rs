//! `usher healthcheck`.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::Args;

use super::{Sources, print};
use crate::failure::Failure;

/// How long the node may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the node on this machine whether it is ready.
#[derive(Debug, Args)]
pub(super) struct Healthcheck {
    #[command(flatten)]
    sources: Sources,
}

impl Healthcheck {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let settings = self.sources.load_without_mail()?.settings;
        print(&ask(reachable(settings.ops.listen))?)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Where to reach what listens there: everywhere includes here.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn ask(address: SocketAddr) -> anyhow::Result<String> {
    let unreachable = || format!("nothing answers at {address}");
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).with_context(unreachable)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .with_context(unreachable)?;
    let mut answer = String::new();
    stream
        .take(64 * 1024)
        .read_to_string(&mut answer)
        .with_context(unreachable)?;
    let (head, body) = answer.split_once("\r\n\r\n").with_context(unreachable)?;
    if !head.starts_with("HTTP/1.1 200 ") {
        let missing: Vec<&str> = body.lines().collect();
        bail!("{}", missing.join("; "));
    }
    Ok(body.trim().to_owned())
}
