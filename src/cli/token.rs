//! `usher token create`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use contract::{Role, ids::OrganisationId, text::Name, tokens::CreateToken};

use super::{Sources, operator, print};
use crate::failure::Failure;

/// Tokens of the API.
#[derive(Debug, Args)]
pub(super) struct Token {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a token and prints it, this once.
    Create(Create),
}

#[derive(Debug, Args)]
struct Create {
    /// What it is for.
    #[arg(long, value_parser = Name::parse)]
    name: Name,
    /// The organisation it acts for, as its owner; without one it is the operator's.
    #[arg(long, value_name = "ID")]
    organisation: Option<OrganisationId>,
    #[command(flatten)]
    sources: Sources,
}

impl Token {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let Command::Create(Create {
            name,
            organisation,
            sources,
        }) = self.command;
        let message = CreateToken {
            organisation,
            name,
            role: Role::Owner,
            expires_at: None,
        };
        let (created, _) = operator::send(&sources, message)?;
        print(created.token.expose())?;
        Ok(ExitCode::SUCCESS)
    }
}
