//! One word with an `@`: an address, or why not.

use std::net::Ipv4Addr;

use contract::address::{AddressError, EmailAddress};

use crate::{Oddity, Reason, Refusal, Warning, fold, known};

/// What a word is.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) outcome: Result<EmailAddress, Refusal>,
    pub(crate) warning: Option<Warning>,
}

/// Decides about one word that is not wrapped in anything.
pub(crate) fn judge(word: &str) -> Verdict {
    let mut oddity = None;
    let outcome = if word.is_ascii() {
        parts(word).and_then(|(local, domain)| address(local, domain))
    } else {
        unicode(word, &mut oddity)
    };
    let warning = outcome
        .as_ref()
        .ok()
        .and_then(|address| odd(address, oddity));
    Verdict { outcome, warning }
}

/// What is before and after the one `@`.
fn parts(word: &str) -> Result<(&str, &str), Refusal> {
    if word.len() > 2048 {
        return Err(Reason::TooLong.into());
    }
    if word.starts_with('"') && word.contains("\"@") {
        return Err(Reason::QuotedLocal.into());
    }
    let (local, domain) = word.split_once('@').ok_or(Reason::NotAnAddress)?;
    if domain.contains('@') {
        let once = word.split('@').filter(|part| !part.is_empty());
        let (mut once, doubled) = (once.clone(), once.count() == 2);
        let single = match (once.next(), once.next()) {
            (Some(local), Some(domain)) if doubled => suggest(&format!("{local}@{domain}")),
            _ => None,
        };
        return Err(Refusal::meaning(Reason::MultipleAt, single));
    }
    if known::is_placeholder(local) && !domain.contains('.') {
        return Err(Reason::Placeholder.into());
    }
    if local.is_empty() || domain.is_empty() {
        return Err(Reason::NotAnAddress.into());
    }
    Ok((local, domain))
}

fn unicode(word: &str, oddity: &mut Option<Oddity>) -> Result<EmailAddress, Refusal> {
    if word.len() > 2048 {
        return Err(Reason::TooLong.into());
    }
    let seen = word.trim_matches(fold::is_invisible);
    if seen.contains(fold::is_bidi) {
        return Err(Reason::ControlCharacter.into());
    }
    if seen.contains(fold::is_invisible) {
        *oddity = Some(Oddity::Invisible);
    }
    let visible = seen.replace(fold::is_invisible, "");
    let plain = visible.replace(fold::is_at, "@");
    let (local, domain) = parts(&plain)?;
    let (domain, full_width) = fold::plain_domain(domain);
    if full_width || plain != visible {
        *oddity = (*oddity).max(Some(Oddity::FullWidth));
    }
    if domain.split('.').any(fold::is_mixed) || fold::is_mixed(local) {
        let latin = fold::latin(&format!("{local}@{domain}"));
        let meant = latin.and_then(|latin| suggest(&latin));
        return Err(Refusal::meaning(Reason::Confusable, meant));
    }
    address(local, &domain)
}

fn address(local: &str, domain: &str) -> Result<EmailAddress, Refusal> {
    let whole = || format!("{local}@{domain}");
    if !local.is_ascii() {
        let straight = local.replace(['’', '‘', 'ʼ', '´'], "'");
        let meant = suggest(&format!("{straight}@{domain}"));
        return Err(Refusal::meaning(Reason::NonAsciiLocal, meant));
    }
    if domain.starts_with('[') || domain.parse::<Ipv4Addr>().is_ok() {
        return Err(Reason::DomainLiteral.into());
    }
    if local.len() > 64 {
        return Err(Reason::TooLongLocal.into());
    }
    if !domain.trim_end_matches('.').contains('.') {
        return Err(Reason::NoTld.into());
    }
    match EmailAddress::parse(&whole()) {
        Ok(address) => usable(address),
        Err(AddressError::LocalPart) => Err(local_part(local, domain)),
        Err(AddressError::TooLong) => Err(Reason::TooLong.into()),
        Err(AddressError::Space) => Err(Reason::ControlCharacter.into()),
        Err(AddressError::Domain) if domain.contains('_') => Err(Reason::Underscore.into()),
        Err(AddressError::Domain) => Err(Reason::Domain.into()),
        Err(AddressError::NonAsciiLocalPart) => Err(Reason::NonAsciiLocal.into()),
        Err(AddressError::NotAnAddress) => Err(Reason::NotAnAddress.into()),
    }
}

/// Whether an address that can exist is somebody's.
fn usable(address: EmailAddress) -> Result<EmailAddress, Refusal> {
    let (local, domain) = address.as_str().rsplit_once('@').unwrap_or_default();
    if known::is_example(local, domain) {
        return Err(Reason::Placeholder.into());
    }
    if known::is_nobodys(local) {
        return Err(Reason::RoleAddress.into());
    }
    Ok(address)
}

fn local_part(local: &str, domain: &str) -> Refusal {
    let parts = local.split('.').filter(|part| !part.is_empty());
    let dotted = parts.collect::<Vec<_>>().join(".");
    if dotted == local {
        return Reason::LocalPart.into();
    }
    match suggest(&format!("{dotted}@{domain}")) {
        Some(meant) => Refusal::meaning(Reason::DotPlacement, Some(meant)),
        None => Reason::LocalPart.into(),
    }
}

/// The oddity of an address that was taken, beside how it was written.
fn odd(address: &EmailAddress, written: Option<Oddity>) -> Option<Warning> {
    let (local, domain) = address.as_str().rsplit_once('@')?;
    if let Some(meant) = known::meant(domain) {
        return Some(Warning {
            oddity: Oddity::Typo,
            suggestion: suggest(&format!("{local}@{meant}")),
        });
    }
    let disposable = known::is_disposable(domain).then_some(Oddity::Disposable);
    let role = known::is_several_peoples(local).then_some(Oddity::RoleAddress);
    disposable.max(written).max(role).map(Warning::from)
}

/// An address to suggest, if this is one that would be taken.
pub(crate) fn suggest(text: &str) -> Option<EmailAddress> {
    EmailAddress::parse(text)
        .ok()
        .and_then(|address| usable(address).ok())
}
