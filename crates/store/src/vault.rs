//! Secrets at rest: tokens that must be shown again are sealed, all others only hashed.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    digest, hmac, rand,
};
use contract::Secret;
use data_encoding::BASE64URL_NOPAD;

use crate::error::StoreError;

/// Seals and opens with the installation's key (AES-256-GCM, a random nonce each time), and makes
/// tokens of ids (HMAC-SHA256).
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    sealing: RandomizedNonceKey,
    making: hmac::Key,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

/// Marks how a text was sealed, so that a later way can live beside it.
const VERSION: &str = "v1.";

impl Vault {
    /// With a key of any length: what seals is its SHA-256.
    pub fn new(key: &Secret) -> Result<Self, StoreError> {
        let key = digest::digest(&digest::SHA256, key.expose().as_bytes());
        let making = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()),
            b"usher: tokens made of ids",
        );
        let making = hmac::Key::new(hmac::HMAC_SHA256, making.as_ref());
        let sealing = RandomizedNonceKey::new(&AES_256_GCM, key.as_ref());
        let sealing = sealing.map_err(|_| StoreError::Sealed)?;
        Ok(Self(Arc::new(Keys { sealing, making })))
    }

    /// What only the holder of the key can make of a purpose and what it is for: 128 bits of an
    /// HMAC. For tokens that are never kept because they can be made again (docs/adr/0023).
    pub fn make(&self, purpose: &str, about: &[u8]) -> [u8; 16] {
        let mut made = hmac::Context::with_key(&self.0.making);
        made.update(purpose.as_bytes());
        made.update(&[0]);
        made.update(about);
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(made.sign().as_ref()) {
            *to = *from;
        }
        bytes
    }

    /// Seals a secret for one place (the id of its row): moved elsewhere it does not open.
    pub fn seal(&self, context: &str, secret: &Secret) -> Result<String, StoreError> {
        let mut sealed = secret.expose().as_bytes().to_vec();
        let context = Aad::from(context.as_bytes());
        let nonce = self
            .0
            .sealing
            .seal_in_place_append_tag(context, &mut sealed);
        let nonce = nonce.map_err(|_| StoreError::Sealed)?;
        let bytes = [nonce.as_ref().as_slice(), sealed.as_slice()].concat();
        Ok(format!("{VERSION}{}", BASE64URL_NOPAD.encode(&bytes)))
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, context: &str, sealed: &str) -> Result<Secret, StoreError> {
        let open = || {
            let text = sealed.strip_prefix(VERSION)?;
            let mut bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
            let (nonce, body) = bytes.split_at_mut_checked(NONCE_LEN)?;
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let context = Aad::from(context.as_bytes());
            let plain = self.0.sealing.open_in_place(nonce, context, body).ok()?;
            String::from_utf8(plain.to_vec()).ok().map(Secret::new)
        };
        open().ok_or(StoreError::Sealed)
    }
}

/// A fresh token: 256 random bits, base64url.
pub fn draw_token() -> Secret {
    Secret::new(BASE64URL_NOPAD.encode(&random::<32>()))
}

/// A fresh code: six decimal digits, each as likely as any other.
pub fn draw_code() -> Secret {
    const RANGE: u32 = 1_000_000;
    loop {
        let drawn = u32::from_be_bytes(random::<4>());
        // The last, incomplete million would make small codes likelier.
        if drawn < u32::MAX - u32::MAX % RANGE {
            return Secret::new(format!("{:06}", drawn % RANGE));
        }
    }
}

/// What is kept of a token: its SHA-256, base64url. Tokens have 256 random bits, so no salt and no
/// slow hash is needed.
pub fn hash_token(token: &Secret) -> String {
    hash(token.expose().as_bytes())
}

/// What is kept of a short code: the SHA-256 of it together with what it belongs to.
pub fn hash_code(belongs_to: impl fmt::Display, code: &Secret) -> String {
    hash(format!("{belongs_to}:{}", code.expose()).as_bytes())
}

fn hash(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if rand::fill(&mut bytes).is_err() {
        // Without entropy there are no secrets: refuse to go on rather than to repeat.
        std::process::abort();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let vault = Vault::new(&Secret::new("key")).unwrap();
        let sealed = vault.seal("lnk_1", &Secret::new("token")).unwrap();
        assert!(!sealed.contains("token"));
        assert_ne!(sealed, vault.seal("lnk_1", &Secret::new("token")).unwrap());
        assert_eq!(vault.open("lnk_1", &sealed).unwrap().expose(), "token");
        assert!(vault.open("lnk_2", &sealed).is_err());
        assert!(
            Vault::new(&Secret::new("other"))
                .unwrap()
                .open("lnk_1", &sealed)
                .is_err()
        );
        for broken in ["", "v1.", "v1.AAAA", "v2.AAAA", &sealed[..sealed.len() - 2]] {
            assert!(vault.open("lnk_1", broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn what_is_made_depends_on_key_purpose_and_matter() {
        let vault = Vault::new(&Secret::new("key")).unwrap();
        let other = Vault::new(&Secret::new("other")).unwrap();
        let made = vault.make("invite", b"inv_1");
        assert_eq!(made, vault.make("invite", b"inv_1"));
        for different in [
            vault.make("invite", b"inv_2"),
            vault.make("unsubscribe", b"inv_1"),
            vault.make("inv", b"iteinv_1"),
            other.make("invite", b"inv_1"),
        ] {
            assert_ne!(made, different);
        }
    }

    #[test]
    fn codes_are_six_digits_and_tokens_are_long() {
        for _ in 0..1_000 {
            let code = draw_code();
            assert_eq!(code.expose().len(), 6);
            assert!(code.expose().bytes().all(|digit| digit.is_ascii_digit()));
        }
        assert_eq!(draw_token().expose().len(), 43);
        assert_ne!(draw_token().expose(), draw_token().expose());
    }
}
