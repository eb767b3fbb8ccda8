//! Whatever bytes come, nothing panics and nothing takes long.

use std::{fs, path::Path, time::Instant};

use aws_lc_rs::hmac;
use bounces::{
    Envelope, HookKeys, Provider, Reading, ReturnPath, mail, report::MOST_DETAIL, webhook,
};
use contract::{Secret, Timestamp};
use data_encoding::BASE64;
use proptest::prelude::*;

fn path() -> ReturnPath {
    ReturnPath::parse("b@bounce.usher.test").unwrap()
}

fn read(bytes: &[u8]) {
    if let Reading::Reports(reports) = mail::read(bytes, Envelope::default(), &path()) {
        assert!(!reports.is_empty());
        for report in reports {
            assert!(report.detail.chars().count() <= MOST_DETAIL);
            assert!(!report.detail.contains(char::is_control));
            assert!(report.event_id.is_some());
        }
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        read(&bytes);
    }

    #[test]
    fn a_mail_of_the_corpus_is_read_however_it_is_damaged(
        which in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let corpus = corpus();
        let mut bytes = which.get(&corpus).clone();
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        read(&bytes);
    }

    #[test]
    fn the_parts_of_a_mail_are_read_in_any_order(
        lines in proptest::collection::vec(prop_oneof![
            Just("Content-Type: multipart/report; boundary=b"),
            Just("Content-Type: multipart/mixed; boundary*0=\"b"),
            Just("Content-Type: message/delivery-status; charset*=utf-8''%FF%"),
            Just("Content-Type: message/feedback-report"),
            Just("Content-Transfer-Encoding: base64"),
            Just("--b"), Just("--b--"), Just(""), Just(" folded"), Just("From MAILER-DAEMON"),
            Just("From: MAILER-DAEMON@x.test"), Just("Subject: =?utf-8?B?//8=?= delivery"),
            Just("Return-Path: <>"), Just("Status: 5.1.1"), Just("Action: failed"),
            Just("Date: Wed, 25 Nov 9223372036854775807 10:00:00 +0000"),
            Just("<bob@example.edu>:"), Just("550 5.1.1 é"), Just("Feedback-Type: abuse"), Just(":"),
        ], 0..40),
    ) {
        read(lines.join("\n").as_bytes());
        read(lines.join("\r\n").as_bytes());
    }

    #[test]
    fn any_signed_body_and_any_header_is_read(
        body in proptest::collection::vec(any::<u8>(), 0..400),
        id in "\\PC{0,20}",
        timestamp in "\\PC{0,12}",
        signature in "\\PC{0,60}",
    ) {
        let mut keys = HookKeys::default();
        keys.add_standard(&Secret::new(format!("whsec_{}", BASE64.encode(&[7; 32])))).unwrap();
        let now = Timestamp::from_micros(1_000_000_000_000_000);
        let given = |name: &str| match name {
            "webhook-id" => Some(id.as_str()),
            "webhook-timestamp" => Some(timestamp.as_str()),
            _ => Some(signature.as_str()),
        };
        prop_assert!(webhook::verify(Provider::Standard, given, &body, &keys, now).is_err());

        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let signed = [b"m.1000000000.".as_slice(), &body].concat();
        let tag = format!("v1,{}", BASE64.encode(hmac::sign(&key, &signed).as_ref()));
        let good = |name: &str| match name {
            "webhook-id" => Some("m"),
            "webhook-timestamp" => Some("1000000000"),
            _ => Some(tag.as_str()),
        };
        let _ = webhook::verify(Provider::Standard, good, &body, &keys, now);
    }

    #[test]
    fn any_event_is_read(
        kind in "mail\\.(bounced|deferred|delivered)",
        reply in "\\PC{0,700}",
        status in "[2-6](\\.[0-9]{1,4}){0,3}",
        recipient in "\\PC{0,40}",
    ) {
        let event = serde_json::json!({
            "type": kind, "data": { "reply": reply, "status": status, "recipient": recipient },
        });
        let body = event.to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let tag = hmac::sign(&key, format!("m.1000000000.{body}").as_bytes());
        let tag = format!("v1,{}", BASE64.encode(tag.as_ref()));
        let good = |name: &str| match name {
            "webhook-id" => Some("m"),
            "webhook-timestamp" => Some("1000000000"),
            _ => Some(tag.as_str()),
        };
        let mut keys = HookKeys::default();
        keys.add_standard(&Secret::new(format!("whsec_{}", BASE64.encode(&[7; 32])))).unwrap();
        let now = Timestamp::from_micros(1_000_000_000_000_000);
        let reports = webhook::verify(Provider::Standard, good, body.as_bytes(), &keys, now).unwrap();
        prop_assert_eq!(reports.len(), 1);
        prop_assert!(reports[0].detail.chars().count() <= MOST_DETAIL);
    }
}

#[test]
fn a_mail_that_is_nested_without_end_is_read_at_once() {
    let started = Instant::now();
    let message = "Content-Type: message/rfc822\n\n".repeat(9_000);
    read(message.as_bytes());
    let multipart: Vec<String> = (0..5_000)
        .map(|depth| format!("Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n"))
        .collect();
    read(multipart.concat().as_bytes());
    let many_parts = format!(
        "Content-Type: multipart/mixed; boundary=b\n\n{}",
        "--b\n\n".repeat(50_000)
    );
    read(many_parts.as_bytes());
    let many_headers = "a: b\n".repeat(50_000);
    read(many_headers.as_bytes());
    let one_header = format!("Subject: {}", "=?utf-8?Q?a?= ".repeat(18_000));
    read(one_header.as_bytes());
    for many in [
        "; a=b",
        "; a*0=b; a*1=c",
        "; \"",
        "; a*=utf-8''%41",
        "(",
        "\n =?utf-8?B?YQ==?=",
    ] {
        let count = 250_000 / many.len();
        let header = format!("Content-Type: text/plain{}\n\n", many.repeat(count));
        read(header.as_bytes());
        read(format!("Message-ID: {}", many.repeat(count)).as_bytes());
    }
    let addresses = format!(
        "From: MAILER-DAEMON@x.test\nReturn-Path: <>\nSubject: delivery\nX-Failed-Recipients: {}",
        "a@b.test,".repeat(25_000)
    );
    read(addresses.as_bytes());
    let lines: Vec<String> = (0..16_000).map(|one| format!("a{one}@b.test\n")).collect();
    let lines = lines.concat();
    let listed =
        format!("From: MAILER-DAEMON@x.test\nReturn-Path: <>\nSubject: delivery\n\n{lines}");
    read(listed.as_bytes());
    let unended = format!(
        "From: MAILER-DAEMON@x.test\nReturn-Path: <>\nContent-Type: text/html\n\n{}",
        "<".repeat(200_000)
    );
    read(unended.as_bytes());
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn a_year_without_end_is_no_date() {
    let mail = b"From: MAILER-DAEMON@x.test\nReturn-Path: <>\nDate: Wed, 25 Nov 9223372036854775807 10:00:00 +0000\nSubject: failure notice\n\n<bob@example.edu>:\n550 5.1.1 no such user\n";
    let Reading::Reports(reports) = mail::read(mail, Envelope::default(), &path()) else {
        panic!("no report");
    };
    assert_eq!(reports[0].at, None);
}
