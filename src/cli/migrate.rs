//! `usher migrate`.

use std::process::ExitCode;

use clap::Args;
use prometheus::Registry;

use super::{Sources, print};
use crate::{failure::Failure, ground::Ground, roles::Roles, telemetry};

/// Brings the schema of the database up to date, and makes its keys.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    sources: Sources,
}

impl Migrate {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut settings = self.sources.load(&Roles::all())?.settings;
        telemetry::start_quiet()?;
        settings.database.migrate_on_start = true;
        let roles = Roles::all();
        let laid = Ground::lay(settings, Registry::new(), &roles);
        actix_rt::System::new().block_on(laid)?;
        print("the database is up to date")?;
        Ok(ExitCode::SUCCESS)
    }
}
