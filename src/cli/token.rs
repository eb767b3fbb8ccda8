//! `usher token`: create, list, revoke.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use contract::{
    PageRequest, Role, Timestamp,
    ids::{OrganisationId, TokenId},
    text::Name,
    tokens::{CreateToken, ListTokens, RevokeToken, TokenEntry},
};

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
    /// Prints the tokens there are, the newest first: id, name, role, made, ends, revoked.
    List(List),
    /// Ends a token for good.
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct Create {
    /// What it is for.
    #[arg(long, value_parser = Name::parse)]
    name: Name,
    /// The organisation it acts for; without one it is the operator's.
    #[arg(long, value_name = "ID")]
    organisation: Option<OrganisationId>,
    /// What it may do there: viewer, manager or owner.
    #[arg(long, value_parser = role, default_value = "owner", requires = "organisation")]
    role: Role,
    /// When it ends, as in 2027-01-31T12:00:00Z; never, unless said.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    expires_at: Option<Timestamp>,
    #[command(flatten)]
    sources: Sources,
}

#[derive(Debug, Args)]
struct List {
    /// The organisation they act for; without one, the operator's.
    #[arg(long, value_name = "ID")]
    organisation: Option<OrganisationId>,
    #[command(flatten)]
    sources: Sources,
}

#[derive(Debug, Args)]
struct Revoke {
    /// Which (`tok_…`).
    #[arg(value_name = "TOKEN-ID")]
    id: TokenId,
    /// The organisation it acts for; without one it is the operator's.
    #[arg(long, value_name = "ID")]
    organisation: Option<OrganisationId>,
    #[command(flatten)]
    sources: Sources,
}

fn role(name: &str) -> Result<Role, &'static str> {
    Role::parse(name).ok_or("viewer, manager or owner")
}

fn instant(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse(text).ok_or("not an instant such as 2027-01-31T12:00:00Z")
}

impl Token {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Create(create) => create.run()?,
            Command::List(list) => list.run()?,
            Command::Revoke(revoke) => revoke.run()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Create {
    fn run(self) -> Result<(), Failure> {
        let message = CreateToken {
            organisation: self.organisation,
            name: self.name,
            role: self.role,
            expires_at: self.expires_at,
        };
        let (created, _) = operator::send(&self.sources, message)?;
        print(created.token.expose())?;
        Ok(())
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        let page = |cursor| ListTokens {
            organisation: self.organisation,
            page: PageRequest {
                cursor,
                limit: Some(PageRequest::MOST),
            },
        };
        for token in &operator::list(&self.sources, page)? {
            print(&line(token))?;
        }
        Ok(())
    }
}

impl Revoke {
    fn run(self) -> Result<(), Failure> {
        let message = RevokeToken {
            organisation: self.organisation,
            id: self.id,
        };
        let id = self.id;
        let absent = match self.organisation {
            Some(organisation) => format!(
                "{organisation} has no token {id}; `usher token list --organisation \
                 {organisation}` shows those it has"
            ),
            None => format!(
                "the operator has no token {id}; say with --organisation whose it is, or look with \
                 `usher token list`"
            ),
        };
        let (revoked, _) = operator::send_about(&self.sources, message, &absent)?;
        print(&line(&revoked))?;
        Ok(())
    }
}

/// Columns with tabs between them, which no name has.
fn line(token: &TokenEntry) -> String {
    let at = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    [
        token.id.to_string(),
        token.name.to_string(),
        token.role.name().to_owned(),
        token.created_at.to_string(),
        at(token.expires_at),
        at(token.revoked_at),
    ]
    .join("\t")
}
