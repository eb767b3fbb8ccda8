//! `[mail]`: where letters go.

use secrecy::SecretString;
use serde::Deserialize;

use super::field;

/// How mail leaves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// `smtp://…`, `smtps://…` or `file:DIR`; may contain a password.
    pub url: SecretString,
    /// Who letters are from.
    pub from: String,
    /// Where answers go; empty: to `from`.
    pub reply_to: String,
    /// The directory of an operator's templates; empty: the built-in ones alone.
    pub templates: String,
    /// Names the key among those of the domain; empty, as the next two: mail is not signed.
    pub dkim_selector: String,
    /// The domain that vouches.
    pub dkim_domain: String,
    /// The private key, PEM.
    #[serde(deserialize_with = "field::secret")]
    pub dkim_key: Option<SecretString>,
}
