//! Why a caller may be believed: an HMAC over the caller, the subject and the body.

use std::fmt;

use aws_lc_rs::hmac;
use contract::{Caller, Kind, Problem, Secret, Timestamp};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

/// The key of the bus (`bus.key`): whoever has it may speak for anybody.
#[derive(Clone)]
pub struct BusKey(hmac::Key);

impl fmt::Debug for BusKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BusKey")
    }
}

/// Clocks of two machines may differ by this much; a node that is further off does not start.
const SKEW_SECONDS: i64 = 2;

impl BusKey {
    /// The key from its configured text, at least 32 characters.
    pub fn new(secret: &Secret) -> Self {
        Self(hmac::Key::new(
            hmac::HMAC_SHA256,
            secret.expose().as_bytes(),
        ))
    }

    fn context(&self, subject: &str, caller: &str, body: &[u8]) -> hmac::Context {
        let mut context = hmac::Context::with_key(&self.0);
        // Lengths first: no two different triples are one byte string.
        for part in [subject.as_bytes(), caller.as_bytes(), body] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context
    }

    /// The `Usher-Caller` header: `<mac>.<caller as JSON>`, good for this subject and this body.
    pub fn sign(&self, subject: &str, caller: &Caller, body: &[u8]) -> Result<String, Problem> {
        let json = serde_json::to_string(caller).map_err(|_| Problem::new(Kind::Internal))?;
        let tag = self.context(subject, &json, body).sign();
        let mut header = BASE64URL_NOPAD.encode(tag.as_ref());
        header.push('.');
        header.push_str(&json);
        Ok(header)
    }

    /// What tells `data` of one name from other data, and tells nobody without the key anything about it:
    /// 64 hexadecimal digits.
    pub fn fingerprint(&self, name: &str, data: &[u8]) -> String {
        // No message has this subject, so that no fingerprint is a signature.
        HEXLOWER.encode(self.context("fingerprint", name, data).sign().as_ref())
    }

    /// The caller behind the header, if it was signed for this message and has not expired.
    pub fn verify(
        &self,
        subject: &str,
        header: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Caller, Problem> {
        let refused = || Problem::new(Kind::Unauthenticated);
        let (mac, json) = header
            .and_then(|header| header.split_once('.'))
            .ok_or_else(refused)?;
        let mac = BASE64URL_NOPAD
            .decode(mac.as_bytes())
            .map_err(|_| refused())?;
        let expected = self.context(subject, json, body).sign();
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref(), &mac)
            .map_err(|_| refused())?;
        let caller: Caller = serde_json::from_str(json).map_err(|_| refused())?;
        let longest = now.plus_seconds(Caller::LIFETIME_SECONDS + SKEW_SECONDS);
        if caller.expires_at.plus_seconds(SKEW_SECONDS) <= now || caller.expires_at > longest {
            return Err(refused());
        }
        Ok(caller)
    }
}

#[cfg(test)]
mod tests {
    use contract::Service;

    use super::*;

    fn key() -> BusKey {
        BusKey::new(&Secret::new("a key of thirty-two characters.."))
    }

    #[test]
    fn a_caller_is_believed_for_its_own_message_only() {
        let now = Timestamp::from_micros(1_000_000);
        let caller = Caller::operator(Service::Node, now);
        let header = key().sign("usher.v1.a.b", &caller, b"{}").unwrap();
        let verify = |subject, header, body| key().verify(subject, header, body, now);
        assert_eq!(
            verify("usher.v1.a.b", Some(&header), b"{}").unwrap(),
            caller
        );

        let forged = header.replace("operator", "public");
        for (subject, header, body) in [
            ("usher.v1.a.c", Some(header.as_str()), b"{}".as_slice()),
            ("usher.v1.a.b", Some(&header), b"{ }"),
            ("usher.v1.a.b", Some(&forged), b"{}"),
            ("usher.v1.a.b", Some("nonsense"), b"{}"),
            ("usher.v1.a.b", None, b"{}"),
        ] {
            assert_eq!(
                verify(subject, header, body).unwrap_err().kind,
                Kind::Unauthenticated
            );
        }
        let other = BusKey::new(&Secret::new("another key of 32 characters...."));
        assert!(
            other
                .verify("usher.v1.a.b", Some(&header), b"{}", now)
                .is_err()
        );
    }

    #[test]
    fn a_caller_is_believed_for_a_minute_and_never_longer() {
        let now = Timestamp::from_micros(0);
        let mut caller = Caller::operator(Service::Node, now);
        let header = key().sign("s", &caller, b"").unwrap();
        assert!(
            key()
                .verify("s", Some(&header), b"", now.plus_seconds(59))
                .is_ok()
        );
        assert!(
            key()
                .verify("s", Some(&header), b"", now.plus_seconds(63))
                .is_err()
        );

        caller.expires_at = now.plus_seconds(3600);
        let header = key().sign("s", &caller, b"").unwrap();
        assert!(key().verify("s", Some(&header), b"", now).is_err());
    }
}
