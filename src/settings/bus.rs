//! `[bus]`: how the parts of the system speak.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::field;

/// The bus inside one process.
pub(crate) const LOCAL: &str = "local:";

/// The bus of the node.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    /// `local:` or the server; may contain a password.
    pub url: SecretString,
    /// Signs callers; `None`: the one in the database.
    #[serde(deserialize_with = "field::secret")]
    pub key: Option<SecretString>,
}

impl Bus {
    /// Whether all of it is in this process.
    pub fn is_local(&self) -> bool {
        self.url.expose_secret() == LOCAL
    }
}
