//! `usher openapi`.

use std::process::ExitCode;

use clap::Args;

use super::print;
use crate::failure::Failure;

/// Prints the description of the JSON API.
#[derive(Debug, Args)]
pub(super) struct Openapi {}

impl Openapi {
    #[expect(clippy::unused_self, reason = "every command is run alike")]
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        print(http_edge::openapi())?;
        Ok(ExitCode::SUCCESS)
    }
}
