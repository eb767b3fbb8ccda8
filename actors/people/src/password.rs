//! Which passwords are taken.

use contract::{
    EmailAddress, Problem, Secret,
    people::{PASSWORD_LEAST, PASSWORD_MOST},
};

/// Passwords that every list of stolen ones begins with, and that are long enough otherwise.
const WELL_KNOWN: [&str; 8] = [
    "1234567890",
    "0123456789",
    "password123",
    "passwordpassword",
    "qwertyuiop",
    "qwerty1234",
    "1q2w3e4r5t",
    "iloveyou123",
];

/// Refuses a password that is too short, too long, or the first that anybody would try.
pub(crate) fn check(field: &str, password: &Secret, email: &EmailAddress) -> Result<(), Problem> {
    let text = password.expose();
    let length = text.chars().count();
    let refuse = |code, detail: String| Err(Problem::invalid(field, code, detail));
    if length < PASSWORD_LEAST {
        return refuse(
            "too-short",
            format!("must be at least {PASSWORD_LEAST} characters long"),
        );
    }
    if length > PASSWORD_MOST {
        return refuse(
            "too-long",
            format!("must be at most {PASSWORD_MOST} characters long"),
        );
    }
    let lower = text.to_lowercase();
    let key = email.key();
    let local = key.split('@').next().unwrap_or_default();
    if local.len() >= 4 && lower.contains(local) {
        return refuse(
            "contains-address",
            "must not contain your e-mail address".to_owned(),
        );
    }
    let first = lower.chars().next();
    let is_one_character = lower.chars().all(|character| Some(character) == first);
    if is_one_character || WELL_KNOWN.contains(&lower.as_str()) {
        return refuse(
            "well-known",
            "is among the first that anybody would try".to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_anybody_would_try_is_refused_by_field() {
        let email = EmailAddress::parse("Ann.Lee@uni.edu").unwrap();
        let code = |password: &str| {
            let refused = check("password", &Secret::new(password), &email).err();
            refused.map(|problem| problem.errors[0].code.clone())
        };
        assert_eq!(code("correct horse").as_deref(), None);
        assert_eq!(code("short").as_deref(), Some("too-short"));
        assert_eq!(code(&"x y".repeat(100)).as_deref(), Some("too-long"));
        assert_eq!(code("my ANN.lee 1").as_deref(), Some("contains-address"));
        assert_eq!(code("aaaaaaaaaaaa").as_deref(), Some("well-known"));
        assert_eq!(code("Password123").as_deref(), Some("well-known"));
    }
}
