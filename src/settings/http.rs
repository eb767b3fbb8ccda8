//! `[http]`: where people reach the node.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;
use url::{Host, Url};

use super::field;

/// Where pages and API are served.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address to listen on.
    #[serde(deserialize_with = "field::address")]
    pub listen: SocketAddr,
    /// What links begin with; `None`: the address of `listen`.
    #[serde(deserialize_with = "field::url")]
    pub public_url: Option<Url>,
    /// Where the terms of use can be read that whoever joins accepts; `None`: nowhere.
    #[serde(deserialize_with = "field::url")]
    pub terms_url: Option<Url>,
    /// Who is believed about where a request comes from, and its id.
    pub trusted_proxies: Vec<String>,
    /// Threads; 0: one for each processor.
    pub workers: usize,
}

impl Http {
    /// What links begin with, ending in a slash, for a node that listens at `address`.
    pub fn public(&self, address: SocketAddr) -> String {
        if let Some(url) = &self.public_url {
            return url.to_string();
        }
        let port = address.port();
        // Everywhere is no address; this machine is one of its.
        if address.ip().is_unspecified() {
            return format!("http://localhost:{port}/");
        }
        format!("http://{address}/")
    }
}

/// Whether a URL names this very machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        // An address is a name to `url` where the scheme is not one of the web's.
        Some(Host::Domain(name)) => {
            let address = name.parse::<IpAddr>();
            name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
