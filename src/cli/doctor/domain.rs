//! Whose a domain is.

/// The domain that an organisation registered, by the Public Suffix List: `hill.ac.uk` of
/// `mail.hill.ac.uk`.
pub(super) fn organisational(domain: &str) -> String {
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    psl::domain_str(&domain).unwrap_or(&domain).to_owned()
}

/// Whether two domains are alike for DMARC.
pub(super) fn are_aligned(one: &str, other: &str, is_strict: bool) -> bool {
    if is_strict {
        return one.eq_ignore_ascii_case(other);
    }
    organisational(one) == organisational(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_is_what_was_registered() {
        for (domain, registered) in [
            ("hill.edu", "hill.edu"),
            ("Bounce.Mail.Hill.EDU.", "hill.edu"),
            ("mail.hill.ac.uk", "hill.ac.uk"),
            ("hill.github.io", "hill.github.io"),
            ("mail.hill.test", "hill.test"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(organisational(domain), registered);
        }
        assert!(are_aligned("hill.edu", "bounce.hill.edu", false));
        assert!(!are_aligned("hill.edu", "bounce.hill.edu", true));
        assert!(!are_aligned("hill.ac.uk", "dale.ac.uk", false));
    }
}
