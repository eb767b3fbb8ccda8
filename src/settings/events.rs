//! `[events]`: the feed of what happened.

use std::num::NonZeroU32;

use serde::Deserialize;

/// How events are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// Days that they can be read again.
    pub keep_days: NonZeroU32,
}
