//! Of which domains an address has to be that has no seat yet.

use contract::{
    DomainName, EmailAddress,
    seats::{Status, domains_needed},
};
use store::{Row, StoreError};

/// Reads it of a place that stands so, from the columns `allowed_domains` of its link, `let_in_domain`
/// and `email_key`.
pub(crate) fn needed(row: &Row, status: Status) -> Result<Vec<DomainName>, StoreError> {
    let has_link = row.get::<Option<String>>("allowed_domains")?.is_some();
    if !has_link || !matches!(status, Status::Held | Status::Waiting) {
        return Ok(Vec::new());
    }
    let email = EmailAddress::parse(&row.get::<String>("email_key")?).ok();
    let now = email.map(|email| email.domain());
    let (allowed, let_in) = (row.json("allowed_domains")?, row.get("let_in_domain")?);
    Ok(domains_needed(allowed, let_in, now.as_ref()))
}
