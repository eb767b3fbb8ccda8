//! `[auth]`: what a password costs.

use std::num::{NonZeroU32, NonZeroUsize};

use serde::Deserialize;

/// How passwords are hashed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Memory for one password, in KiB.
    pub argon2_memory_kib: NonZeroU32,
    /// How often it is gone through.
    pub argon2_passes: NonZeroU32,
    /// Passwords hashed at the same time.
    pub threads: NonZeroUsize,
}
