//! The address that reports come back to: one for each invite, made from its token.

use contract::{DomainName, EmailAddress, address::AddressError};

/// Where reports go: `local+TOKEN@domain`.
///
/// A token is opaque here: whoever makes it also signs it and knows a forged one. It should be
/// written in one case (base32): some servers change the case of what stands before the `@`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnPath {
    /// What stands before the `+`.
    pub local: String,
    /// The domain whose mail comes here.
    pub domain: DomainName,
}

impl ReturnPath {
    /// The longest a local part may be (RFC 5321 section 4.5.3.1.1).
    const MOST_LOCAL: usize = 64;

    /// Reads the address without a token, `b@bounce.example.edu`.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let address = EmailAddress::parse(text)?;
        let domain = address.domain();
        let local = address.as_str().split('@').next().unwrap_or_default();
        if local.contains('+') {
            return Err(AddressError::LocalPart);
        }
        Ok(Self {
            local: local.to_owned(),
            domain,
        })
    }

    /// The address that the reports about this token's mail come back to.
    pub fn address(&self, token: &str) -> String {
        format!("{}+{token}@{}", self.local, self.domain)
    }

    /// How long a token may be, so that its address is one.
    pub fn longest_token(&self) -> usize {
        Self::MOST_LOCAL.saturating_sub(self.local.len() + 1)
    }

    /// The token in an address of ours; with angle brackets around it or without.
    pub fn token_of(&self, address: &str) -> Option<String> {
        let (_, token) = self.local_of(address)?.split_once('+')?;
        is_token(token).then(|| token.to_owned())
    }

    /// Whether mail to this address is for us: a token's address, or the one without a token.
    pub fn takes(&self, address: &str) -> bool {
        match self.local_of(address).map(|local| local.split_once('+')) {
            Some(Some((_, token))) => is_token(token),
            Some(None) => true,
            None => false,
        }
    }

    /// What stands before the `@`, if the domain and what stands before the `+` are ours.
    fn local_of<'a>(&self, address: &'a str) -> Option<&'a str> {
        let address = address.trim();
        let bare = address.strip_prefix('<').unwrap_or(address);
        let bare = bare.strip_suffix('>').unwrap_or(bare);
        let (local, domain) = bare.rsplit_once('@')?;
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        let name = local.split('+').next()?;
        let ours = domain.eq_ignore_ascii_case(self.domain.as_str())
            && name.eq_ignore_ascii_case(&self.local)
            && local.len() <= Self::MOST_LOCAL;
        ours.then_some(local)
    }
}

fn is_token(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'=');
    !text.is_empty() && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> ReturnPath {
        ReturnPath::parse("b@Bounce.Example.edu").unwrap()
    }

    #[test]
    fn a_token_comes_back_as_it_went_out() {
        let address = path().address("abc-123");
        assert_eq!(address, "b+abc-123@bounce.example.edu");
        assert_eq!(path().token_of(&address).as_deref(), Some("abc-123"));
        for spelling in [
            "<b+abc-123@bounce.example.edu>",
            "B+abc-123@BOUNCE.example.EDU.",
        ] {
            assert_eq!(
                path().token_of(spelling).as_deref(),
                Some("abc-123"),
                "{spelling}"
            );
        }
    }

    #[test]
    fn an_address_of_somebody_else_has_no_token_and_takes_no_mail() {
        for address in [
            "b+abc@example.edu",
            "c+abc@bounce.example.edu",
            "b+abc@bounce.example.edu.evil.test",
            "b+abc%evil.test@bounce.example.edu",
            "@evil.test:b+abc@bounce.example.edu",
            "\"b+abc\"@bounce.example.edu",
            "b+@bounce.example.edu",
            "b+a b@bounce.example.edu",
            "b",
            "",
        ] {
            assert_eq!(path().token_of(address), None, "{address}");
            assert!(!path().takes(address), "{address}");
        }
        assert!(path().takes("b@bounce.example.edu"));
        assert_eq!(path().token_of("b@bounce.example.edu"), None);
    }

    #[test]
    fn the_longest_token_still_makes_an_address() {
        let token = "t".repeat(path().longest_token());
        assert!(path().takes(&path().address(&token)));
        assert!(!path().takes(&path().address(&format!("{token}t"))));
        assert!(EmailAddress::parse(&path().address(&token)).is_ok());
    }

    #[test]
    fn a_return_path_has_no_token_of_its_own() {
        assert!(ReturnPath::parse("b+c@bounce.example.edu").is_err());
        assert!(ReturnPath::parse("bounce.example.edu").is_err());
    }
}
