//! `usher doctor` before a relay and a DNS: what it says of both, and what becomes of its advice.

use std::process::Output;

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use data_encoding::BASE64;
use rstest::rstest;
use testkit::{BusKind, DnsServer, Engine, SmtpScript, SmtpSink, SmtpTls};

use crate::node::Ground;

const FROM: &str = "Usher <usher@mail.hill.edu>";
const BACK: &str = "b@bounce.hill.edu";

/// A new RSA key in PEM, and the record of its public one.
fn keys() -> (String, String) {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    let [private, public] = [private.as_ref(), public.as_ref()].map(|der| BASE64.encode(der));
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{private}\n-----END PRIVATE KEY-----\n");
    (pem, format!("v=DKIM1; k=rsa; p={public}"))
}

/// An operator with settings, a relay and a DNS.
struct Surgery {
    ground: Ground,
    dns: DnsServer,
    /// The record of our key.
    record: String,
    settings: Vec<(&'static str, String)>,
}

impl Surgery {
    fn open(relay: &str) -> Self {
        let dns = DnsServer::start();
        let (key, record) = keys();
        let settings = vec![
            ("USHER_DOMAINS__RESOLVER", dns.address().to_string()),
            ("USHER_MAIL__URL", relay.to_owned()),
            ("USHER_MAIL__FROM", FROM.to_owned()),
            ("USHER_MAIL__RETURN_PATH", BACK.to_owned()),
            ("USHER_MAIL__BOUNCES", "maildir:bounces".to_owned()),
            ("USHER_MAIL__DKIM_SELECTOR", "s2026".to_owned()),
            ("USHER_MAIL__DKIM_DOMAIN", "hill.edu".to_owned()),
            ("USHER_MAIL__DKIM_KEY", key),
        ];
        Self {
            ground: Ground::new(Engine::Sqlite, BusKind::Local),
            dns,
            record,
            settings,
        }
    }

    /// All that should be there.
    fn publish(&self) {
        self.dns
            .text("bounce.hill.edu", "v=spf1 include:_spf.relay.example -all");
        self.dns.text("bounce.hill.edu", "a site verification");
        self.dns.text("s2026._domainkey.hill.edu", &self.record);
        self.dns.text("_dmarc.hill.edu", "v=DMARC1; p=quarantine");
        self.dns.mail_host("bounce.hill.edu", "mx.hill.edu");
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(former, _)| *former != name);
        self.settings.push((name, value.to_owned()));
    }

    fn look(&self) -> Findings {
        let settings = self.settings.iter();
        let settings: Vec<_> = settings.map(|(name, value)| (*name, &**value)).collect();
        Findings::of(&self.ground.try_usher(&["doctor"], &settings))
    }
}

/// What it said: what was looked at, how that ended, and the words.
struct Findings {
    lines: Vec<[String; 3]>,
    code: Option<i32>,
}

impl Findings {
    fn of(output: &Output) -> Self {
        let said = String::from_utf8(output.stdout.clone()).unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(error, "", "{said}");
        assert!(
            !said.contains("PRIVATE") && !said.contains("s3cret"),
            "{said}"
        );
        let lines = said.lines().map(|line| {
            let (verdict, rest) = line.split_at(9);
            let (what, text) = rest.split_at(15);
            [what.trim(), verdict.trim(), text].map(str::to_owned)
        });
        Self {
            lines: lines.collect(),
            code: output.status.code(),
        }
    }

    /// What is not ok, with how it ended.
    fn bad(&self) -> Vec<(&str, &str)> {
        let bad = self.lines.iter().filter(|[_, verdict, _]| verdict != "ok");
        let bad = bad.map(|[what, verdict, _]| (what.as_str(), verdict.as_str()));
        bad.collect()
    }

    fn text(&self, what: &str) -> &str {
        let mut lines = self.lines.iter();
        let found = lines.find(|[of, ..]| of == what);
        &found.unwrap_or_else(|| panic!("no {what} in {:?}", self.lines))[2]
    }

