//! `usher config check|show`.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Sources, node_roles::NodeRoles, print};
use crate::failure::Failure;

/// Looks at the settings, without starting anything.
#[derive(Debug, Args)]
pub(super) struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Says `ok`, or everything that is wrong with the settings.
    Check(Node),
    /// Prints the settings that hold, where each comes from, and no secret.
    Show(Node),
}

#[derive(Debug, Args)]
struct Node {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    roles: NodeRoles,
}

impl Config {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let (Command::Check(node) | Command::Show(node)) = &self.command;
        let loaded = node.sources.load(&node.roles.get())?;
        for warning in &loaded.warnings {
            eprintln!("usher: warning: {warning}");
        }
        match self.command {
            Command::Check(_) => print("ok")?,
            Command::Show(_) => print(loaded.show().trim_end())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
