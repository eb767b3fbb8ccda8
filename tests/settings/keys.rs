//! The default file and the fields agree.

use usher::settings::Settings;

use crate::{loaded, problems};

const DEFAULT: &str = include_str!("../../config/default.toml");

#[test]
fn the_defaults_are_usable_as_they_are() {
    assert_eq!(problems("", &[]), Vec::<String>::new());
}

#[test]
fn the_default_file_can_be_copied_as_a_start() {
    assert_eq!(problems(DEFAULT, &[]), Vec::<String>::new());
}

#[test]
fn a_field_without_an_entry_in_the_default_file_is_missing_and_an_entry_without_a_field_unknown() {
    // Each key in turn is left out: as every field is asked for, each absence must be noticed.
    let whole: toml::Table = DEFAULT.parse().unwrap();
    for (section, keys) in &whole {
        for name in keys.as_table().unwrap().keys() {
            let mut less = whole.clone();
            less[section].as_table_mut().unwrap().remove(name).unwrap();
            let read = less.try_into::<Settings>();
            let said = read
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            assert!(
                said.contains("missing field"),
                "{section}.{name} has no field: {said}"
            );
        }
    }
    whole.try_into::<Settings>().unwrap();
}

#[test]
fn every_key_is_shown_with_where_it_comes_from() {
    let shown = loaded("", &[("USHER_HTTP__WORKERS", "3")]).unwrap().show();
    assert!(
        shown.contains("workers = 3 # USHER_HTTP__WORKERS\n"),
        "{shown}"
    );
    assert!(
        shown.contains("listen = \"127.0.0.1:8080\" # default\n"),
        "{shown}"
    );
    let shown: toml::Table = shown.parse().unwrap();
    let whole: toml::Table = DEFAULT.parse().unwrap();
    assert_eq!(shown.len(), whole.len());
}
