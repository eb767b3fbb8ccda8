//! MX (RFC 5321, 5.1): whether what comes back finds its way to us.

use super::{
    dns::{Dns, DnsError},
    finding::{Finding, Verdict},
};

const WHAT: &str = "mx";

/// Looks whether a domain takes mail, where what comes back to it `is_read` here.
pub(super) async fn check(dns: &Dns<'_>, domain: &str, is_read: bool) -> Finding {
    if !is_read {
        let text = "mail.bounces is not set: nothing that comes back by mail is read here";
        return Finding::new(WHAT, Verdict::Skipped, text);
    }
    let judged = judge(dns, domain).await;
    judged.unwrap_or_else(|error| Finding::unknown(WHAT, domain, &error))
}

async fn judge(dns: &Dns<'_>, domain: &str) -> Result<Finding, DnsError> {
    let hosts = dns.mail_hosts(domain).await?;
    // RFC 7505: the root alone is nobody.
    let somebody: Vec<_> = hosts.iter().filter(|host| !host.is_empty()).collect();
    let (verdict, text) = match somebody.first() {
        Some(host) => (Verdict::Fine, format!("{host} takes mail for {domain}")),
        None if !hosts.is_empty() => {
            let text = format!("{domain} says that it takes no mail: bounces are lost");
            (Verdict::Wrong, text)
        }
        // Without one the host of that name is asked itself.
        None if dns.has_address(domain).await? => {
            (Verdict::Fine, format!("{domain} takes mail itself"))
        }
        None => {
            let text = format!(
                "nobody takes mail for {domain}: bounces are lost; publish: {domain}. MX 10 \
                 and the host whose mail mail.bounces reads"
            );
            (Verdict::Missing, text)
        }
    };
    Ok(Finding::new(WHAT, verdict, text))
}
