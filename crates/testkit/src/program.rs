//! Where the programs are.

use std::env;
use std::path::PathBuf;

/// The path a variable of the environment names, if it is set and not empty.
///
/// These variables are the tests' and no settings of the node: hence not by way of the settings.
pub(crate) fn named_by(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The first file of that name in the directories of `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
}
