//! What one key asks of another, and of the roles.

use rstest::rstest;
use usher::roles::Roles;

use crate::{lines, loaded, loaded_for, problems};

#[rstest]
#[case("nats://127.0.0.1:4222", true)]
#[case("nats://localhost:4222", true)]
#[case("nats://[::1]:4222", true)]
#[case("nats://user:word@127.0.0.1", true)]
#[case("tls://nats.example.org:4222", true)]
#[case("local:", true)]
#[case("nats://nats.example.org:4222", false)]
#[case("nats://10.0.0.7:4222", false)]
#[case("http://127.0.0.1", false)]
#[case("local", false)]
#[case("", false)]
fn passwords_cross_the_bus_inside_one_machine_or_under_tls(#[case] url: &str, #[case] fine: bool) {
    let said = problems("", &[("USHER_BUS__URL", url)]);
    assert_eq!(said.is_empty(), fine, "{said:?}");
    assert!(
        said.iter()
            .all(|line| line.starts_with("bus.url (USHER_BUS__URL): ")),
        "{said:?}"
    );
}

#[test]
fn the_local_bus_is_refused_for_a_node_that_does_not_run_every_role() {
    let said = lines(loaded_for(&Roles::named(["seats", "people"]), "", &[]));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("bus.url (default): is local:"),
        "{said:?}"
    );
    assert!(loaded_for(&Roles::named(["seats", "all"]), "", &[]).is_ok());
}

#[test]
fn a_node_without_a_database_has_the_key_of_the_bus_configured() {
    let edge = Roles::named(["edge"]);
    let nats = ("USHER_BUS__URL", "nats://127.0.0.1:4222");
    let said = lines(loaded_for(&edge, "", &[nats]));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("bus.key (default): "), "{said:?}");
    let key = ("USHER_BUS__KEY", "0123456789abcdef0123456789abcdef");
    assert!(loaded_for(&edge, "", &[nats, key]).is_ok());
    assert!(loaded_for(&Roles::named(["edge", "links"]), "", &[nats]).is_ok());
}

#[rstest]
#[case("http.public_url", "https://usher.example.org", true)]
#[case("http.public_url", "https://usher.example.org/", true)]
#[case("http.public_url", "http://127.0.0.1:8080", true)]
#[case("http.public_url", "https://usher.example.org/usher", false)]
#[case("http.public_url", "https://usher.example.org/?x=1", false)]
#[case("http.public_url", "https://me@usher.example.org/", false)]
#[case("http.public_url", "ftp://usher.example.org", false)]
#[case("http.terms_url", "", true)]
#[case("http.terms_url", "https://example.org/terms?of=use#seats", true)]
#[case("http.terms_url", "http://example.org", true)]
#[case("http.terms_url", "mailto:terms@example.org", false)]
#[case("http.terms_url", "javascript:alert(1)", false)]
#[case("http.terms_url", "/terms", false)]
#[case("http.trusted_proxies", "10.0.0.1,10.0.0.0/8,2001:db8::/32", true)]
#[case("http.trusted_proxies", "10.0.0.0/33", false)]
#[case("http.trusted_proxies", "proxy.local", false)]
#[case("database.url", "sqlite:data/usher.db", true)]
#[case("database.url", "postgres://usher@localhost/usher", true)]
#[case("database.url", "mysql://localhost/usher", false)]
#[case("database.url", "sqlite:", false)]
#[case("bus.key", "short", false)]
#[case("sealing.key", "short", false)]
#[case("mail.url", "smtp://localhost:25", true)]
#[case("mail.url", "sendmail:", false)]
#[case("mail.reply_to", "help@example.edu", true)]
#[case("mail.bounces", "maildir:back", false)]
#[case("mail.bounces", "", true)]
#[case(
    "mail.webhook_standard",
    "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
    true
)]
#[case("mail.webhook_standard", "hunter2", false)]
#[case("mail.webhook_sendgrid", "hunter2", false)]
#[case("mail.connect_timeout_seconds", "0", false)]
#[case("mail.hello_timeout_seconds", "601", false)]
#[case("mail.command_timeout_seconds", "900", true)]
#[case("mail.final_dot_timeout_seconds", "59", false)]
#[case("mail.final_dot_timeout_seconds", "60", true)]
#[case("mail.final_dot_timeout_seconds", "3601", false)]
#[case("mail.connection_idle_seconds", "-1", false)]
#[case("mail.connection_age_seconds", "86400", true)]
#[case("auth.argon2_memory_kib", "7", false)]
#[case("auth.threads", "0", false)]
#[case("ops.listen", "127.0.0.1:8080", false)]
#[case("log.filter", "warn,kernel=debug", true)]
#[case("log.filter", "kernel=loud", false)]
#[case("actors.people_instances", "0", false)]
#[case("database.connections", "0", false)]
fn a_value_is_checked_before_the_start(#[case] key: &str, #[case] value: &str, #[case] ok: bool) {
    let variable = format!("USHER_{}", key.replace('.', "__").to_uppercase());
    let said = problems("", &[(&variable, value)]);
    assert_eq!(said.is_empty(), ok, "{said:?}");
    let start = format!("{key} ({variable}): ");
    assert!(said.iter().all(|line| line.starts_with(&start)), "{said:?}");
}

