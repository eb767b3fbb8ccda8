//! `[domains]`: what is asked about domains.

use std::net::SocketAddr;

use serde::Deserialize;

use super::field;

/// Where the DNS is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domains {
    /// The server that is asked; `None`: those of the system.
    #[serde(deserialize_with = "field::resolver")]
    pub resolver: Option<SocketAddr>,
}
