//! The pages of promises cannot rot: each promise names its tests, and each test that they name is there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::workspace::ROOT;

/// All pages, as one.
fn page() -> String {
    let entries = fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_page = |path: &PathBuf| {
        let name = path.file_stem().and_then(|name| name.to_str());
        path.extension().is_some_and(|ending| ending == "md")
            && name.is_some_and(|name| name.starts_with("semantics"))
    };
    let pages = paths.filter(is_page);
    let texts: Vec<_> = pages
        .map(|page| fs::read_to_string(page).unwrap())
        .collect();
    texts.join("\n")
}

/// What stands between backticks and is a path of at least three parts: crate, module, test.
fn tests_in(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_path = |quoted: &&str| {
        let name = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        quoted.matches("::").count() >= 2 && quoted.split("::").all(name)
    };
    quoted.filter(is_path).collect()
}

/// The files in which the test may stand. The first part of the path is a package, or one of the test
/// programs of the node.
fn files_of(test: &str) -> Vec<PathBuf> {
    let (program, rest) = test.split_once("::").unwrap();
    let (module, _) = rest.rsplit_once("::").unwrap();
    let module = module.replace("::", "/");
    let package = program.replace('_', "-");
    [
        format!("crates/{package}/tests/it/{module}.rs"),
        format!("actors/{package}/tests/it/{module}.rs"),
        format!("crates/{package}/src/{module}.rs"),
        format!("actors/{package}/src/{module}.rs"),
        format!("tests/{program}/{module}.rs"),
    ]
    .map(|path| Path::new(ROOT).join(path))
    .to_vec()
}

fn is_there(test: &str) -> bool {
    let (_, name) = test.rsplit_once("::").unwrap();
    let definition = format!("fn {name}(");
    files_of(test)
        .into_iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .any(|source| source.contains(&definition))
}

/// The entries of the lists of promises, with their continuation lines.
fn promises(page: &str) -> Vec<String> {
    let mut promises: Vec<String> = Vec::new();
    let mut open = false;
    for line in page.lines() {
        if line.starts_with("- ") {
            promises.push(line.to_owned());
            open = true;
        } else if line.starts_with("  ") && open {
            let last = promises.last_mut().unwrap();
            last.push('\n');
            last.push_str(line);
        } else {
            open = false;
        }
    }
    promises
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let page = page();
    let tests = tests_in(&page);
    assert!(tests.len() > 700, "the page names only {tests:?}");
    let missing: Vec<_> = tests.into_iter().filter(|test| !is_there(test)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "named, but not there");
}

#[test]
fn every_promise_names_a_test() {
    let page = page();
    let promises = promises(&page);
    assert!(promises.len() > 200, "{} promises", promises.len());
    let bare: Vec<_> = promises
        .iter()
        .filter(|promise| tests_in(promise).is_empty())
        .collect();
    assert_eq!(bare, Vec::<&String>::new(), "promised, but held by no test");
}

#[test]
fn a_test_that_is_not_there_would_be_noticed() {
    assert!(is_there(
        "house::semantics::a_test_that_is_not_there_would_be_noticed"
    ));
    assert!(!is_there("house::semantics::a_test_that_never_was"));
    assert!(!is_there("nobody::semantics::is_there"));
    assert_eq!(
        tests_in("`a::b::c` and `a::b`, `Not::a::test`; `d::e::f_1`"),
        ["a::b::c", "d::e::f_1"]
    );
}
