//! What is linked into the binary: licences, and one provider of cryptography.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Dependency, Node, Package, PackageId};
use toml::Value;

use crate::workspace::{METADATA, ROOT};

/// Whether a dependency is there at all: optional ones are when a feature that is on asks for them.
/// Cargo lists those too that are only strengthened (`ring?/alloc`) and never built.
fn is_on(dependency: &Dependency, of: &Package, node: &Node) -> bool {
    let name = dependency
        .rename
        .as_ref()
        .unwrap_or(&dependency.name)
        .as_str();
    let (strong, slash) = (format!("dep:{name}"), format!("{name}/"));
    let asks =
        |feature: &String| feature == name || *feature == strong || feature.starts_with(&slash);
    !dependency.optional
        || node.features.iter().any(|feature| {
            let of_package = of.features.get(feature.as_str());
            feature.as_str() == name || of_package.is_some_and(|list| list.iter().any(asks))
        })
}

/// Every package that our crates are built from or tested with.
fn linked() -> Vec<&'static Package> {
    let packages: BTreeMap<_, _> = METADATA.packages.iter().map(|p| (&p.id, p)).collect();
    let resolve = METADATA.resolve.as_ref().unwrap();
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut found: BTreeSet<&PackageId> = BTreeSet::new();
    let mut open: Vec<&PackageId> = METADATA.workspace_members.iter().collect();
    while let Some(id) = open.pop() {
        if !found.insert(id) {
            continue;
        }
        let (package, node) = (packages[id], nodes[id]);
        for edge in &node.deps {
            let name = &packages[&edge.pkg].name;
            let mut declared = package.dependencies.iter().filter(|d| d.name == **name);
            if declared.any(|dependency| is_on(dependency, package, node)) {
                open.push(&edge.pkg);
            }
        }
    }
    found.into_iter().map(|id| packages[id]).collect()
}

fn deny() -> Value {
    let text = std::fs::read_to_string(format!("{ROOT}/deny.toml")).unwrap();
    toml::from_str(&text).unwrap()
}

/// Whether a licence (SPDX: `OR` binds weaker than `AND`) leaves a way to keep to the list.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    // The oldest manifests write `MIT/Apache-2.0` for `MIT OR Apache-2.0`.
    let expression = expression.replace('/', " OR ");
    let parts = |operator: &str| {
        let (mut parts, mut depth) = (vec![String::new()], 0_i32);
        for word in expression
            .replace('(', " ( ")
            .replace(')', " ) ")
            .split_whitespace()
        {
            match word {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            if depth == 0 && word == operator {
                parts.push(String::new());
            } else {
                let part = parts.last_mut().unwrap();
                part.push_str(word);
                part.push(' ');
            }
        }
        parts
    };
    let one = expression.trim();
    let (either, both) = (parts("OR"), parts("AND"));
    if either.len() > 1 {
        either.iter().any(|part| is_allowed(part, allowed))
    } else if both.len() > 1 {
        both.iter().all(|part| is_allowed(part, allowed))
    } else if let Some(inside) = one
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
    {
        is_allowed(inside, allowed)
    } else {
        allowed.contains(&one)
    }
}

#[test]
fn a_licence_is_read_as_it_is_meant() {
    let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "ISC"];
    for expression in [
        "MIT",
        "GPL-3.0-only OR MIT",
        "MIT/Unlicense",
        "(MIT OR GPL-2.0-only) AND ISC",
        "Apache-2.0 WITH LLVM-exception",
        "ISC AND (GPL-2.0-only OR ISC) AND Apache-2.0",
    ] {
        assert!(is_allowed(expression, &allowed), "{expression}");
    }
    for expression in [
        "",
        "GPL-3.0-only",
        "AGPL-3.0-or-later",
        "MIT AND GPL-2.0-only",
        "(MIT OR ISC) AND LGPL-2.1-only",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "Apache-2.0 WITH Another-exception",
    ] {
        assert!(!is_allowed(expression, &allowed), "{expression}");
    }
}

#[test]
fn every_licence_in_the_tree_is_one_that_is_allowed() {
    let deny = deny();
    let allowed = deny["licenses"]["allow"].as_array().unwrap();
    let allowed: Vec<_> = allowed
        .iter()
        .map(|licence| licence.as_str().unwrap())
        .collect();
    assert!(!allowed.iter().any(|licence| licence.contains("GPL")));
    let packages = linked();
    assert!(packages.len() > 100, "the tree was walked");
    for package in packages {
        let licence = package.license.as_deref().unwrap_or_default();
        assert!(
            is_allowed(licence, &allowed),
            "{}: {licence:?}",
            package.name
        );
    }
}

#[test]
fn one_library_does_cryptography_and_it_is_not_openssl() {
    let deny = deny();
    let denied = deny["bans"]["deny"].as_array().unwrap();
    let denied: BTreeSet<_> = denied
        .iter()
        .map(|ban| ban["crate"].as_str().unwrap())
        .collect();
    for name in ["openssl", "openssl-sys", "native-tls", "ring"] {
        assert!(denied.contains(name), "deny.toml allows {name}");
    }
    let linked: BTreeSet<_> = linked()
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    assert!(linked.contains("aws-lc-rs"));
    let found: Vec<_> = linked.intersection(&denied).collect();
    assert!(found.is_empty(), "{found:?}");
}
