//! `usher verify`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::{Sources, print};
use crate::{failure::Failure, ground::Ground, telemetry};

/// Recounts every ledger and number against the rows.
///
/// Exits with 1 and a line for each difference. Changes nothing and reads one
/// snapshot: may run while nodes run.
#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    sources: Sources,
}

impl Verify {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut settings = self.sources.load_without_mail()?.settings;
        telemetry::start_quiet()?;
        settings.database.migrate_on_start = false;
        let differences = actix_rt::System::new().block_on(async {
            let ground = Ground::lay_on_what_is_there(settings).await?;
            let db = ground.open("verify").await?;
            let differences = seat_pool::verify(&db).await;
            ground.leave().await;
            differences.context("the database cannot be read")
        })?;
        for difference in &differences {
            print(&difference.to_string())?;
        }
        if differences.is_empty() {
            print("every number is what its rows say")?;
            return Ok(ExitCode::SUCCESS);
        }
        Ok(ExitCode::FAILURE)
    }
}
