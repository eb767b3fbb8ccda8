//! The relay: whether it can be reached, and whether the way there is encrypted.

use std::{net::IpAddr, time::Duration};

use invite_dispatcher::MailOptions;
use smtp::{Relay, Session, Timeouts, Tls};
use tokio::time::timeout;

use super::finding::{Finding, Verdict};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Greets the relay, and logs in where a password is set. Nothing is sent.
pub(super) async fn check(options: &MailOptions) -> Vec<Finding> {
    let Some(relay) = options.relay_to() else {
        let text = "mail.url keeps mail in files, and sends none";
        return vec![Finding::new("relay", Verdict::Skipped, text)];
    };
    vec![reach(relay).await, encryption(relay)]
}

async fn reach(relay: &Relay) -> Finding {
    let timeouts = Timeouts {
        connect: Duration::from_secs(5),
        greeting: Duration::from_secs(10),
        hello: Duration::from_secs(10),
        ..Timeouts::default()
    };
    let place = format!("{}:{}", relay.host, relay.port);
    let session = match timeout(PATIENCE, Session::connect(relay, &timeouts)).await {
        Ok(Ok(session)) => session,
        Ok(Err(error)) => {
            return Finding::new("relay", Verdict::Wrong, format!("{place}: {error}"));
        }
        Err(_) => {
            return Finding::new("relay", Verdict::Wrong, format!("{place}: not in time"));
        }
    };
    let way = if session.is_encrypted() {
        "with TLS"
    } else {
        "without TLS"
    };
    let offers = session.offers();
    let login = match (&relay.login, offers.has_plain || offers.has_login) {
        (Some(_), _) => "and takes our password",
        (None, true) => "and offers AUTH; mail.url has no password",
        (None, false) => "and asks for no password",
    };
    session.quit().await;
    Finding::new(
        "relay",
        Verdict::Fine,
        format!("{place} answers {way} {login}"),
    )
}

fn encryption(relay: &Relay) -> Finding {
    let host = &relay.host;
    let (verdict, text) = match relay.tls {
        Tls::Implicit | Tls::StartTlsRequired => {
            (Verdict::Fine, format!("nothing goes to {host} without TLS"))
        }
        Tls::Off | Tls::StartTlsIfOffered if is_here(host) => {
            (Verdict::Fine, format!("{host} is this machine"))
        }
        Tls::Off | Tls::StartTlsIfOffered => {
            let text = format!(
                "mail goes to {host} in the clear where no TLS is offered: end mail.url in \
                 ?tls=required, or begin it with smtps:"
            );
            (Verdict::Wrong, text)
        }
    };
    Finding::new("tls", verdict, text)
}

fn is_here(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}
