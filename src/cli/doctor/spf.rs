//! SPF (RFC 7208): who may send for the domain that bounces go to.

use std::net::IpAddr;

use super::{
    dns::Dns,
    finding::{Finding, Verdict, publish},
};

const WHAT: &str = "spf";

/// Looks at the record of a domain, whose mail goes through the relay at `host`.
pub(super) async fn check(dns: &Dns<'_>, domain: &str, host: Option<&str>) -> Finding {
    match dns.texts(domain).await {
        Ok(texts) => judge(domain, &texts, host),
        Err(error) => Finding::unknown(WHAT, domain, &error),
    }
}

fn judge(domain: &str, texts: &[String], host: Option<&str>) -> Finding {
    let mut records = texts.iter().filter(|text| is_spf(text));
    let (verdict, text) = match (records.next(), records.next()) {
        (None, _) => {
            let advice = advice(domain, host);
            let text = format!("{domain} has none; {advice}, or what the relay's provider names");
            (Verdict::Missing, text)
        }
        (Some(record), None) => match fault(record) {
            Some(fault) => (Verdict::Wrong, format!("{domain} {fault}: {record}")),
            None => (Verdict::Fine, format!("{domain}: {record}")),
        },
        (Some(_), Some(_)) => {
            let text = format!("{domain} has several records, so that none counts: leave one");
            (Verdict::Wrong, text)
        }
    };
    Finding::new(WHAT, verdict, text)
}

fn is_spf(text: &str) -> bool {
    let version = text.split(' ').next().unwrap_or_default();
    version.eq_ignore_ascii_case("v=spf1")
}

/// What to publish so that a host may send.
fn advice(domain: &str, host: Option<&str>) -> String {
    match host {
        Some(host) if is_known_here_only(host) => format!(
            "{host} is known here only: publish a TXT record of {domain}. that begins with v=spf1 \
             and names the public address of the machine that delivers to the world (ip4:, ip6:)"
        ),
        _ => {
            let allowed = host.map_or_else(|| "mx".to_owned(), mechanism);
            publish(domain, &format!("v=spf1 {allowed} -all"))
        }
    }
}

/// Whether mailboxes elsewhere see another address, or cannot look the name up.
fn is_known_here_only(host: &str) -> bool {
    match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(ip)) => {
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
        }
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_unspecified()
        }
        Err(_) => !host.trim_end_matches('.').contains('.'),
    }
}

/// What lets a host send.
fn mechanism(host: &str) -> String {
    match host.parse() {
        Ok(IpAddr::V4(address)) => format!("ip4:{address}"),
        Ok(IpAddr::V6(address)) => format!("ip6:{address}"),
        Err(_) => format!("a:{host}"),
    }
}

/// What is wrong with a record, whoever sends.
fn fault(record: &str) -> Option<&'static str> {
    let terms: Vec<_> = record.split_whitespace().skip(1).collect();
    let has = |term: &str| terms.iter().any(|other| other.eq_ignore_ascii_case(term));
    if has("all") || has("+all") {
        return Some("lets everybody send");
    }
    let lets_somebody = |term: &&str| {
        let is_all = term.len() == 4 && term.to_ascii_lowercase().ends_with("all");
        let is_explanation = term.to_ascii_lowercase().starts_with("exp=");
        !is_all && !is_explanation && !term.starts_with(['-', '~', '?'])
    };
    (!terms.iter().any(lets_somebody)).then_some("lets nobody send")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(texts: &[&str]) -> Verdict {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        judge("hill.edu", &texts, None).verdict
    }

    #[test]
    fn one_record_that_lets_somebody_send_does() {
        for fine in [
            "v=spf1 include:_spf.hill.edu -all",
            "V=SPF1 mx ~all",
            "v=spf1 redirect=_spf.hill.edu",
            "v=spf1 ip4:192.0.2.0/24 ?all",
        ] {
            assert_eq!(verdict(&["something else", fine]), Verdict::Fine, "{fine}");
        }
        for wrong in [
            "v=spf1",
            "v=spf1 -all",
            "v=spf1 -ip4:192.0.2.1 ~all",
            "v=spf1 +all",
            "v=spf1 mx ALL",
        ] {
            assert_eq!(verdict(&[wrong]), Verdict::Wrong, "{wrong}");
        }
        assert_eq!(verdict(&["v=spf1 mx -all"; 2]), Verdict::Wrong);
        for none in [&[][..], &["v=spf10 mx -all"], &["spf1 mx"]] {
            assert_eq!(verdict(none), Verdict::Missing, "{none:?}");
        }
    }

    #[test]
    fn what_is_missing_is_written_out_for_the_relay() {
        for (host, term) in [
            (None, "mx"),
            (Some("smtp.hill.edu"), "a:smtp.hill.edu"),
            (Some("192.0.2.1"), "ip4:192.0.2.1"),
            (Some("2001:db8::1"), "ip6:2001:db8::1"),
        ] {
            let text = judge("b.hill.edu", &[], host).text;
            let record = format!("publish: b.hill.edu. TXT \"v=spf1 {term} -all\"");
            assert!(text.contains(&record), "{text}");
        }
    }

    #[test]
    fn an_address_that_only_we_know_is_not_to_be_published() {
        for host in [
            "127.0.0.1",
            "::1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.1.1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "::ffff:10.1.2.3",
            "localhost",
            "mailpit",
        ] {
            let Finding { verdict, text, .. } = judge("b.hill.edu", &[], Some(host));
            assert_eq!(verdict, Verdict::Missing, "{text}");
            assert!(
                text.contains(&format!("{host} is known here only")),
                "{text}"
            );
            assert!(text.contains("the public address of the machine"), "{text}");
            for record in ["publish: ", "-all", &format!(":{host}")] {
                assert!(!text.contains(record), "{text}");
            }
        }
        for host in ["172.32.0.1", "11.0.0.1", "fb00::1", "mail.localhost.edu"] {
            let text = judge("b.hill.edu", &[], Some(host)).text;
            assert!(text.contains(&format!("{host} -all")), "{text}");
        }
    }
}
