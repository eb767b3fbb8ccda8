//! How files are kept.

use std::{fs, path::Path};

use crate::workspace::{ROOT, files_below, members, sources};

/// The most lines of a file that somebody wrote.
const MOST_LINES: usize = 500;

/// Names of rooms in which everything ends up.
const NO_NAMES: [&str; 7] = [
    "util", "utils", "common", "helper", "helpers", "misc", "shared",
];

#[test]
fn no_file_is_longer_than_a_reader_has_patience_for() {
    let mut seen = 0;
    for file in files_below(Path::new(ROOT)) {
        // Written by cargo.
        if file.ends_with("Cargo.lock") {
            continue;
        }
        // A picture is not text.
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{}: {lines} lines", file.display());
        seen += 1;
    }
    assert!(seen > 200, "{seen} files were looked at");
}

#[test]
fn no_crate_or_module_is_called_by_a_name_that_says_nothing() {
    for member in members() {
        assert!(
            !NO_NAMES.contains(&member.name()),
            "crate {}",
            member.name()
        );
    }
    for file in sources(Path::new(ROOT)) {
        let inside = file.strip_prefix(ROOT).unwrap().with_extension("");
        for part in &inside {
            let part = part.to_str().unwrap();
            assert!(!NO_NAMES.contains(&part), "{}", file.display());
        }
        let text = fs::read_to_string(&file).unwrap();
        let nameless = |line: &&str| {
            let line = line
                .trim_start()
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("pub ");
            let name = line.strip_prefix("mod ").unwrap_or_default();
            NO_NAMES.contains(&name.trim_end_matches([';', ' ', '{']))
        };
        assert_eq!(text.lines().find(nameless), None, "{}", file.display());
    }
}

#[test]
fn no_test_is_switched_off_or_passes_by_failing() {
    // In two parts, or this file would be found.
    let words = ["ignore", "should_panic"].map(|word| format!("#[{word}"));
    for file in sources(Path::new(ROOT)) {
        let text = fs::read_to_string(&file).unwrap();
        let found = words.iter().find(|word| text.contains(*word));
        assert_eq!(found, None, "{}", file.display());
    }
}