    /// The records that are to be published: names and texts.
    fn records(&self) -> Vec<(String, String)> {
        let records = self.lines.iter().filter_map(|[.., text]| {
            let (_, record) = text.split_once("publish: ")?;
            let (name, text) = record.split_once(". TXT ")?;
            let pieces: Vec<_> = text.split('"').skip(1).step_by(2).collect();
            assert!(pieces.iter().all(|piece| piece.len() <= 255), "{text}");
            Some((name.to_owned(), pieces.concat()))
        });
        records.collect()
    }
}

#[test]
fn where_all_is_as_it_should_be_it_says_so_and_sends_nothing() {
    let script = SmtpScript::new().login("usher", "s3cret", "PLAIN");
    let relay = SmtpSink::start_with(script.tls(SmtpTls::Implicit));
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, relay.authority_pem()).unwrap();
    let url = format!("smtps://usher:s3cret@{}", relay.address());
    let mut surgery = Surgery::open(&url);
    surgery.set("USHER_MAIL__TLS_CA_FILE", authority.to_str().unwrap());
    surgery.publish();
    for is_cutting in [false, true] {
        if is_cutting {
            surgery.dns.cut();
        }
        let found = surgery.look();
        assert_eq!(found.bad(), [], "{:?}", found.lines);
        assert_eq!(found.code, Some(0));
        let looked_at: Vec<_> = found.lines.iter().map(|[what, ..]| what.as_str()).collect();
        let expected = [
            "relay",
            "tls",
            "spf",
            "spf alignment",
            "dkim",
            "dkim alignment",
            "dmarc",
            "mx",
        ];
        assert_eq!(looked_at, expected);
        let relay = found.text("relay");
        assert!(
            relay.ends_with("with TLS and takes our password"),
            "{relay}"
        );
    }
    assert!(surgery.dns.asked_by_tcp() >= 4);
    assert_eq!(relay.commands("MAIL"), 0);
    assert_eq!(relay.commands("QUIT"), relay.connections());
}

#[test]
fn what_it_says_to_publish_is_what_was_missing() {
    let relay = SmtpSink::start();
    let surgery = Surgery::open(&relay.url());
    let found = surgery.look();
    let missing = ["spf", "dkim", "dmarc", "mx"].map(|what| (what, "missing"));
    assert_eq!(found.bad(), missing, "{:?}", found.lines);
    assert_eq!(found.code, Some(1));
    for (name, text) in found.records() {
        surgery.dns.text(&name, &text);
    }
    // The relay of this test is on this machine: its address is nothing to publish.
    let missing = ["spf", "mx"].map(|what| (what, "missing"));
    assert_eq!(surgery.look().bad(), missing);
    let spf = found.text("spf");
    assert!(spf.contains("127.0.0.1 is known here only"), "{spf}");
    surgery
        .dns
        .text("bounce.hill.edu", "v=spf1 ip4:192.0.2.1 -all");
    assert_eq!(surgery.look().bad(), [("mx", "missing")]);
    surgery.dns.mail_host("bounce.hill.edu", "mx.hill.edu");
    assert_eq!(surgery.look().code, Some(0));
}

#[rstest]
#[case::everybody("bounce.hill.edu", &["v=spf1 +all"], "spf")]
#[case::two("bounce.hill.edu", &["v=spf1 mx -all", "v=spf1 a -all"], "spf")]
#[case::key("s2026._domainkey.hill.edu", &["v=DKIM1; p=AAAA"], "dkim")]
#[case::policy("_dmarc.hill.edu", &["v=DMARC1; p=perhaps"], "dmarc")]
#[case::dmarcs("_dmarc.hill.edu", &["v=DMARC1; p=none", "v=DMARC1; p=none"], "dmarc")]
#[case::strict_spf("_dmarc.hill.edu", &["v=DMARC1; p=none; aspf=s"], "spf alignment")]
#[case::strict_dkim("_dmarc.hill.edu", &["v=DMARC1; p=none; adkim=s"], "dkim alignment")]
fn what_is_there_and_does_not_do_is_named(
    #[case] name: &str,
    #[case] texts: &[&str],
    #[case] what: &str,
) {
    let relay = SmtpSink::start();
    let surgery = Surgery::open(&relay.url());
    surgery.publish();
    surgery.dns.forget(name);
    for text in texts {
        surgery.dns.text(name, text);
    }
    if name == "bounce.hill.edu" {
        surgery.dns.mail_host(name, "mx.hill.edu");
    }
    let found = surgery.look();
    assert_eq!(found.bad(), [(what, "wrong")], "{:?}", found.lines);
    assert_eq!(found.code, Some(1));
}

