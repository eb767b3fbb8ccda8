//! Where mail is handed to, and how.

use contract::Secret;

use crate::Trust;

/// Whether the way there is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Never.
    Off,
    /// By STARTTLS, if the relay offers that. An offer that fails ends the connection.
    StartTlsIfOffered,
    /// By STARTTLS, or not at all.
    StartTlsRequired,
    /// From the first byte.
    Implicit,
}

/// Who we are to the relay.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name.
    pub user: String,
    /// Its password: never sent without TLS, except to the loopback.
    pub password: Secret,
}

/// A relay.
#[derive(Clone, Debug)]
pub struct Relay {
    /// Its host name, which its certificate must bear, or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the way there is encrypted.
    pub tls: Tls,
    /// Who we are to it; nobody if it does not ask.
    pub login: Option<Login>,
    /// The name we greet with.
    pub hello: String,
    /// Whose certificates are believed.
    pub trust: Trust,
}
