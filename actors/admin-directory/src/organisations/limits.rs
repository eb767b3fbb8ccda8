//! What the types of the fields cannot say about an organisation.

use std::net::IpAddr;

use contract::{Fields, organisations::Policies};
use url::{Host, Url};

/// The longest product address, in bytes.
const URL_MOST: usize = 2_048;

/// The most days for which an unproved seat is kept.
const PROOF_DAYS_MOST: u16 = 90;
/// The most days that an invite works.
const INVITE_DAYS_MOST: u16 = 180;
/// The most days before its end that an invite is brought to mind.
const REMIND_DAYS_MOST: u16 = 30;

/// An address that a browser goes to under TLS, or on this very machine.
pub(crate) fn product_url(fields: &mut Fields, url: &Url) {
    let mut refuse = |code, detail| fields.refuse("product_url", code, detail);
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) => {}
        _ => refuse("not-https", "The product address must begin with https://."),
    }
    if !url.username().is_empty() || url.password().is_some() {
        refuse(
            "credentials",
            "The product address must not contain a user name or password.",
        );
    }
    if url.as_str().len() > URL_MOST {
        refuse(
            "too-long",
            "The product address must be at most 2048 characters long.",
        );
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

/// Days that leave time to read a mail, and keep neither seat nor invite for ever.
pub(crate) fn policies(fields: &mut Fields, policies: &Policies) {
    let mut within = |field, days, least, most| {
        if !(least..=most).contains(&days) {
            let detail = format!("Choose between {least} and {most} days.");
            fields.refuse(field, "out-of-range", detail);
        }
    };
    within(
        "policies.proof_days",
        policies.proof_days,
        1,
        PROOF_DAYS_MOST,
    );
    within(
        "policies.invite_days",
        policies.invite_days,
        1,
        INVITE_DAYS_MOST,
    );
    within(
        "policies.remind_days",
        policies.remind_days,
        0,
        REMIND_DAYS_MOST,
    );
}

#[cfg(test)]
mod tests {
    use contract::Problem;

    use super::*;

    fn code(url: &str) -> Option<String> {
        let mut fields = Fields::default();
        product_url(&mut fields, &Url::parse(url).unwrap());
        let refused: Option<Problem> = fields.finish(|| Some(())).err();
        refused.map(|problem| problem.errors[0].code.clone())
    }

    #[test]
    fn a_product_is_under_tls_or_on_this_machine() {
        for url in [
            "https://read.example/",
            "http://localhost:3000",
            "http://[::1]/",
            "http://127.1.2.3",
        ] {
            assert_eq!(code(url), None, "{url}");
        }
        for url in [
            "http://read.example/",
            "http://localhost.evil.example",
            "javascript:alert(1)",
        ] {
            assert_eq!(code(url).as_deref(), Some("not-https"), "{url}");
        }
        assert_eq!(
            code("https://ann:secret@read.example/").as_deref(),
            Some("credentials")
        );
    }
}
