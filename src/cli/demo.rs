//! `usher demo`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;

use super::variables;
use crate::{demo, failure::Failure};

/// Starts everything in one process, with something in it to look at.
///
/// Nothing to install, nothing to set: a database in a file, mail that is kept and shown in the
/// browser, an organisation with a plan, a link, an administrator and some people. Prints every URL
/// and sign-in it made.
///
/// Of the environment it heeds where to listen and what to log (`USHER_HTTP__LISTEN`, `USHER_OPS__LISTEN`,
/// `USHER_LOG__FILTER`, `USHER_LOG__FORMAT`), and nothing that leads to data of others.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Where to serve it [default: 127.0.0.1:8080, or a free port].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Keeps the data in this folder, for the next time.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Demo {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        demo::run(self.listen, self.data_dir, variables())
    }
}
