//! `[ops]`: the operations port.

use std::net::SocketAddr;

use serde::Deserialize;

use super::field;

/// Where `/metrics`, `/livez` and `/readyz` are served.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ops {
    /// The address to listen on.
    #[serde(deserialize_with = "field::address")]
    pub listen: SocketAddr,
}
