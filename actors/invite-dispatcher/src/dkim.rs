//! Signs messages with DKIM (RFC 6376, Ed25519 by RFC 8463), relaxed/relaxed.
//!
//! Signing is work for a processor: some 0.6 ms with RSA-2048, a tenth of that with Ed25519. It
//! happens on the thread of the caller.

use std::fmt;

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeyPair as RsaKeyPair,
    signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256},
};
use contract::Secret;
use data_encoding::BASE64;
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};

/// What is signed where it is there, in this order. From is signed once more than it is there, so
/// that nobody can add another.
const SIGNED: [&str; 11] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "reply-to",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "feedback-id",
];
/// Bytes of an RSA modulus below which mailboxes do not trust it: 2048 bits.
const MODULUS_LEAST: usize = 256;
/// Characters of a signature on one line.
const LINE: usize = 72;

/// Why there is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DkimError {
    /// Half of it is set.
    #[error("is not set, but other keys of mail.dkim are: set all three or none")]
    Half(&'static str),
    /// A name that could not stand in the DNS.
    #[error("must be a name such as `usher` or `mail.example.edu`")]
    Name(&'static str),
    /// No private key.
    #[error("must be a private key in PEM: RSA of 2048 bits or more, or Ed25519")]
    Key,
    /// The key does not sign.
    #[error("cannot sign the message")]
    Sign,
}

impl DkimError {
    /// The setting that is to be changed.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Half(key) | Self::Name(key) => key,
            Self::Key | Self::Sign => "mail.dkim_key",
        }
    }
}

/// How messages are signed; all empty: not at all.
#[derive(Clone, Copy, Debug)]
pub struct DkimOptions<'a> {
    /// `SELECTOR._domainkey.DOMAIN` is where the public key lies.
    pub selector: &'a str,
    /// The domain that vouches; for DMARC, of the organisation of the address in From.
    pub domain: &'a str,
    /// The private key, PEM.
    pub key: &'a Secret,
}

enum Key {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Signs messages; any number of threads may at once.
pub struct Signer {
    selector: String,
    domain: String,
    key: Key,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            selector, domain, ..
        } = self;
        write!(f, "Signer({selector}._domainkey.{domain})")
    }
}

impl Signer {
    /// Reads the key. `None` when nothing is set.
    pub fn parse(options: DkimOptions<'_>) -> Result<Option<Self>, DkimError> {
        let DkimOptions {
            selector,
            domain,
            key,
        } = options;
        let given = [
            ("mail.dkim_selector", selector.is_empty()),
            ("mail.dkim_domain", domain.is_empty()),
            ("mail.dkim_key", key.expose().trim().is_empty()),
        ];
        if given.iter().all(|(_, is_empty)| *is_empty) {
            return Ok(None);
        }
        if let Some((missing, _)) = given.iter().find(|(_, is_empty)| *is_empty) {
            return Err(DkimError::Half(missing));
        }
        if !is_name(selector) {
            return Err(DkimError::Name("mail.dkim_selector"));
        }
        if !is_name(domain) || !domain.contains('.') {
            return Err(DkimError::Name("mail.dkim_domain"));
        }
        Ok(Some(Self {
            selector: selector.to_owned(),
            domain: domain.to_ascii_lowercase(),
            key: Key::parse(key)?,
        }))
    }

    /// The domain that vouches.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Where the public key lies in the DNS.
    pub fn name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// The public key as its record in the DNS has it: of which kind (`k=`), and what it is (`p=`).
    pub fn public_key(&self) -> Result<(&'static str, String), DkimError> {
        let (kind, key) = match &self.key {
            Key::Rsa(key) => {
                let key: Result<PublicKeyX509Der<'_>, _> = key.public_key().as_der();
                let key = key.map_err(|_| DkimError::Key)?;
                ("rsa", BASE64.encode(key.as_ref()))
            }
            // RFC 8463: the bare bytes.
            Key::Ed25519(key) => ("ed25519", BASE64.encode(key.public_key().as_ref())),
        };
        Ok((kind, key))
    }

