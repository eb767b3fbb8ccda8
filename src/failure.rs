//! Why a command ends badly: one plain sentence and an exit code.

use std::{fmt, process::ExitCode};

use crate::settings::Problems;

/// Why a command ends badly.
#[derive(Debug)]
pub enum Failure {
    /// It was asked for in a way that cannot work.
    Settings(Problems),
    /// It was tried, and did not work.
    Failed(anyhow::Error),
}

impl Failure {
    /// 2 when the asking was wrong, 1 when the doing failed.
    pub fn code(&self) -> ExitCode {
        match self {
            Self::Settings(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(problems) => problems.fmt(f),
            // With its causes.
            Self::Failed(error) => write!(f, "{error:#}"),
        }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Settings(problems)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}
