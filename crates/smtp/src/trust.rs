//! Whose certificates are believed.

use std::sync::{Arc, Mutex, PoisonError};

use rustls_pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;
use tokio_rustls::rustls::{ClientConfig, Error, crypto::aws_lc_rs};

/// What the machine trusts, and roots that are added. Reading them is slow: it is done once, by the
/// first connection that needs it, for all clones.
#[derive(Clone, Default)]
pub struct Trust {
    roots: Arc<[CertificateDer<'static>]>,
    config: Arc<Mutex<Option<Arc<ClientConfig>>>>,
}

impl Trust {
    /// What the machine trusts.
    pub fn of_the_machine() -> Self {
        Self::default()
    }

    /// What the machine trusts, and these.
    pub fn with_roots(roots: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        Self {
            roots: roots.into_iter().collect(),
            ..Self::default()
        }
    }

    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        let mut kept = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &*kept {
            return Ok(Arc::clone(config));
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let roots = self.roots.iter().cloned();
        let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Arc::clone(kept.insert(Arc::new(config))))
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trust(the machine and {} roots)", self.roots.len())
    }
}
