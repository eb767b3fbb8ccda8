//! `[invites]`: e-mail invites.

use std::num::NonZeroUsize;

use serde::Deserialize;

/// How invites are handed in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invites {
    /// The most addresses of one paste.
    pub paste_limit: NonZeroUsize,
}