#[test]
fn domains_of_somebody_else_do_not_vouch_and_a_domain_without_mail_loses_bounces() {
    let relay = SmtpSink::start();
    let mut surgery = Surgery::open(&relay.url());
    surgery.publish();
    surgery.dns.forget("bounce.hill.edu");
    surgery.dns.text("bounce.hill.edu", "v=spf1 mx -all");
    surgery.dns.mail_host("bounce.hill.edu", ".");
    surgery.set("USHER_MAIL__FROM", "usher@dale.edu");
    surgery.dns.text("_dmarc.dale.edu", "v=DMARC1; p=none");
    let wrong = ["spf alignment", "dkim alignment", "mx"].map(|what| (what, "wrong"));
    assert_eq!(surgery.look().bad(), wrong);
    surgery.set("USHER_MAIL__BOUNCES", "");
    let found = surgery.look();
    assert_eq!(found.bad().last(), Some(&("mx", "skipped")));
}

#[test]
fn whoever_does_not_answer_is_told_from_what_is_not_there() {
    let relay = SmtpSink::start();
    let mut surgery = Surgery::open(&relay.url());
    surgery.publish();
    surgery.dns.fail("bounce.hill.edu");
    surgery.dns.fail("s2026._domainkey.hill.edu");
    surgery.dns.fail("_dmarc.mail.hill.edu");
    let unknown = ["spf", "dkim", "dmarc", "mx"].map(|what| (what, "unknown"));
    let found = surgery.look();
    assert_eq!((found.bad(), found.code), (unknown.to_vec(), Some(1)));

    // Nobody reads what comes to this port.
    let silent = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    let address = silent.local_addr().unwrap().to_string();
    surgery.set("USHER_DOMAINS__RESOLVER", &address);
    let found = surgery.look();
    assert_eq!((found.bad(), found.code), (unknown.to_vec(), Some(1)));
    let dkim = found.text("dkim");
    assert!(dkim.ends_with("no DNS server answers"), "{dkim}");
}

#[test]
fn a_relay_that_cannot_be_reached_or_might_be_spoken_to_in_the_clear_is_told() {
    // A name that nobody ever has: nothing leaves this machine.
    let mut surgery = Surgery::open("smtp://relay.invalid:587");
    surgery.publish();
    let found = surgery.look();
    let wrong = ["relay", "tls"].map(|what| (what, "wrong"));
    assert_eq!(found.bad(), wrong, "{:?}", found.lines);
    assert!(
        found.text("tls").contains("?tls=required"),
        "{}",
        found.text("tls")
    );

    let relay = SmtpSink::start_with(SmtpScript::new().login("usher", "s3cret", "PLAIN"));
    let url = format!("smtp://usher:wrong@{}", relay.address());
    surgery.set("USHER_MAIL__URL", &url);
    let found = surgery.look();
    assert_eq!(found.bad(), [("relay", "wrong")], "{:?}", found.lines);
    assert!(
        found.text("relay").contains("535"),
        "{}",
        found.text("relay")
    );

    surgery.set("USHER_MAIL__URL", "file:mail");
    assert_eq!(surgery.look().bad(), [("relay", "skipped")]);
}

#[test]
fn an_address_that_nobody_knows_is_told_and_a_key_is_not_asked_for_where_there_is_none() {
    let relay = SmtpSink::start();
    let mut surgery = Surgery::open(&relay.url());
    surgery.publish();
    for name in [
        "USHER_MAIL__DKIM_SELECTOR",
        "USHER_MAIL__DKIM_DOMAIN",
        "USHER_MAIL__DKIM_KEY",
    ] {
        surgery.set(name, "");
    }
    let found = surgery.look();
    assert_eq!(
        (found.bad(), found.code),
        (vec![("dkim", "skipped")], Some(0))
    );
    surgery.set("USHER_MAIL__FROM", "usher@localhost");
    let found = surgery.look();
    assert_eq!(
        (found.bad(), found.code),
        (vec![("from", "wrong")], Some(1))
    );
}
