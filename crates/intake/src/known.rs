//! Lists: mailboxes that are no person's, domains that are no mail provider's.

/// What is written where there is no address.
const PLACEHOLDERS: [&str; 22] = [
    "-",
    "--",
    "---",
    ".",
    "?",
    "#n/a",
    "#name?",
    "#null!",
    "#ref!",
    "#value!",
    "n/a",
    "na",
    "n.a.",
    "nil",
    "none",
    "null",
    "tba",
    "tbd",
    "undefined",
    "unknown",
    "xxx",
    "kein",
];

/// Domains that are nobody's (RFC 2606), with everything below them.
const RESERVED: [&str; 7] = [
    "example",
    "example.com",
    "example.net",
    "example.org",
    "invalid",
    "localhost",
    "test",
];

/// Mailboxes whose mail no person reads, or whose readers would take an invitation for abuse.
const NOBODY: [&str; 12] = [
    "abuse",
    "bounce",
    "bounces",
    "do-not-reply",
    "donotreply",
    "mailer-daemon",
    "no-reply",
    "no.reply",
    "no_reply",
    "noreply",
    "postmaster",
    "spam",
];

/// Mailboxes that several people read.
const SEVERAL: [&str; 22] = [
    "admin",
    "administrator",
    "billing",
    "contact",
    "enquiries",
    "faculty",
    "help",
    "helpdesk",
    "hostmaster",
    "hr",
    "info",
    "it",
    "library",
    "mail",
    "marketing",
    "office",
    "sales",
    "security",
    "staff",
    "support",
    "team",
    "webmaster",
];

/// Services for addresses to throw away.
const DISPOSABLE: [&str; 36] = [
    "10minutemail.com",
    "20minutemail.com",
    "33mail.com",
    "anonaddy.me",
    "burnermail.io",
    "byom.de",
    "discard.email",
    "dispostable.com",
    "dropmail.me",
    "emailondeck.com",
    "fakeinbox.com",
    "getairmail.com",
    "getnada.com",
    "grr.la",
    "guerrillamail.com",
    "guerrillamail.info",
    "guerrillamail.net",
    "guerrillamail.org",
    "inboxkitten.com",
    "mail-temp.com",
    "maildrop.cc",
    "mailinator.com",
    "mailnesia.com",
    "mintemail.com",
    "moakt.com",
    "mohmal.com",
    "mytemp.email",
    "sharklasers.com",
    "spam4.me",
    "temp-mail.org",
    "tempail.com",
    "tempmail.com",
    "throwawaymail.com",
    "trashmail.com",
    "trashmail.de",
    "yopmail.com",
];

/// Slips of the hand, and what was meant.
const SLIPS: [(&str, &str); 38] = [
    ("gamil.com", "gmail.com"),
    ("gmai.com", "gmail.com"),
    ("gmaik.com", "gmail.com"),
    ("gmail.cm", "gmail.com"),
    ("gmail.co", "gmail.com"),
    ("gmail.om", "gmail.com"),
    ("gmaill.com", "gmail.com"),
    ("gmal.com", "gmail.com"),
    ("gmial.com", "gmail.com"),
    ("gmil.com", "gmail.com"),
    ("gnail.com", "gmail.com"),
    ("googlemail.co", "googlemail.com"),
    ("homail.com", "hotmail.com"),
    ("hormail.com", "hotmail.com"),
    ("hotamil.com", "hotmail.com"),
    ("hotmai.com", "hotmail.com"),
    ("hotmail.cm", "hotmail.com"),
    ("hotmail.co", "hotmail.com"),
    ("hotmal.com", "hotmail.com"),
    ("hotmial.com", "hotmail.com"),
    ("hotmil.com", "hotmail.com"),
    ("icloud.co", "icloud.com"),
    ("icluod.com", "icloud.com"),
    ("iclould.com", "icloud.com"),
    ("otlook.com", "outlook.com"),
    ("outlok.com", "outlook.com"),
    ("outlook.co", "outlook.com"),
    ("outloook.com", "outlook.com"),
    ("oultook.com", "outlook.com"),
    ("outook.com", "outlook.com"),
    ("yaho.co", "yahoo.com"),
    ("yaho.com", "yahoo.com"),
    ("yahoo.cm", "yahoo.com"),
    ("yahoo.co", "yahoo.com"),
    ("yahooo.com", "yahoo.com"),
    ("yahou.com", "yahoo.com"),
    ("yhaoo.com", "yahoo.com"),
    ("yhoo.com", "yahoo.com"),
];

/// Endings that do not exist and look like one that does.
const SLIPPED_ENDINGS: [(&str, &str); 8] = [
    (".cmo", ".com"),
    (".comm", ".com"),
    (".con", ".com"),
    (".cpm", ".com"),
    (".ocm", ".com"),
    (".vom", ".com"),
    (".edi", ".edu"),
    (".nett", ".net"),
];

fn is_one_of(list: &[&str], word: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a word says that there is no address.
pub(crate) fn is_placeholder(word: &str) -> bool {
    is_one_of(&PLACEHOLDERS, word)
}

/// Whether an address is written where an example is wanted.
pub(crate) fn is_example(local: &str, domain: &str) -> bool {
    let is_below = |reserved: &&str| {
        domain
            .strip_suffix(*reserved)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    RESERVED.iter().any(is_below) || local.eq_ignore_ascii_case("test") && domain == "test.com"
}

/// Whether no person reads the mail of a mailbox.
pub(crate) fn is_nobodys(local: &str) -> bool {
    is_one_of(&NOBODY, local)
}

/// Whether several people read it.
pub(crate) fn is_several_peoples(local: &str) -> bool {
    is_one_of(&SEVERAL, local)
}

/// Whether a domain is of a service for addresses to throw away.
pub(crate) fn is_disposable(domain: &str) -> bool {
    DISPOSABLE.binary_search(&domain).is_ok()
}

/// Whether a provider ignores dots and what follows a `+`.
pub(crate) fn ignores_dots(domain: &str) -> bool {
    matches!(domain, "gmail.com" | "googlemail.com")
}

/// The domain that was meant, where this one is a common slip.
pub(crate) fn meant(domain: &str) -> Option<String> {
    if let Some((_, meant)) = SLIPS.iter().find(|(slip, _)| *slip == domain) {
        return Some((*meant).to_owned());
    }
    let mut endings = SLIPPED_ENDINGS.iter();
    endings.find_map(|(slip, meant)| Some(format!("{}{meant}", domain.strip_suffix(slip)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_up_by_halves_is_in_order() {
        assert!(DISPOSABLE.is_sorted());
    }

    #[test]
    fn what_was_meant_is_no_slip() {
        for (slip, meant_domain) in SLIPS {
            assert_eq!(meant(slip).as_deref(), Some(meant_domain));
            assert_eq!(meant(meant_domain), None, "{meant_domain}");
        }
    }

    #[test]
    fn only_the_reserved_domains_are_examples() {
        assert!(is_example("a", "example.com"));
        assert!(is_example("a", "mail.example.com"));
        assert!(is_example("a", "alma.test"));
        assert!(!is_example("a", "myexample.com"));
        assert!(!is_example("a", "latest.com"));
        assert!(!is_example("a", "contest"));
    }
}
