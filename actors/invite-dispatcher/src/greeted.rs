//! Whether a name may be used in a greeting.

/// Anybody can type anything as the name of anybody's mailbox: what a mail program would make a link
/// of is left out.
pub(crate) fn greeted(name: &str) -> bool {
    let is_host = |after: &str| {
        let two = after.chars().take(2);
        two.filter(|character| character.is_alphanumeric()).count() == 2
    };
    !name.contains(['/', '\\', '@', ':']) && !name.split('.').skip(1).any(is_host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_greeted_and_an_advertisement_is_not() {
        for name in ["Ann", "J. R.", "J.R.", "Anne-Marie O'Neil", "名前"] {
            assert!(greeted(name), "{name}");
        }
        for name in ["win at casino.example", "https:evil", "evil.co/x", "x@evil"] {
            assert!(!greeted(name), "{name}");
        }
    }
}
