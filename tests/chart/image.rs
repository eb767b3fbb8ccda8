//! The recipe of the image. No image is built here: that needs a registry.

use std::{fs, path::Path};

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// What the build stage copies from the project.
fn copied() -> Vec<String> {
    file("Dockerfile")
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter(|line| !line.starts_with("--from"))
        .flat_map(|line| {
            let (from, _) = line.rsplit_once(' ').unwrap();
            from.split(' ').map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_image_is_built_from_all_that_the_workspace_needs_and_nothing_else() {
    let copied = copied();
    let ignored = file(".dockerignore");
    for name in &copied {
        assert!(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(name).exists(),
            "{name}"
        );
        assert!(
            ignored.lines().any(|line| line == format!("!{name}")),
            "{name}"
        );
    }
    // the manifest names the members, and src embeds the default settings
    for needed in [
        "Cargo.toml",
        "Cargo.lock",
        "actors",
        "crates",
        "loadtests",
        "src",
        "config",
    ] {
        assert!(copied.iter().any(|name| name == needed), "{needed}");
    }
}

#[test]
fn the_image_runs_as_nobody_in_particular_and_with_the_compiler_of_the_manifest() {
    let recipe = file("Dockerfile");
    assert!(recipe.contains("USER 65532:65532"));
    let manifest = file("Cargo.toml");
    let (_, version) = manifest.split_once("rust-version = \"").unwrap();
    let (version, _) = version.split_once('"').unwrap();
    assert!(
        recipe.contains(&format!("FROM rust:{version}-")),
        "{version}"
    );
}
