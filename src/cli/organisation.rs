//! `usher organisation`: create, list.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use contract::{
    PageRequest,
    organisations::{CreateOrganisation, ListOrganisations, Policies},
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
    /// Prints the organisations there are, by name: id, name, made.
    List(List),
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

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    sources: Sources,
}

impl Organisation {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Create(create) => create.run()?,
            Command::List(list) => list.run()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Create {
    fn run(self) -> Result<(), Failure> {
        let message = CreateOrganisation {
            name: self.name,
            product_url: self.product_url,
            policies: Policies::default(),
        };
        let (organisation, _) = operator::send(&self.sources, message)?;
        print(&organisation.id.to_string())?;
        Ok(())
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        let page = |cursor| ListOrganisations {
            page: PageRequest {
                cursor,
                limit: Some(PageRequest::MOST),
            },
        };
        for organisation in operator::list(&self.sources, page)? {
            let contract::organisations::Organisation {
                id,
                name,
                created_at,
                ..
            } = organisation;
            // Tabs, which no name has.
            print(&format!("{id}\t{name}\t{created_at}"))?;
        }
        Ok(())
    }
}
