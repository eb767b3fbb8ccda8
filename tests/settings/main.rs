//! What a node is told: precedence, refusals with their place, secrets.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail like the test"
)]

mod authority;
mod cli;
mod keys;
mod mail;
mod operator;
mod precedence;
mod refusals;
mod reread;
mod rules;
mod secrets;

use std::{collections::HashMap, path::PathBuf};

use usher::{
    roles::Roles,
    settings::{Loaded, Problems, load},
};

/// Loads a file with this text (none when empty) under these variables, for every role.
fn loaded(file: &str, variables: &[(&str, &str)]) -> Result<Loaded, Problems> {
    loaded_for(&Roles::all(), file, variables)
}

fn loaded_for(roles: &Roles, file: &str, variables: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let folder = tempfile::tempdir().unwrap();
    let path = Some(folder.path().join("usher.toml")).filter(|_| !file.is_empty());
    if let Some(path) = &path {
        std::fs::write(path, file).unwrap();
    }
    let variables: HashMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let result = load(path.as_deref(), variables, roles);
    // Places name the file; the folder differs in every run.
    result.map_err(|Problems(mut problems)| {
        for problem in &mut problems {
            let place = PathBuf::from(&problem.place);
            if place.is_absolute() {
                problem.place = place.file_name().unwrap().to_string_lossy().into_owned();
            }
        }
        Problems(problems)
    })
}

/// The problems, a line each.
fn problems(file: &str, variables: &[(&str, &str)]) -> Vec<String> {
    lines(loaded(file, variables))
}

fn lines(loaded: Result<Loaded, Problems>) -> Vec<String> {
    let problems = loaded
        .err()
        .map_or_else(Vec::new, |Problems(problems)| problems);
    problems.iter().map(ToString::to_string).collect()
}
