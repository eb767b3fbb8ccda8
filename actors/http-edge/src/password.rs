//! A password as it is typed to be chosen.

use contract::{
    Fields, Secret,
    people::{PASSWORD_LEAST, PASSWORD_MOST},
};

/// A password of the right length.
pub(crate) fn take(fields: &mut Fields, field: &str, password: String) -> Option<Secret> {
    let length = password.chars().take(PASSWORD_MOST + 1).count();
    if length < PASSWORD_LEAST {
        let detail = format!("must have at least {PASSWORD_LEAST} characters");
        fields.refuse(field, "too-short", detail);
        return None;
    }
    if length > PASSWORD_MOST {
        let detail = format!("must have at most {PASSWORD_MOST} characters");
        fields.refuse(field, "too-long", detail);
        return None;
    }
    Some(Secret::new(password))
}
