//! A table is written by its owner alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::workspace::{ROOT, files_below, members, sources};

/// Tables of the store whose end of life is the relay's.
const ALSO: [(&str, &str); 2] = [("outbox-relay", "events"), ("outbox-relay", "event_heads")];

/// The first name in a piece of SQL.
fn name(sql: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    sql.trim_start()
        .split(|c| !is_part(c))
        .next()
        .unwrap()
        .to_owned()
}

/// Which crate each table belongs to, by the first line of its migration, or by the last such line above it.
fn owners() -> BTreeMap<String, String> {
    let mut owners = BTreeMap::new();
    for file in files_below(&Path::new(ROOT).join("crates/store/migrations")) {
        let text = fs::read_to_string(&file).unwrap();
        let of_owners = text.strip_prefix("-- owner: ");
        let of_owners = of_owners.unwrap_or_else(|| panic!("{} names no owner", file.display()));
        for part in of_owners.split("\n-- owner: ") {
            let owner = part.lines().next().unwrap();
            for table in part.split("create table ").skip(1) {
                let before = owners.insert(name(table), owner.to_owned());
                assert_eq!(before, None, "{} is made twice", name(table));
            }
        }
    }
    owners
}

/// The tables that a Rust file writes.
fn written_by(text: &str) -> BTreeSet<String> {
    let code: Vec<_> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let code = code.join("\n");
    let words = ["insert into ", "delete from ", "update "];
    let names = words
        .iter()
        .flat_map(|words| code.split(words).skip(1).map(name));
    names.collect()
}

/// Files that are there in tests alone, which lay out ground of their own.
fn tests_among(files: &[PathBuf]) -> Vec<String> {
    let mut tests = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        let modules = text.split("#[cfg(test)]\nmod ").skip(1);
        let names = modules.filter_map(|module| Some(module.split_once(';')?.0));
        let files = names.filter(|name| !name.contains('{'));
        tests.extend(files.map(|name| format!("{name}.rs")));
    }
    tests
}

#[test]
fn every_migration_names_an_owner_that_exists_on_its_first_line() {
    let crates: BTreeSet<_> = members()
        .iter()
        .map(|member| member.name().to_owned())
        .collect();
    let owners: BTreeSet<_> = owners().into_values().collect();
    assert!(owners.is_subset(&crates), "{owners:?}");
    assert!(owners.len() > 3, "{owners:?}");
}

#[test]
fn every_table_is_written_by_its_owner_alone() {
    let owners = owners();
    let mut writes = BTreeSet::new();
    // A load scenario is no part of the product: it puts rows where it measures.
    let members = members();
    for member in members.iter().filter(|member| member.name() != "loadtests") {
        let files = sources(&member.directory.join("src"));
        let tests = tests_among(&files);
        let of_product = |file: &&PathBuf| !tests.iter().any(|test| file.ends_with(test));
        for file in files.iter().filter(of_product) {
            for table in written_by(&fs::read_to_string(file).unwrap()) {
                let Some(owner) = owners.get(&table) else {
                    continue;
                };
                let also = ALSO.contains(&(member.name(), table.as_str()));
                assert!(
                    owner == member.name() || also,
                    "{table} of {owner} is written in {}",
                    file.display()
                );
                writes.insert(table);
            }
        }
    }
    let unwritten: Vec<_> = owners
        .keys()
        .filter(|table| !writes.contains(*table))
        .collect();
    assert!(unwritten.is_empty(), "nobody writes {unwritten:?}");
}

#[test]
fn the_edge_sees_no_sql() {
    let edge = Path::new(ROOT).join("actors/http-edge/src");
    for file in sources(&edge) {
        let text = fs::read_to_string(&file).unwrap();
        let sql = ["select ", "insert into ", "delete from "];
        let found = sql
            .iter()
            .find(|words| text.contains(&format!("\"{words}")));
        assert_eq!(found, None, "{}", file.display());
    }
}
