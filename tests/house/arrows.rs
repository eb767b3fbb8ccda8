//! Arrows run one way: `contract <- kernel`, `contract <- store`, those three `<- actors/*`,
//! `actors/* <- src`.

use std::collections::BTreeSet;

use cargo_metadata::{Dependency, DependencyKind};

use crate::workspace::{Member, members};

/// What a crate may be built on.
fn may_lean_on(member: &Member) -> &'static [&'static str] {
    match (member.storey.as_str(), member.name()) {
        ("crates", "contract" | "testkit") => &[],
        // Reports quote replies: what their words mean stands once.
        ("crates", "bounces") => &["contract", "smtp"],
        ("crates", _) => &["contract"],
        // Sees no SQL.
        ("actors", "http-edge") => &["contract", "kernel", "bounces", "intake"],
        // What was handed in is read again to be forgotten, as it was to be taken.
        ("actors", "invite-dispatcher") => {
            &["contract", "kernel", "store", "bounces", "smtp", "intake"]
        }
        ("actors", _) => &["contract", "kernel", "store", "passwords"],
        _ => &["*"],
    }
}

/// The crates of ours among the dependencies of a kind.
fn ours<'a>(
    member: &'a Member,
    names: &'a BTreeSet<&str>,
    kinds: &'a [DependencyKind],
) -> impl Iterator<Item = &'a str> {
    let of_kind = |dependency: &&Dependency| kinds.contains(&dependency.kind);
    let dependencies = member.package.dependencies.iter().filter(of_kind);
    dependencies
        .map(|dependency| dependency.name.as_str())
        .filter(|name| names.contains(name))
}

const BUILT: [DependencyKind; 2] = [DependencyKind::Normal, DependencyKind::Build];

#[test]
fn arrows_run_one_way() {
    let members = members();
    let names = members.iter().map(Member::name).collect();
    for member in &members {
        let allowed = may_lean_on(member);
        for name in ours(member, &names, &BUILT) {
            assert!(
                allowed == ["*"] || allowed.contains(&name),
                "{} is built on {name}",
                member.name()
            );
        }
    }
}

#[test]
fn tests_lean_on_nothing_that_the_product_does_not_but_the_testkit() {
    let members = members();
    let names = members.iter().map(Member::name).collect();
    for member in members.iter().filter(|member| !member.storey.is_empty()) {
        // A test of an actor may look at its rows, and stands on the kernel as it does.
        let beside: &[_] = match member.storey.as_str() {
            "actors" => &["contract", "kernel", "store", "testkit"],
            _ => &["contract", "testkit"],
        };
        for name in ours(member, &names, &[DependencyKind::Development]) {
            assert!(
                beside.contains(&name),
                "tests of {} use {name}",
                member.name()
            );
        }
    }
}

#[test]
fn the_testkit_is_in_no_product() {
    let members = members();
    let names = members.iter().map(Member::name).collect();
    // A load scenario starts servers as a test does; nobody ships it.
    for member in members.iter().filter(|member| member.name() != "loadtests") {
        let built = ours(member, &names, &BUILT).any(|name| name == "testkit");
        assert!(!built, "{} is built on the testkit", member.name());
    }
}

#[test]
fn the_node_starts_every_actor_and_nobody_is_built_on_the_node() {
    let members = members();
    let names: BTreeSet<_> = members.iter().map(Member::name).collect();
    let node = members
        .iter()
        .find(|member| member.name() == "usher")
        .unwrap();
    let started: BTreeSet<_> = ours(node, &names, &BUILT).collect();
    for member in &members {
        if member.storey == "actors" {
            assert!(
                started.contains(member.name()),
                "{} is started by nobody",
                member.name()
            );
        }
        let mut built = ours(member, &names, &BUILT);
        assert!(
            built.all(|name| name != "usher" && name != "loadtests"),
            "{}",
            member.name()
        );
    }
}

#[test]
fn every_crate_keeps_the_lints_of_the_house() {
    for member in members() {
        let manifest = std::fs::read_to_string(member.directory.join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{}",
            member.name()
        );
    }
}
