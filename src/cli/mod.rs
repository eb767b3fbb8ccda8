//! The commands. Each has a file; this one only tells them apart.

mod admin;
mod completions;
mod config;
mod demo;
mod doctor;
mod healthcheck;
mod invite;
mod migrate;
mod node_roles;
mod openapi;
mod operator;
mod organisation;
mod serve;
mod token;
mod verify;

use std::{env, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{
    failure::Failure,
    roles::Roles,
    settings::{self, Loaded, Problems},
};

/// Brings an institution's people from not invited to seated.
///
/// New here? `usher demo` starts everything in one process, with something in it to look at.
#[derive(Debug, Parser)]
#[command(name = "usher", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Serve(serve::Serve),
    Migrate(migrate::Migrate),
    Config(config::Config),
    Openapi(openapi::Openapi),
    Organisation(organisation::Organisation),
    Admin(admin::Admin),
    Token(token::Token),
    Invite(invite::Invite),
    Verify(verify::Verify),
    Doctor(doctor::Doctor),
    Healthcheck(healthcheck::Healthcheck),
    Completions(completions::Completions),
}

/// Where settings come from, beside the defaults and the environment.
#[derive(Clone, Debug, Default, Args)]
struct Sources {
    /// Reads settings from this file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Sources {
    /// The settings of a node with these roles.
    fn load(&self, roles: &Roles) -> Result<Loaded, Failure> {
        Ok(self.read(roles)?)
    }

    /// The settings of a command that makes no mail.
    fn load_without_mail(&self) -> Result<Loaded, Failure> {
        Ok(settings::load_without_mail(
            self.config.as_deref(),
            variables(),
        )?)
    }

    /// Those of a node, and no more than what is wrong with them.
    fn read(&self, roles: &Roles) -> Result<Loaded, Problems> {
        settings::load(self.config.as_deref(), variables(), roles)
    }
}

/// The environment. A variable that is not a text cannot be a setting; its name may not be one either.
fn variables() -> impl Iterator<Item = (String, String)> {
    env::vars_os().filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()))
}

/// Reads the command line, does what it says, and tells how it went.
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Demo(demo) => demo.run(),
        Command::Serve(serve) => serve.run(),
        Command::Migrate(migrate) => migrate.run(),
        Command::Config(config) => config.run(),
        Command::Openapi(openapi) => openapi.run(),
        Command::Organisation(organisation) => organisation.run(),
        Command::Admin(admin) => admin.run(),
        Command::Token(token) => token.run(),
        Command::Invite(invite) => invite.run(),
        Command::Verify(verify) => verify.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Healthcheck(healthcheck) => healthcheck.run(),
        Command::Completions(completions) => completions.run(),
    };
    done.unwrap_or_else(|failure| {
        eprintln!("usher: {failure}");
        failure.code()
    })
}

/// Writes a line of the answer to stdout.
fn print(line: &str) -> anyhow::Result<()> {
    use std::io::Write as _;

    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        // Whoever read it has read enough (`usher config show | head`).
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
