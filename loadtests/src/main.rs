//! Load scenarios. Each runs ours and a baseline in turn, in the same run on the same machine, and
//! prints the ratio of each round with the aim beside it: absolute numbers belong to a machine, the
//! ratio is the result.
//!
//! `cargo run --release -p loadtests -- --help`
//!
//! - [`admissions`]: group commit against one transaction per admission.
//! - [`bus`]: request and reply through the kernel against a bare NATS echo.
//! - [`edge`]: HTTP, bus and actor against a constant answer of the same edge; the join page.
//! - [`sign_in`]: sign-ins against bare argon2id; a page while a crowd signs in.
//! - [`timing`]: what the time of an answer tells about an address.
//! - [`roster`]: Manage Users with 200,000 people ([`crowd`]) and 100,000 more who are [`pending`], against what
//!   somebody waits for gladly.
//! - [`mail`]: mail over SMTP, [`composer`] included, against `smtp-source` ([`postfix`]), near and
//!   through a long wire ([`delay`]).
//! - [`invites`]: from a file to the recorded verdict; [`import`]: a file into the database;
//!   [`shares`]: several nodes at one relay. All through the whole [`node`]; [`usage`] is what it costs.
//! - [`rounds`]: how two things are measured in turn; [`house`]: the database they happen in;
//!   [`http`]: who asks the edge; [`thread`]: who runs beside whom.
//!
//! # To add a scenario
//! A file with a `run` that calls [`rounds::compare`], lines in [`Scenario`], a line in README.

mod admissions;
mod bus;
mod composer;
mod crowd;
mod delay;
mod edge;
mod house;
mod http;
mod import;
mod invites;
mod mail;
mod node;
mod pending;
mod postfix;
mod roster;
mod rounds;
mod shares;
mod sign_in;
mod thread;
mod timing;
mod usage;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

/// As in the node.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[derive(Debug, Parser)]
#[command(about = "Measures Usher against baselines interleaved in the same run")]
struct Arguments {
    #[command(subcommand)]
    scenario: Scenario,
    /// Rounds; the median is what counts.
    #[arg(long, default_value_t = 5, global = true)]
    rounds: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 2.0, global = true)]
    seconds: f64,
    /// Invites, or rows of a file; as many as the scenario has by itself unless said.
    #[arg(long, global = true)]
    count: Option<usize>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Scenario {
    /// Admissions on one hot plan, on PostgreSQL and SQLite.
    Admissions,
    /// Request and reply on NATS at 256 callers.
    Bus,
    /// An echo route and the join page at 64 callers.
    Edge,
    /// Sign-ins against bare argon2id; a page while a crowd signs in.
    SignIn,
    /// Answers about addresses that have an account, against answers about those that have none.
    Timing,
    /// Manage Users with 200,000 people in one organisation.
    Roster,
    /// Mail over SMTP against `smtp-source`, near and far, and against the pool of lettre.
    Mail,
    /// Invites from a file to the recorded verdict, through the whole node.
    Invites,
    /// A file of addresses against a bare COPY of its rows.
    Import,
    /// Several nodes that share one rate, and one that is killed.
    Shares,
    /// All of them.
    All,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // As a node logs when nobody says otherwise: what that costs is part of what is measured.
    tracing_subscriber::fmt()
        .with_env_filter("info")
        .with_writer(std::io::stderr)
        .init();
    let pace = rounds::Pace {
        rounds: arguments.rounds.max(1),
        time: std::time::Duration::from_secs_f64(arguments.seconds.clamp(0.1, 60.0)),
    };
    arguments.scenario.run(pace, arguments.count)
}

impl Scenario {
    /// Each that measures something.
    const EACH: [Self; 10] = [
        Self::Admissions,
        Self::Bus,
        Self::Edge,
        Self::SignIn,
        Self::Timing,
        Self::Roster,
        Self::Mail,
        Self::Invites,
        Self::Import,
        Self::Shares,
    ];

    fn run(self, pace: rounds::Pace, count: Option<usize>) -> anyhow::Result<()> {
        match self {
            Self::Admissions => admissions::run(pace),
            Self::Bus => bus::run(pace),
            Self::Edge => edge::run(pace),
            Self::SignIn => sign_in::run(pace),
            Self::Timing => timing::run(pace),
            Self::Roster => roster::run(pace),
            Self::Mail => mail::run(pace),
            Self::Invites => invites::run(pace, count.unwrap_or(20_000)),
            Self::Import => import::run(pace, count.unwrap_or(100_000)),
            Self::Shares => shares::run(pace, count.unwrap_or(100_000)),
            Self::All => {
                // What is missing is said before minutes have passed.
                postfix::present()?;
                Self::EACH
                    .into_iter()
                    .try_for_each(|scenario| scenario.run(pace, count))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn all_is_each_of_the_others() {
        let command = Arguments::command();
        let others = command
            .get_subcommands()
            .filter(|one| one.get_name() != "all");
        assert_eq!(others.count(), Scenario::EACH.len());
    }
}
