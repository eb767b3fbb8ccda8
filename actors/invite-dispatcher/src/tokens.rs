//! What an invite is known by outside: tokens made of its id and the sealing key, so that none is
//! kept and each can be shown again (docs/adr/0023).

use contract::{
    Secret,
    ids::{InviteId, Ulid},
};
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, Encoding, Specification};
use store::vault::Vault;

/// Characters of a code: capitals and digits without those that are read as one another.
const CODE_LETTERS: &str = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// How many characters of the token of a return path.
pub(crate) const RETURN_PATH_LENGTH: usize = 52;
/// How many characters of a code: 40 bits, and attempts are counted.
const CODE_LENGTH: usize = 8;

/// Makes and reads tokens.
#[derive(Clone, Debug)]
pub(crate) struct Tokens(Vault);

/// A token that may be right: its invite knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The invite that it says it is of.
    pub(crate) invite: InviteId,
    mac: [u8; 16],
}

impl Tokens {
    pub(crate) fn new(vault: Vault) -> Self {
        Self(vault)
    }

    /// What the URL of an invite carries. Dead once the invite has another generation.
    pub(crate) fn invite(&self, invite: InviteId, generation: i64) -> Secret {
        self.token("invite", invite, generation)
    }

    /// Whether a claim is the URL's of an invite in this generation.
    pub(crate) fn is_invite(&self, claim: Claim, generation: i64) -> bool {
        self.is("invite", claim, generation)
    }

    /// What `List-Unsubscribe` carries: of every generation, also of an invite that is over.
    pub(crate) fn unsubscribe(&self, invite: InviteId, generation: i64) -> Secret {
        self.token("unsubscribe", invite, generation)
    }

    /// Whether a claim is the unsubscribe token of an invite in this generation.
    pub(crate) fn is_unsubscribe(&self, claim: Claim, generation: i64) -> bool {
        self.is("unsubscribe", claim, generation)
    }

    /// What is typed where a link cannot be clicked; with the address, within few attempts.
    pub(crate) fn code(&self, invite: InviteId, generation: i64) -> Secret {
        let made = self.0.make("code", &about(invite, generation));
        let letters = made.iter().take(CODE_LENGTH).filter_map(|byte| {
            let at = usize::from(byte & 31);
            CODE_LETTERS.get(at..=at)
        });
        Secret::new(letters.collect::<String>())
    }

    /// What names an invite in a return path: lower case alone, since mailboxes are not always
    /// written as they were.
    pub(crate) fn return_path(&self, invite: InviteId, generation: i64) -> String {
        let mac = self.0.make("return path", &about(invite, generation));
        lower_base32().encode(&joined(invite, mac))
    }

    /// Reads the token of a return path.
    pub(crate) fn read_return_path(token: &str) -> Option<Claim> {
        split(
            &lower_base32()
                .decode(token.to_ascii_lowercase().as_bytes())
                .ok()?,
        )
    }

    /// Whether a claim is the return path's of an invite in this generation.
    pub(crate) fn is_return_path(&self, claim: Claim, generation: i64) -> bool {
        self.is("return path", claim, generation)
    }

    /// Reads the token of a URL.
    pub(crate) fn read(token: &Secret) -> Option<Claim> {
        split(&BASE64URL_NOPAD.decode(token.expose().as_bytes()).ok()?)
    }

    fn token(&self, purpose: &str, invite: InviteId, generation: i64) -> Secret {
        let mac = self.0.make(purpose, &about(invite, generation));
        Secret::new(BASE64URL_NOPAD.encode(&joined(invite, mac)))
    }

    fn is(&self, purpose: &str, claim: Claim, generation: i64) -> bool {
        let made = self.0.make(purpose, &about(claim.invite, generation));
        // Every byte is looked at: the time tells nothing about the right one.
        let differ = made
            .iter()
            .zip(claim.mac)
            .fold(0, |all, (one, other)| all | (one ^ other));
        differ == 0
    }
}

fn about(invite: InviteId, generation: i64) -> [u8; 24] {
    let mut bytes = [0; 24];
    let parts = invite
        .ulid()
        .to_bytes()
        .into_iter()
        .chain(generation.to_be_bytes());
    for (to, from) in bytes.iter_mut().zip(parts) {
        *to = from;
    }
    bytes
}

fn joined(invite: InviteId, mac: [u8; 16]) -> [u8; 32] {
    let mut bytes = [0; 32];
    let parts = invite.ulid().to_bytes().into_iter().chain(mac);
    for (to, from) in bytes.iter_mut().zip(parts) {
        *to = from;
    }
    bytes
}

fn split(bytes: &[u8]) -> Option<Claim> {
    let (ulid, mac) = bytes.split_first_chunk::<16>()?;
    Some(Claim {
        invite: InviteId::new(Ulid::from_bytes(*ulid)),
        mac: mac.try_into().ok()?,
    })
}

fn lower_base32() -> Encoding {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().unwrap_or(BASE32_NOPAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(key: &str) -> Tokens {
        Tokens::new(Vault::new(&Secret::new(key)).unwrap())
    }

    fn invite(n: u128) -> InviteId {
        InviteId::new(Ulid::from_parts(7, n))
    }

    #[test]
    fn a_token_is_of_one_invite_generation_and_purpose() {
        let tokens = tokens("key");
        let claim = Tokens::read(&tokens.invite(invite(1), 1)).unwrap();
        assert_eq!(claim.invite, invite(1));
        assert!(tokens.is_invite(claim, 1));
        assert!(!tokens.is_invite(claim, 2), "the address was corrected");
        assert!(!tokens.is_unsubscribe(claim, 1), "made for something else");
        let other = super::tests::tokens("other");
        assert!(!other.is_invite(claim, 1), "another key");
        let forged = Claim {
            invite: invite(2),
            ..claim
        };
        assert!(!tokens.is_invite(forged, 1), "another invite");
        assert_ne!(
            tokens.code(invite(1), 1).expose(),
            tokens.code(invite(1), 2).expose()
        );
    }

    #[test]
    fn a_return_path_survives_capitals() {
        let tokens = tokens("key");
        let path = tokens.return_path(invite(1), 1);
        assert_eq!(
            path.len(),
            RETURN_PATH_LENGTH,
            "a local part has 64 at most"
        );
        let claim = Tokens::read_return_path(&path.to_ascii_uppercase()).unwrap();
        assert!(tokens.is_return_path(claim, 1));
    }

    #[test]
    fn what_is_no_token_is_nobodys() {
        for text in ["", "x", "AAAA", &"A".repeat(43), &"A".repeat(400), "ä"] {
            let claim = Tokens::read(&Secret::new(text));
            assert!(
                claim.is_none_or(|claim| !tokens("key").is_invite(claim, 1)),
                "{text}"
            );
            let claim = Tokens::read_return_path(text);
            assert!(
                claim.is_none_or(|claim| !tokens("key").is_return_path(claim, 1)),
                "{text}"
            );
        }
    }

    #[test]
    fn codes_are_typed_without_doubt() {
        let code = tokens("key").code(invite(1), 1);
        assert_eq!(code.expose().len(), CODE_LENGTH);
        assert!(code.expose().chars().all(|c| CODE_LETTERS.contains(c)));
        assert!(!CODE_LETTERS.contains(['0', 'O', '1', 'I']));
    }
}
