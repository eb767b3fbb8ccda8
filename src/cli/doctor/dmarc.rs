//! DMARC (RFC 7489): what the domain of From asks for, and how alike the other domains must be.

use super::{
    dns::{Dns, DnsError},
    domain::organisational,
    finding::{Finding, Verdict, publish},
    tags::Tags,
};

const WHAT: &str = "dmarc";

/// How alike another domain must be to that of From: strictly the same, or of one organisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Modes {
    pub(super) is_dkim_strict: bool,
    pub(super) is_spf_strict: bool,
}

/// Looks for the record of a domain, and of its organisation's.
pub(super) async fn check(dns: &Dns<'_>, from: &str) -> (Finding, Modes) {
    let organisation = organisational(from);
    let mut names = vec![from];
    names.extend((organisation != from).then_some(organisation.as_str()));
    for name in names {
        let name = format!("_dmarc.{name}");
        match found(dns, &name).await {
            Ok(records) if records.is_empty() => {}
            Ok(records) => return judge(&name, &records),
            Err(error) => return (Finding::unknown(WHAT, &name, &error), Modes::default()),
        }
    }
    let report = format!("v=DMARC1; p=none; rua=mailto:postmaster@{organisation}");
    let record = publish(&format!("_dmarc.{organisation}"), &report);
    let text = format!("{from} has none; {record}");
    let missing = Finding::new(WHAT, Verdict::Missing, text);
    (missing, Modes::default())
}

async fn found(dns: &Dns<'_>, name: &str) -> Result<Vec<Tags>, DnsError> {
    let texts = dns.texts(name).await?;
    let records = texts.iter().map(|text| Tags::read(text));
    Ok(records
        .filter(|tags| tags.begins_with("v", "DMARC1"))
        .collect())
}

fn judge(name: &str, records: &[Tags]) -> (Finding, Modes) {
    let [tags] = records else {
        let text = format!("{name} has several records, so that none counts: leave one");
        return (Finding::new(WHAT, Verdict::Wrong, text), Modes::default());
    };
    let is_strict = |tag| {
        tags.get(tag)
            .is_some_and(|mode| mode.eq_ignore_ascii_case("s"))
    };
    let modes = Modes {
        is_dkim_strict: is_strict("adkim"),
        is_spf_strict: is_strict("aspf"),
    };
    let policy = tags.get("p").unwrap_or_default().to_ascii_lowercase();
    let finding = if matches!(policy.as_str(), "none" | "quarantine" | "reject") {
        Finding::new(WHAT, Verdict::Fine, format!("{name}: p={policy}"))
    } else {
        let text = format!("{name} has no policy: give it p=none, p=quarantine or p=reject");
        Finding::new(WHAT, Verdict::Wrong, text)
    };
    (finding, modes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(records: &[&str]) -> (Verdict, Modes) {
        let records: Vec<_> = records.iter().map(|record| Tags::read(record)).collect();
        let (finding, modes) = judge("_dmarc.hill.edu", &records);
        (finding.verdict, modes)
    }

    #[test]
    fn one_record_with_a_policy_does_and_says_how_strict_it_is() {
        let (verdict, modes) = judged(&["v=DMARC1; p=None; adkim=s; aspf=r"]);
        assert_eq!(verdict, Verdict::Fine);
        assert!(modes.is_dkim_strict && !modes.is_spf_strict);
        for wrong in ["v=DMARC1", "v=DMARC1; p=maybe", "v=DMARC1; sp=reject"] {
            assert_eq!(judged(&[wrong]).0, Verdict::Wrong, "{wrong}");
        }
        let twice = ["v=DMARC1; p=none"; 2];
        assert_eq!(judged(&twice), (Verdict::Wrong, Modes::default()));
    }
}
