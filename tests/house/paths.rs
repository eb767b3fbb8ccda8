//! The documents name files that are there: who follows one invite through the code gets somewhere.

use std::{fs, path::Path};

use crate::workspace::ROOT;

/// The folders that a path of the project begins with.
const FOLDERS: [&str; 8] = [
    "actors/",
    "config/",
    "crates/",
    "docs/",
    "helm/",
    "loadtests/",
    "src/",
    "tests/",
];

/// The documents, by their paths.
fn documents() -> Vec<String> {
    let top = ["README.md", "CONTRIBUTING.md"].map(str::to_owned);
    let pages = ["docs", "docs/adr"].into_iter().flat_map(|folder| {
        let entries = fs::read_dir(Path::new(ROOT).join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let pages = paths.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
        pages.map(|path| path.into_os_string().into_string().unwrap())
    });
    top.into_iter().chain(pages).collect()
}

/// The paths of the project between backticks; a function may stand behind one, as `file.rs::name`.
fn paths_in(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let named = quoted.filter(|quoted| FOLDERS.iter().any(|folder| quoted.starts_with(folder)));
    let whole = named.filter(|path| !path.contains([' ', '*', '{', '<', '…', '|']));
    whole
        .map(|path| path.split_once("::").map_or(path, |(file, _)| file))
        .collect()
}

#[test]
fn every_path_that_a_document_names_is_there() {
    let mut seen = 0;
    let mut missing = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(Path::new(ROOT).join(&document)).unwrap();
        for path in paths_in(&text) {
            seen += 1;
            if !Path::new(ROOT).join(path).exists() {
                missing.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(
        seen > 100,
        "only {seen} paths were found: is the search right?"
    );
    assert_eq!(missing, Vec::<String>::new());
}
