//! `[database]`: where everything is kept.

use std::num::NonZeroU32;

use secrecy::SecretString;
use serde::Deserialize;

/// The database of the node.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:FILE` or `postgres://…`; may contain a password.
    pub url: SecretString,
    /// Connections each role may open.
    pub connections: NonZeroU32,
    /// Whether a start brings the schema up to date.
    pub migrate_on_start: bool,
}
