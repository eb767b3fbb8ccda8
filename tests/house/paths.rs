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

/// Where the links of a page lead: what stands between `](` and `)`, unless it is on the net.
fn links_in(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split_once(')'));
    let targets = targets.map(|(target, _)| target);
    targets.filter(|target| !target.contains("://")).collect()
}

/// What a heading is called in a link: small letters, digits and hyphens.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        letter if letter.is_alphanumeric() || letter == '-' || letter == '_' => {
            Some(letter.to_ascii_lowercase())
        }
        _ => None,
    });
    kept.collect()
}

/// Whether the page has the heading.
fn has(page: &str, wanted: &str) -> bool {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let mut headings = headings.map(|line| anchor(line.trim_start_matches('#').trim()));
    headings.any(|heading| heading == wanted)
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

#[test]
fn every_link_of_a_document_leads_to_a_page_and_a_heading_that_are_there() {
    let mut seen = 0;
    let mut dead = Vec::new();
    for document in documents() {
        let document = Path::new(ROOT).join(document);
        let text = fs::read_to_string(&document).unwrap();
        for link in links_in(&text) {
            seen += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => document.clone(),
                file => document.with_file_name("").join(file),
            };
            let found = target.exists()
                && (heading.is_empty() || has(&fs::read_to_string(&target).unwrap(), heading));
            if !found {
                dead.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(seen > 50, "only {seen} links were found");
    assert_eq!(dead, Vec::<String>::new());
}

#[test]
fn a_dead_link_would_be_noticed() {
    let text = "[a](a.md#how-to-add), [b](#b) and [c](https://example.org/c.md)";
    assert_eq!(links_in(text), ["a.md#how-to-add", "#b"]);
    assert!(has("# One\n\n## How to add\n", "how-to-add"));
    assert!(!has("## How to add a page\n", "how-to-add"));
}
