//! What the types of the fields cannot say about a link.

use contract::{DomainName, Fields, Timestamp, text::Tag};

/// The most uses that a link can be bounded to; whoever wants more leaves the bound away.
const MOST_USES: u64 = 1_000_000_000;

/// Tags without repetitions, sorted.
pub(crate) fn tags(fields: &mut Fields, mut tags: Vec<Tag>) -> Vec<Tag> {
    tags.sort();
    tags.dedup();
    let most = Tag::MOST_PER_ROW;
    if tags.len() > most {
        fields.refuse(
            "tags",
            "too-many",
            format!("A link has at most {most} tags."),
        );
    }
    tags
}

/// Domains without repetitions, sorted.
pub(crate) fn domains(fields: &mut Fields, mut domains: Vec<DomainName>) -> Vec<DomainName> {
    domains.sort();
    domains.dedup();
    let most = DomainName::MOST_PER_LINK;
    if domains.len() > most {
        let detail = format!("A link lists at most {most} domains.");
        fields.refuse("allowed_domains", "too-many", detail);
    }
    domains
}

/// An end that is still to come.
pub(crate) fn expires_at(fields: &mut Fields, at: Option<Timestamp>, now: Timestamp) {
    if at.is_some_and(|at| at <= now) {
        fields.refuse("expires_at", "past", "The end must be in the future.");
    }
}

/// A bound that lets somebody in.
pub(crate) fn max_uses(fields: &mut Fields, most: Option<u64>) {
    match most {
        Some(0) => fields.refuse("max_uses", "too-small", "A link can be used at least once."),
        Some(most) if most > MOST_USES => {
            let detail = format!("A link can be bounded to at most {MOST_USES} uses.");
            fields.refuse("max_uses", "too-large", detail);
        }
        _ => {}
    }
}
