//! A database that is prepared once, and copied for each test: to copy a schema takes a fraction of
//! the time that it takes to make it.

use std::{fs, path::Path, sync::OnceLock, thread};

use anyhow::{Context as _, Result, ensure};
use tokio::runtime::Builder;

use crate::{Engine, PostgresServer, SqliteFile, TestDatabase, or_fail};

/// A copy of the template of this engine, which is prepared by whoever asks first.
pub(crate) fn copy<F>(engine: Engine, prepare: F) -> TestDatabase
where
    F: AsyncFnOnce(String) + Send,
{
    // What is read, and not the file: nobody drops what is static.
    static SQLITE: OnceLock<Vec<u8>> = OnceLock::new();
    static POSTGRES: OnceLock<String> = OnceLock::new();
    match engine {
        Engine::Sqlite => {
            let template = SQLITE.get_or_init(|| {
                let file = SqliteFile::fresh();
                run(prepare, file.url());
                or_fail(closed(&file.path()))
            });
            let file = SqliteFile::fresh();
            let copied = fs::write(file.path(), template);
            or_fail(copied.context("no copy of the prepared database"));
            file.into()
        }
        Engine::Postgres => {
            let server = PostgresServer::shared();
            let template = POSTGRES.get_or_init(|| {
                let url = server.fresh_database();
                run(prepare, url.clone());
                url
            });
            // It waits until whoever is connected to the template has left.
            server.copy_of(template).into()
        }
    }
}

/// Runs it on a runtime of its own, with which all its tasks and connections end: that of the test
/// may be asked from within, and goes on only afterwards.
fn run<F>(prepare: F, url: String)
where
    F: AsyncFnOnce(String) + Send,
{
    let prepared = thread::scope(|scope| {
        let work = move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            or_fail(runtime.context("no runtime")).block_on(prepare(url));
        };
        scope.spawn(work).join()
    });
    if let Err(panic) = prepared {
        std::panic::resume_unwind(panic);
    }
}

/// What is in the file. Alone it lacks what is in the log, which whoever closes the file last removes.
fn closed(file: &Path) -> Result<Vec<u8>> {
    let log = file.with_extension("db-wal");
    ensure!(
        !log.exists(),
        "whoever prepared the database did not close it"
    );
    fs::read(file).context("the prepared database is not there")
}
