//! E-mail addresses and domains: parsed once, compared by key.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// Why a text is not an address that mail can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No `@` at all, or nothing before or after it.
    #[error("is not an e-mail address")]
    NotAnAddress,
    /// More than 254 characters, or more than 64 before the `@` (RFC 5321 section 4.5.3.1).
    #[error("is too long for an e-mail address")]
    TooLong,
    /// White space or a control character inside.
    #[error("must not contain spaces or control characters")]
    Space,
    /// Quotes, comments, source routes: legal in RFC 5322, and only ever seen in attacks.
    #[error("contains a character that is not accepted before the @")]
    LocalPart,
    /// Letters beyond ASCII before the `@` (RFC 6531), which many relays refuse.
    #[error("contains letters before the @ that mail relays do not accept")]
    NonAsciiLocalPart,
    /// The part after the `@` is not a host name with at least one dot.
    #[error("has a domain that cannot exist")]
    Domain,
}

impl AddressError {
    /// The stable code of a field error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAnAddress => "not-an-address",
            Self::TooLong => "too-long",
            Self::Space => "space",
            Self::LocalPart => "local-part",
            Self::NonAsciiLocalPart => "non-ascii-local-part",
            Self::Domain => "domain",
        }
    }
}

/// An address as its owner writes it, with its domain brought to the A-label form.
///
/// Mail always goes to this form; two addresses are the same person's when their [`key`]s are equal.
///
/// [`key`]: EmailAddress::key
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads one bare address (`ann@x.edu`, no display name).
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.len() > 512 {
            return Err(AddressError::TooLong);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(AddressError::Space);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::NotAnAddress)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::NotAnAddress);
        }
        if !local.is_ascii() {
            return Err(AddressError::NonAsciiLocalPart);
        }
        let atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
        if !local.bytes().all(atext)
            || local.starts_with('.')
            || local.ends_with('.')
            || local.contains("..")
        {
            return Err(AddressError::LocalPart);
        }
        let domain = DomainName::parse(domain).map_err(|_| AddressError::Domain)?;
        let address = format!("{local}@{domain}");
        if local.len() > 64 || address.len() > 254 {
            return Err(AddressError::TooLong);
        }
        Ok(Self(address))
    }

    /// The address to send to.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two spellings of one address have in common: everything in ASCII lower case. Nothing
    /// beyond ASCII is folded, so that look-alikes (the Kelvin sign) stay different; `+` is kept.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The part after the last `@`.
    pub fn domain(&self) -> DomainName {
        let domain = self.0.rsplit_once('@').map_or("", |(_, domain)| domain);
        DomainName(domain.to_owned())
    }

    /// As it is told to whoever may be somebody else: `b••@hill.edu`. Nothing tells how long it is,
    /// and nothing of a name of one letter is left.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or_default();
        let mut letters = local.chars();
        let first = letters.next().filter(|_| letters.next().is_some());
        let first = first.map(String::from).unwrap_or_default();
        format!("{first}••@{domain}")
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The text is not a domain that mail could have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a domain name")]
pub struct NotADomain;

/// A domain in A-label form, lower case, without a trailing dot, with at least two labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct DomainName(String);

/// Whether a character would be left out of a domain without a word: a soft hyphen, a mark that nobody
/// sees.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

impl DomainName {
    /// The most domains a link lists.
    pub const MOST_PER_LINK: usize = 50;

    /// Reads a domain, in Unicode or punycode.
    pub fn parse(text: &str) -> Result<Self, NotADomain> {
        let text = text.trim();
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() || text.len() > 512 || text.contains(is_unseen) {
            return Err(NotADomain);
        }
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_| NotADomain)?;
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let mut labels = ascii.rsplit('.');
        // A top label of digits is an IP address, and none has one letter.
        let is_alphabetic =
            |top: &str| top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic());
        let top_is_a_name = labels
            .next()
            .is_some_and(|top| label(top) && (is_alphabetic(top) || top.starts_with("xn--")));
        let mut rest = 0;
        for part in labels {
            if !label(part) {
                return Err(NotADomain);
            }
            rest += 1;
        }
        if !top_is_a_name || rest == 0 || ascii.len() > 253 {
            return Err(NotADomain);
        }
        Ok(Self(ascii))
    }

    /// The domain.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DomainName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_keeps_its_spelling_and_has_one_key() {
        let address = EmailAddress::parse(" Bob@X.EDU ").unwrap();
        assert_eq!(address.as_str(), "Bob@x.edu");
        assert_eq!(address.key(), "bob@x.edu");
        assert_eq!(
            EmailAddress::parse("bob+law@x.edu").unwrap().key(),
            "bob+law@x.edu"
        );
    }

    #[test]
    fn a_masked_address_tells_its_domain_and_at_most_one_letter_more() {
        for (address, masked) in [
            ("bob@hill.edu", "b••@hill.edu"),
            ("Ann.Lee+law@Hill.EDU", "A••@hill.edu"),
            ("b@hill.edu", "••@hill.edu"),
        ] {
            assert_eq!(EmailAddress::parse(address).unwrap().masked(), masked);
        }
    }

    #[test]
    fn unicode_and_punycode_are_one_domain() {
        let unicode = EmailAddress::parse("ann@bücher.example").unwrap();
        assert_eq!(
            unicode,
            EmailAddress::parse("ann@XN--BCHER-KVA.example.").unwrap()
        );
    }

    #[test]
    fn what_only_an_attacker_writes_is_refused() {
        for (text, why) in [
            ("\"x@test.edu@\"@evil.com", AddressError::LocalPart),
            ("(comment)bob@x.edu", AddressError::LocalPart),
            ("@hop.example:bob@x.edu", AddressError::LocalPart),
            ("bob@[127.0.0.1]", AddressError::Domain),
            ("bob@127.0.0.1", AddressError::Domain),
            ("bob@localhost", AddressError::Domain),
            ("bob@x..edu", AddressError::Domain),
            ("bob@x.c", AddressError::Domain),
            ("bob@x.e2", AddressError::Domain),
            ("bob@exa_mple.com", AddressError::Domain),
            ("bob@exam\u{ad}ple.com", AddressError::Domain),
            ("bob@exam\u{200b}ple.com", AddressError::Domain),
            ("bob@-x.edu", AddressError::Domain),
            ("bob.@x.edu", AddressError::LocalPart),
            ("bob", AddressError::NotAnAddress),
            ("@x.edu", AddressError::NotAnAddress),
            ("bob@x.edu\r\nBcc: y@z.com", AddressError::Space),
            ("\u{212a}im@x.edu", AddressError::NonAsciiLocalPart),
        ] {
            assert_eq!(EmailAddress::parse(text), Err(why), "{text:?}");
        }
        assert_eq!(
            EmailAddress::parse(&format!("{}@x.edu", "a".repeat(65))),
            Err(AddressError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_what_it_takes_it_takes_again(text in "\\PC{0,80}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                prop_assert_eq!(EmailAddress::parse(address.as_str()).unwrap(), address.clone());
                prop_assert_eq!(address.as_str().matches('@').count(), 1);
                prop_assert!(DomainName::parse(address.domain().as_str()).is_ok());
            }
        }

        #[test]
        fn an_ordinary_address_is_taken(local in "[a-z][a-z0-9.+_-]{0,20}[a-z0-9]", host in "[a-z]{1,12}\\.(edu|ac\\.uk)") {
            prop_assume!(!local.contains(".."));
            let address = format!("{local}@{host}");
            prop_assert!(EmailAddress::parse(&address).is_ok());
        }
    }
}
