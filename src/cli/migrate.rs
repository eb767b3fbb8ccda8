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
        let mut settings = self.sources.load_without_mail()?.settings;
        telemetry::start_quiet()?;
        settings.database.migrate_on_start = true;
        actix_rt::System::new().block_on(async {
            let ground = Ground::lay(settings, Registry::new(), &Roles::all()).await?;
            ground.leave().await;
            anyhow::Ok(())
        })?;
        print("the database is up to date")?;
        Ok(ExitCode::SUCCESS)
    }
}
