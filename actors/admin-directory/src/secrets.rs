//! The secrets of a batch, as they are looked up: by their hashes, each once.

use contract::Secret;
use serde::Serialize;
use store::vault;

/// A row of the parameter of a statement; never the secret itself.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Key<'a> {
    hash: &'a str,
}

/// The hash of each secret, in order.
pub(crate) fn hashes<'a>(secrets: impl Iterator<Item = &'a Secret>) -> Vec<String> {
    secrets.map(vault::hash_token).collect()
}

/// What a statement looks up.
pub(crate) fn keys(hashes: &[String]) -> Vec<Key<'_>> {
    let mut keys: Vec<_> = hashes.iter().map(|hash| Key { hash }).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
