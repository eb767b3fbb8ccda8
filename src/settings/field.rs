//! How single values are read where serde alone does not do, or does not say it plainly.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, de::Error as _};
use url::Url;

/// A time in seconds, from the least to the most that may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds<const LEAST: u64, const MOST: u64>(u64);

impl<const LEAST: u64, const MOST: u64> Seconds<LEAST, MOST> {
    /// The time.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl<'de, const LEAST: u64, const MOST: u64> Deserialize<'de> for Seconds<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = i64::deserialize(deserializer)?;
        let fits = u64::try_from(seconds).ok();
        let fits = fits.filter(|seconds| (LEAST..=MOST).contains(seconds));
        let said = || D::Error::custom(format!("is not from {LEAST} to {MOST}"));
        fits.map(Self).ok_or_else(said)
    }
}

/// An address to listen on.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let said = "is not an IP address with a port, such as 127.0.0.1:8080";
    text.parse().map_err(|_| D::Error::custom(said))
}

/// A DNS server, with its usual port where none is given; none, when the text is empty.
pub(super) fn resolver<'de, D>(deserializer: D) -> Result<Option<SocketAddr>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(Some(SocketAddr::new(ip, 53)));
    }
    let said = "is neither an IP address nor one with a port, such as 192.0.2.53:53";
    text.parse().map(Some).map_err(|_| D::Error::custom(said))
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
