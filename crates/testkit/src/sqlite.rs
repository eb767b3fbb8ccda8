//! `SQLite`.

use std::path::PathBuf;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::or_fail;

/// A place for a `SQLite` database, empty at first and removed when dropped.
#[derive(Debug)]
pub struct SqliteFile {
    dir: TempDir,
}

impl SqliteFile {
    /// A new one. A file and not `:memory:`, which each connection of a pool would have for itself.
    pub fn fresh() -> Self {
        let dir = tempfile::Builder::new().prefix("usher-sqlite-").tempdir();
        Self {
            dir: or_fail(dir.context("no temporary directory")),
        }
    }

    /// `sqlite:PATH`; the file is made by who opens it first.
    pub fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("usher.db")
    }
}
