//! The certificates of private authorities, from a file.

use std::{
    fmt,
    fs::{File, metadata},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use tokio_rustls::rustls::RootCertStore;

/// The most bytes of the file: four times what all public authorities together take.
const MOST: u64 = 1024 * 1024;

/// Why a file of certificates is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthoritiesError {
    /// It is not there, not a file, or not for this user.
    #[error("{} cannot be read: {}", .0.display(), .1)]
    Unreadable(PathBuf, String),
    /// There is nothing in it.
    #[error("{} is empty", .0.display())]
    Empty(PathBuf),
    /// It is larger than certificates of authorities are.
    #[error("{} is larger than 1 MiB", .0.display())]
    TooLarge(PathBuf),
    /// It is no PEM, or there are only other things in it.
    #[error("{} holds no certificate in PEM", .0.display())]
    NoCertificate(PathBuf),
    /// One of its certificates, counted from 1, is none.
    #[error("certificate {} of {} cannot be used: {}", .1, .0.display(), .2)]
    Broken(PathBuf, usize, String),
}

/// The certificates of private authorities; one at least.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    /// Reads the certificates of a PEM file of at most 1 MiB. What else stands in it is passed over.
    pub fn read(path: &Path) -> Result<Self, AuthoritiesError> {
        let pem = bytes_of(path)
            .map_err(|error| AuthoritiesError::Unreadable(path.to_owned(), error.to_string()))?;
        if pem.len() as u64 > MOST {
            return Err(AuthoritiesError::TooLarge(path.to_owned()));
        }
        if pem.trim_ascii().is_empty() {
            return Err(AuthoritiesError::Empty(path.to_owned()));
        }
        let mut usable = RootCertStore::empty();
        let mut certificates = Vec::new();
        for (before, certificate) in CertificateDer::pem_slice_iter(&pem).enumerate() {
            let broken = |why: &dyn fmt::Display| {
                AuthoritiesError::Broken(path.to_owned(), before + 1, why.to_string())
            };
            let certificate = certificate.map_err(|error| broken(&error))?;
            usable
                .add(certificate.clone())
                .map_err(|error| broken(&error))?;
            certificates.push(certificate);
        }
        if certificates.is_empty() {
            return Err(AuthoritiesError::NoCertificate(path.to_owned()));
        }
        Ok(Self(certificates))
    }
}

impl IntoIterator for Authorities {
    type Item = CertificateDer<'static>;
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorities({} certificates)", self.0.len())
    }
}

/// What is in the file, and a byte more than may be where there is more.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe would keep its reader waiting.
    if !metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
