//! Whether who vouches for a mail is whom it is from: DMARC counts nobody else.

use super::{
    domain::are_aligned,
    finding::{Finding, Verdict},
};

/// Another domain beside that of From.
#[derive(Clone, Copy, Debug)]
pub(super) struct Other<'a> {
    /// What is looked at.
    pub(super) what: &'static str,
    /// What says it.
    pub(super) key: &'static str,
    pub(super) domain: &'a str,
    pub(super) is_strict: bool,
}

pub(super) fn check(from: &str, other: Other<'_>) -> Finding {
    let Other {
        what,
        key,
        domain,
        is_strict,
    } = other;
    if are_aligned(from, domain, is_strict) {
        let text = format!("{domain} ({key}) vouches for {from}");
        return Finding::new(what, Verdict::Fine, text);
    }
    let needed = if is_strict {
        "DMARC asks for the very same domain"
    } else {
        "it must be a domain of the same organisation"
    };
    let text = format!("{domain} ({key}) does not vouch for {from}: {needed}");
    Finding::new(what, Verdict::Wrong, text)
}
