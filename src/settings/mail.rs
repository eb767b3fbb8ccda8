//! `[mail]`: where letters go.

use secrecy::SecretString;
use serde::Deserialize;

/// How mail leaves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// `smtp://…`, `smtps://…` or `file:DIR`; may contain a password.
    pub url: SecretString,
    /// Who letters are from.
    pub from: String,
}