    /// The message with its signature on top. Its lines must end in CRLF, as lettre writes them.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, DkimError> {
        let (head, body) = split(message);
        let fields = fields(head);
        let mut names: Vec<&str> = Vec::new();
        for name in SIGNED {
            let there = fields.iter().filter(|field| field.is_called(name)).count();
            names.extend(std::iter::repeat_n(name, there));
        }
        names.push("from");
        let algorithm = match &self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let unsigned = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={domain};\r\n\
             \ts={selector}; h={names};\r\n\
             \tbh={hash}; b=",
            domain = self.domain,
            selector = self.selector,
            names = names
                .chunks(5)
                .map(|names| names.join(":"))
                .collect::<Vec<_>>()
                .join(":\r\n\t "),
            hash = BASE64.encode(digest(&SHA256, &relaxed_body(body)).as_ref()),
        );
        let signature = self.key.sign(&signed_bytes(&fields, &names, &unsigned))?;
        let signature = BASE64.encode(&signature);
        let mut out = Vec::with_capacity(message.len() + unsigned.len() + signature.len() + 32);
        out.extend_from_slice(unsigned.as_bytes());
        for line in signature.as_bytes().chunks(LINE) {
            out.extend_from_slice(b"\r\n\t ");
            out.extend_from_slice(line);
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(message);
        Ok(out)
    }
}

impl Key {
    fn parse(pem: &Secret) -> Result<Self, DkimError> {
        let key = PrivateKeyDer::from_pem_slice(pem.expose().as_bytes());
        let rsa = match key.map_err(|_| DkimError::Key)? {
            PrivateKeyDer::Pkcs8(key) => {
                if let Ok(key) = Ed25519KeyPair::from_pkcs8(key.secret_pkcs8_der()) {
                    return Ok(Self::Ed25519(key));
                }
                RsaKeyPair::from_pkcs8(key.secret_pkcs8_der())
            }
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(DkimError::Key),
        };
        rsa.ok()
            .filter(|key| key.public_modulus_len() >= MODULUS_LEAST)
            .map(Self::Rsa)
            .ok_or(DkimError::Key)
    }

    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, DkimError> {
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    bytes,
                    &mut signature,
                )
                .map_err(|_| DkimError::Sign)?;
                Ok(signature)
            }
            // RFC 8463: the hash is what is signed.
            Self::Ed25519(key) => {
                let signature = key.try_sign(digest(&SHA256, bytes).as_ref());
                let signature = signature.map_err(|_| DkimError::Sign)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

/// Whether a text is one or more labels of a domain.
fn is_name(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

/// A header field, its line end included.
#[derive(Clone, Copy, Debug)]
struct Field<'a>(&'a [u8]);

impl Field<'_> {
    /// The name, and what follows the colon.
    fn parts(&self) -> (&[u8], &[u8]) {
        let mut parts = self.0.splitn(2, |byte| *byte == b':');
        let name = parts.next().unwrap_or_default().trim_ascii();
        (name, parts.next().unwrap_or_default())
    }

    fn is_called(&self, name: &str) -> bool {
        self.parts().0.eq_ignore_ascii_case(name.as_bytes())
    }

    /// RFC 6376, 3.4.2: the name in lower case, the value on one line, white space as one space.
    fn relax(&self, out: &mut Vec<u8>) {
        let (name, value) = self.parts();
        out.extend(name.iter().map(u8::to_ascii_lowercase));
        out.push(b':');
        let words = value.split(u8::is_ascii_whitespace);
        let words = words.filter(|word| !word.is_empty());
        for (n, word) in words.enumerate() {
            if n > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(word);
        }
    }
}

/// The header with its last line end, and the body.
fn split(message: &[u8]) -> (&[u8], &[u8]) {
    let at = message.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let (head, rest) = message.split_at(at.map_or(message.len(), |at| at + 2));
    (head, rest.get(2..).unwrap_or_default())
}

/// The fields of a header, each with the lines that continue it.
fn fields(mut head: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    while !head.is_empty() {
        let end = head.windows(3).position(|bytes| {
            bytes.starts_with(b"\r\n") && !bytes.ends_with(b" ") && !bytes.ends_with(b"\t")
        });
        let (field, rest) = head.split_at(end.map_or(head.len(), |end| end + 2));
        fields.push(Field(field));
        head = rest;
    }
    fields
}

