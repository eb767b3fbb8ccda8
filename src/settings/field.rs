//! How single values are read where serde alone does not do, or does not say it plainly.

use std::net::SocketAddr;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, de::Error as _};
use url::Url;

/// An address to listen on.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let said = "is not an IP address with a port, such as 127.0.0.1:8080";
    text.parse().map_err(|_| D::Error::custom(said))
}

/// No URL, when the text is empty.
pub(super) fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let said = "is not a URL such as https://usher.example.org";
    text.parse().map(Some).map_err(|_| D::Error::custom(said))
}

/// No secret, when the text is empty.
pub(super) fn secret<'de, D>(deserializer: D) -> Result<Option<SecretString>, D::Error>
where
    D: Deserializer<'de>,
{
    let secret = SecretString::deserialize(deserializer)?;
    Ok(Some(secret).filter(|secret| !secret.expose_secret().is_empty()))
}
