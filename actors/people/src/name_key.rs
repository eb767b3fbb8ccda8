//! What a search for a person compares with.

use contract::EmailAddress;

/// `first last address` in lower case: the key that the roster searches in.
pub fn name_key(first: &str, last: &str, email: &EmailAddress) -> String {
    format!("{first} {last} {email}").to_lowercase()
}