/// What is signed: the named fields, of equal ones the last first, and the signature without itself.
fn signed_bytes(fields: &[Field<'_>], names: &[&str], unsigned: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(2_048);
    for (n, name) in names.iter().enumerate() {
        let earlier = names.iter().take(n).filter(|earlier| *earlier == name);
        let mut found = fields.iter().rev().filter(|field| field.is_called(name));
        if let Some(field) = found.nth(earlier.count()) {
            field.relax(&mut out);
            out.extend_from_slice(b"\r\n");
        }
    }
    Field(unsigned.as_bytes()).relax(&mut out);
    out
}

/// RFC 6376, 3.4.4: white space as one space, none at the end of a line, no empty line at the end.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 2);
    let mut empty = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
        let end = line.iter().rposition(|byte| !is_space(byte));
        let Some(line) = end.and_then(|end| line.get(..=end)) else {
            empty += 1;
            continue;
        };
        for _ in 0..std::mem::take(&mut empty) {
            out.extend_from_slice(b"\r\n");
        }
        let mut was_space = false;
        for byte in line {
            if !is_space(byte) {
                out.push(*byte);
            } else if !was_space {
                out.push(b' ');
            }
            was_space = is_space(byte);
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6376, 3.4.5.
    const EXAMPLE: &[u8] = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";

    /// RFC 8463, appendix A.
    const FOOTBALL: &[u8] = b"From: Joe SixPack <joe@football.example.com>\r\n\
        To: Suzie Q <suzie@shopping.example.net>\r\n\
        Subject: Is dinner ready?\r\n\
        Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
        Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\
        \r\n\
        Hi.\r\n\
        \r\n\
        We lost the game.  Are you hungry yet?\r\n\
        \r\n\
        Joe.\r\n";
    const SIGNATURE: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n \
        d=football.example.com; i=@football.example.com;\r\n \
        q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n \
        subject : date : message-id : from : subject : date;\r\n \
        bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=";
    const KEY: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";

    fn set(selector: &str, domain: &str, key: &str) -> Result<Option<Signer>, DkimError> {
        let key = &Secret::new(key);
        Signer::parse(DkimOptions {
            selector,
            domain,
            key,
        })
    }

    #[test]
    fn the_example_of_the_standard_is_relaxed_as_it_says() {
        let (head, body) = split(EXAMPLE);
        let mut relaxed = Vec::new();
        for field in fields(head) {
            field.relax(&mut relaxed);
            relaxed.extend_from_slice(b"\r\n");
        }
        assert_eq!(relaxed, b"a:X\r\nb:Y Z\r\n");
        assert_eq!(relaxed_body(body), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"a\r\n\r\nb"), b"a\r\n\r\nb\r\n");
    }

    #[test]
    fn the_example_of_the_standard_is_signed_as_it_says() {
        let (head, body) = split(FOOTBALL);
        let hash = BASE64.encode(digest(&SHA256, &relaxed_body(body)).as_ref());
        assert!(SIGNATURE.contains(&format!("bh={hash};")));
        let names = [
            "from",
            "to",
            "subject",
            "date",
            "message-id",
            "from",
            "subject",
            "date",
        ];
        let bytes = signed_bytes(&fields(head), &names, SIGNATURE);
        let seed = BASE64.decode(KEY.as_bytes()).unwrap();
        let key = Key::Ed25519(Ed25519KeyPair::from_seed_unchecked(&seed).unwrap());
        assert_eq!(
            BASE64.encode(&key.sign(&bytes).unwrap()),
            "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
        );
    }

    #[test]
    fn the_public_key_of_the_standard_is_told_as_its_record_has_it() {
        let seed = BASE64.decode(KEY.as_bytes()).unwrap();
        let signer = Signer {
            selector: "brisbane".to_owned(),
            domain: "football.example.com".to_owned(),
            key: Key::Ed25519(Ed25519KeyPair::from_seed_unchecked(&seed).unwrap()),
        };
        let name = "brisbane._domainkey.football.example.com";
        assert_eq!(
            (signer.name().as_str(), signer.domain()),
            (name, "football.example.com")
        );
        let public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let told = signer.public_key().unwrap();
        assert_eq!(told, ("ed25519", public.to_owned()));
    }

    #[test]
    fn half_of_it_is_refused_by_the_key_that_is_missing() {
        assert!(set("", "", "").unwrap().is_none());
        for (selector, domain, key, missing) in [
            ("", "mail.example", "key", "mail.dkim_selector"),
            ("usher", "", "key", "mail.dkim_domain"),
            ("usher", "mail.example", " ", "mail.dkim_key"),
        ] {
            let refused = set(selector, domain, key).unwrap_err();
            assert_eq!(refused, DkimError::Half(missing));
        }
    }

    #[test]
    fn what_is_no_name_or_no_key_is_refused() {
        for name in [
            "a b",
            "a;b",
            "-a.example",
            "a..example",
            "ü.example",
            "a\r\nb",
        ] {
            let selector = set(name, "mail.example", "key").unwrap_err();
            assert_eq!(selector, DkimError::Name("mail.dkim_selector"), "{name:?}");
            let domain = set("usher", name, "key").unwrap_err();
            assert_eq!(domain, DkimError::Name("mail.dkim_domain"), "{name:?}");
        }
        for key in [
            "key",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
        ] {
            assert_eq!(
                set("usher", "mail.example", key).unwrap_err(),
                DkimError::Key
            );
        }
    }
}
