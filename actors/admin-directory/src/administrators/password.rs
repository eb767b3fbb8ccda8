//! What a password of an administrator must be (NIST SP 800-63B section 3.1.1.2).

use contract::{EmailAddress, Problem, Secret};

const CHARACTERS_LEAST: usize = 12;
const CHARACTERS_MOST: usize = 256;
/// A shorter local part is in too many passwords by chance.
const LOCAL_PART_LEAST: usize = 4;

/// Refuses a password that is easy to guess, whoever chooses it; no rules about kinds of characters.
pub(crate) fn check_length(password: &Secret) -> Result<(), Problem> {
    let refuse = |code, detail| Err(Problem::invalid("password", code, detail));
    let characters = password.expose().chars().count();
    if characters < CHARACTERS_LEAST {
        return refuse(
            "too-short",
            "The password must be at least 12 characters long.",
        );
    }
    if characters > CHARACTERS_MOST {
        return refuse(
            "too-long",
            "The password must be at most 256 characters long.",
        );
    }
    Ok(())
}

/// Refuses a password that is easy to guess of whoever has this address.
pub(crate) fn check_words(password: &Secret, email: &EmailAddress) -> Result<(), Problem> {
    let key = email.key();
    let local = key.split_once('@').map_or("", |(local, _)| local);
    if local.len() >= LOCAL_PART_LEAST && password.expose().to_lowercase().contains(local) {
        let detail = "The password must not contain your e-mail address.";
        return Err(Problem::invalid("password", "contains-address", detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(password: &str, email: &str) -> Option<String> {
        let email = EmailAddress::parse(email).unwrap();
        let password = Secret::new(password);
        let checked = check_length(&password).and_then(|()| check_words(&password, &email));
        checked.err().map(|problem| problem.errors[0].code.clone())
    }

    #[test]
    fn a_password_is_measured_in_characters_and_is_not_the_address() {
        assert_eq!(code("éééééééééééé", "ann@x.edu"), None);
        assert_eq!(
            code("ééééééééééé", "ann@x.edu").as_deref(),
            Some("too-short")
        );
        assert_eq!(code(&"é".repeat(256), "ann@x.edu"), None);
        assert_eq!(
            code(&"é".repeat(257), "ann@x.edu").as_deref(),
            Some("too-long")
        );
        let contains = Some("contains-address");
        assert_eq!(
            code("my-ANNA.LEE-2026", "Anna.Lee@x.edu").as_deref(),
            contains
        );
        assert_eq!(code("ann and the others", "ann@x.edu"), None);
    }
}
