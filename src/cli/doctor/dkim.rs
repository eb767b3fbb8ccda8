//! DKIM (RFC 6376): the public key in the DNS is that of the private one.

use invite_dispatcher::{DkimError, Signer};

use super::{
    dns::Dns,
    finding::{Finding, Verdict, publish},
    tags::Tags,
};

const WHAT: &str = "dkim";

/// Our public key, as its record has it.
struct Key {
    kind: &'static str,
    text: String,
}

/// Looks at the record of our key.
pub(super) async fn check(dns: &Dns<'_>, signer: Option<&Signer>) -> Result<Finding, DkimError> {
    let Some(signer) = signer else {
        let text =
            "mail.dkim_selector, dkim_domain and dkim_key are not set: the relay has to sign";
        return Ok(Finding::new(WHAT, Verdict::Skipped, text));
    };
    let (kind, text) = signer.public_key()?;
    let (name, key) = (signer.name(), Key { kind, text });
    Ok(match dns.texts(&name).await {
        Ok(texts) => judge(&name, &texts, &key),
        Err(error) => Finding::unknown(WHAT, &name, &error),
    })
}

fn judge(name: &str, texts: &[String], key: &Key) -> Finding {
    let record = format!("v=DKIM1; k={}; p={}", key.kind, key.text);
    let found = |fault: &str| format!("{name} {fault}; {}", publish(name, &record));
    let records: Vec<_> = texts.iter().map(|text| Tags::read(text)).collect();
    let mut keys = records.iter().filter(|tags| tags.get("p").is_some());
    let (verdict, text) = match (keys.next(), keys.next()) {
        (None, _) => (Verdict::Missing, found("is not there")),
        (Some(tags), None) => fault(tags, key).map_or_else(
            || {
                let text = format!("{name} has the key of mail.dkim_key ({})", key.kind);
                (Verdict::Fine, text)
            },
            |fault| (Verdict::Wrong, found(fault)),
        ),
        (Some(_), Some(_)) => (Verdict::Wrong, found("has several keys: leave one")),
    };
    Finding::new(WHAT, verdict, text)
}

fn fault(tags: &Tags, ours: &Key) -> Option<&'static str> {
    let key: String = tags.get("p")?.split_whitespace().collect();
    if tags.get("v").is_some_and(|version| version != "DKIM1") || key.is_empty() {
        return Some("is revoked, or of another version");
    }
    if tags.get("k").unwrap_or("rsa") != ours.kind || key != ours.text {
        return Some("has another key than mail.dkim_key");
    }
    let flags = tags.get("t").unwrap_or_default();
    let is_test = flags.split(':').any(|flag| flag.trim() == "y");
    is_test.then_some("is marked as a test (t=y), so that signatures do not count")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_key_does() {
        let key = Key {
            kind: "rsa",
            text: "MIIB".to_owned(),
        };
        let verdict = |texts: &[&str]| {
            let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
            let found = judge("usher._domainkey.hill.edu", &texts, &key);
            let says = found.text.contains("TXT \"v=DKIM1; k=rsa; p=MIIB\"");
            assert_eq!(says, found.verdict != Verdict::Fine, "{}", found.text);
            found.verdict
        };
        for fine in ["v=DKIM1; k=rsa; p=MIIB", "p=MI IB", "k=rsa;t=s; p=MIIB;"] {
            assert_eq!(verdict(&[fine, "not a key"]), Verdict::Fine, "{fine}");
        }
        for wrong in [
            "v=DKIM1; p=",
            "v=DKIM1; p=AAAA",
            "v=DKIM2; p=MIIB",
            "k=ed25519; p=MIIB",
            "t=s:y; p=MIIB",
        ] {
            assert_eq!(verdict(&[wrong]), Verdict::Wrong, "{wrong}");
        }
        assert_eq!(verdict(&["p=MIIB", "p=AAAA"]), Verdict::Wrong);
        assert_eq!(verdict(&[]), Verdict::Missing);
    }
}
