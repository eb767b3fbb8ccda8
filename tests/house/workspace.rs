//! What cargo and the disk say about this workspace.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use cargo_metadata::{Metadata, MetadataCommand, Package};

/// Where the workspace is.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What is built for the image; `deny.toml` holds the same for other platforms.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// What cargo resolved.
pub(crate) static METADATA: LazyLock<Metadata> = LazyLock::new(|| {
    let mut command = MetadataCommand::new();
    command.manifest_path(Path::new(ROOT).join("Cargo.toml"));
    command.other_options(["--filter-platform".to_owned(), PLATFORM.to_owned()]);
    command.exec().unwrap()
});

/// A crate of ours.
pub(crate) struct Member {
    pub(crate) package: &'static Package,
    /// `crates`, `actors`, or nothing for what stands at the top.
    pub(crate) storey: String,
    /// Where its manifest is.
    pub(crate) directory: PathBuf,
}

impl Member {
    pub(crate) fn name(&self) -> &'static str {
        &self.package.name
    }
}

pub(crate) fn members() -> Vec<Member> {
    let members = METADATA.workspace_packages().into_iter().map(|package| {
        let directory = package
            .manifest_path
            .parent()
            .unwrap()
            .as_std_path()
            .to_owned();
        let inside = directory.strip_prefix(ROOT).unwrap();
        let mut parts = inside.iter().map(|part| part.to_str().unwrap().to_owned());
        let storey = if parts.clone().count() > 1 {
            parts.next()
        } else {
            None
        };
        Member {
            package,
            storey: storey.unwrap_or_default(),
            directory,
        }
    });
    members.collect()
}

/// Every file below a directory of the workspace that somebody wrote.
pub(crate) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with('.') || matches!(name.as_str(), "target" | "snapshots") {
            continue;
        }
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// The Rust files of a crate below one of its directories, if it has that.
pub(crate) fn sources(directory: &Path) -> Vec<PathBuf> {
    if !directory.is_dir() {
        return Vec::new();
    }
    let mut files = files_below(directory);
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files
}
