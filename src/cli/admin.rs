//! `usher admin create`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use contract::{EmailAddress, Role, administrators::CreateAdministrator, ids::OrganisationId};

use super::{Sources, operator, print};
use crate::failure::Failure;

/// Those who work in the Subscription Manager.
#[derive(Debug, Args)]
pub(super) struct Admin {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes an owner of an organisation and prints the one-time URL where they set a password.
    Create(Create),
}

#[derive(Debug, Args)]
struct Create {
    /// The id of the organisation (`org_…`).
    #[arg(long, value_name = "ID")]
    organisation: OrganisationId,
    /// The address to sign in with.
    #[arg(long, value_parser = EmailAddress::parse)]
    email: EmailAddress,
    #[command(flatten)]
    sources: Sources,
}

impl Admin {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let Command::Create(Create {
            organisation,
            email,
            sources,
        }) = self.command;
        let message = CreateAdministrator {
            organisation,
            email,
            role: Role::Owner,
        };
        let absent = format!(
            "there is no organisation {organisation}; `usher organisation list` shows those there are"
        );
        let (created, settings) = operator::send_about(&sources, message, &absent)?;
        let base = settings.http.public(settings.http.listen);
        if let Some(token) = created.setup_token {
            print(&format!("{base}admin/set-up/{}", token.expose()))?;
        } else {
            eprintln!("usher: this administrator has a password already, and just signs in");
            print(&format!("{base}admin/"))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
