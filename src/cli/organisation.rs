//! `usher organisation create`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use contract::{
    organisations::{CreateOrganisation, Policies},
    text::Name,
};
use url::Url;

use super::{Sources, operator, print};
use crate::failure::Failure;

/// Institutions that bought seats.
#[derive(Debug, Args)]
pub(super) struct Organisation {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes an organisation and prints its id.
    Create(Create),
}

#[derive(Debug, Args)]
struct Create {
    /// What it is called.
    #[arg(long, value_parser = Name::parse)]
    name: Name,
    /// Where its people go once they are seated.
    #[arg(long, value_name = "URL")]
    product_url: Url,
    #[command(flatten)]
    sources: Sources,
}

impl Organisation {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let Command::Create(Create {
            name,
            product_url,
            sources,
        }) = self.command;
        let message = CreateOrganisation {
            name,
            product_url,
            policies: Policies::default(),
        };
        let (organisation, _) = operator::send(&sources, message)?;
        print(&organisation.id.to_string())?;
        Ok(ExitCode::SUCCESS)
    }
}
