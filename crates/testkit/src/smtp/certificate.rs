//! A certificate for the loopback, made for one server.

use std::sync::Arc;

use anyhow::Result;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What a server shows, and who believes it.
#[derive(Clone)]
pub(super) struct Certificate {
    pub(super) acceptor: TlsAcceptor,
    pub(super) der: Vec<u8>,
}

impl Certificate {
    pub(super) fn make() -> Result<Self> {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names)?;
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], PrivateKeyDer::from(key))?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            der: cert.der().to_vec(),
        })
    }
}
