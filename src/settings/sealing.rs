//! `[sealing]`: what keeps tokens that can be shown again.

use secrecy::SecretString;
use serde::Deserialize;

use super::field;

/// How tokens are sealed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealing {
    /// The key; `None`: the one in the database.
    #[serde(deserialize_with = "field::secret")]
    pub key: Option<SecretString>,
}