#[rstest]
#[case("maildir:back", true)]
#[case("smtp://127.0.0.1:2525", true)]
#[case("smtp://localhost", false)]
#[case("imap://mail.example.edu", false)]
fn what_comes_back_is_read_where_it_can_be(#[case] value: &str, #[case] ok: bool) {
    let path = ("USHER_MAIL__RETURN_PATH", "b@bounce.example.edu");
    let said = problems("", &[path, ("USHER_MAIL__BOUNCES", value)]);
    assert_eq!(said.is_empty(), ok, "{said:?}");
}

#[test]
fn half_a_signature_of_mail_is_refused_by_the_key_that_is_missing() {
    let (selector, domain) = ("USHER_MAIL__DKIM_SELECTOR", "USHER_MAIL__DKIM_DOMAIN");
    for (set, missing) in [
        (vec![(selector, "usher")], "mail.dkim_domain"),
        (vec![(domain, "example.edu")], "mail.dkim_selector"),
        (
            vec![(selector, "usher"), (domain, "example.edu")],
            "mail.dkim_key",
        ),
        (vec![("USHER_MAIL__DKIM_KEY", "x")], "mail.dkim_selector"),
    ] {
        let said = problems("", &set);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with(missing), "{said:?}");
    }
}

#[test]
fn plain_http_to_the_outside_is_warned_of_but_not_refused() {
    let warnings = |url| {
        loaded("", &[("USHER_HTTP__PUBLIC_URL", url)])
            .unwrap()
            .warnings
    };
    assert_eq!(warnings("http://usher.example.org").len(), 1);
    assert!(warnings("http://localhost:8080").is_empty());
    assert!(warnings("https://usher.example.org").is_empty());
}

#[test]
fn a_dns_server_is_an_address_that_may_have_a_port() {
    let resolver = |value| {
        let loaded = loaded("", &[("USHER_DOMAINS__RESOLVER", value)]);
        let resolver = loaded.unwrap().settings.domains.resolver;
        resolver.map(|resolver| resolver.to_string())
    };
    for (value, address) in [
        ("192.0.2.53", "192.0.2.53:53"),
        ("127.0.0.1:5353", "127.0.0.1:5353"),
        ("2001:db8::1", "[2001:db8::1]:53"),
        ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
    ] {
        assert_eq!(resolver(value).as_deref(), Some(address));
    }
    assert_eq!(resolver(""), None);
    for value in ["dns.hill.edu", "192.0.2.53:", "192.0.2.53:dns"] {
        let said = problems("", &[("USHER_DOMAINS__RESOLVER", value)]);
        let start = "domains.resolver (USHER_DOMAINS__RESOLVER): is neither an IP address";
        assert!(said[0].starts_with(start), "{said:?}");
    }
}
