//! Events signed as Standard Webhooks says.

use aws_lc_rs::hmac;
use bounces::{
    About, Enhanced, HookKeys, HookProblem, Kind, Provider, Report,
    webhook::{MOST_EVENTS, verify},
};
use contract::{EmailAddress, Secret, Timestamp};
use data_encoding::BASE64;

const SECRET: [u8; 32] = [7; 32];
const NOW: i64 = 1_795_600_000;

fn keys() -> HookKeys {
    let mut keys = HookKeys::default();
    let text = format!("whsec_{}", BASE64.encode(&SECRET));
    keys.add_standard(&Secret::new(text)).unwrap();
    keys
}

fn sign(secret: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    format!("v1,{}", BASE64.encode(hmac::sign(&key, &signed).as_ref()))
}

fn post(
    id: &str,
    timestamp: &str,
    signature: &str,
    body: &[u8],
) -> Result<Vec<Report>, HookProblem> {
    let header = |name: &str| match name {
        "webhook-id" => Some(id),
        "webhook-timestamp" => Some(timestamp),
        "webhook-signature" => Some(signature),
        _ => None,
    };
    let now = Timestamp::from_micros(NOW * 1_000_000);
    verify(Provider::Standard, header, body, &keys(), now)
}

fn signed(body: &str) -> Result<Vec<Report>, HookProblem> {
    let now = NOW.to_string();
    let signature = sign(&SECRET, "msg_1", &now, body.as_bytes());
    post("msg_1", &now, &signature, body.as_bytes())
}

const BOUNCED: &str = r#"{"type":"mail.bounced","timestamp":"2026-11-25T10:00:00Z","data":{
    "message_id":"<inv_01@usher.test>","recipient":"bob@example.edu",
    "reply":"550 5.1.1 user\r\nunknown"}}"#;

#[test]
fn a_signed_event_is_a_report() {
    let reports = signed(BOUNCED).unwrap();
    let expected = Report {
        about: Some(About::Message("inv_01@usher.test".to_owned())),
        recipient: EmailAddress::parse("bob@example.edu").ok(),
        kind: Kind::Hard,
        enhanced: Some(Enhanced(5, 1, 1)),
        detail: "550 5.1.1 user unknown".to_owned(),
        event_id: Some("standard-msg_1-0".to_owned()),
        at: Timestamp::parse("2026-11-25T10:00:00Z"),
    };
    assert_eq!(reports, [expected]);
    assert_eq!(signed(BOUNCED).unwrap(), reports);
}

#[test]
fn every_type_has_its_kind_and_others_are_passed_over() {
    for (name, kind) in [
        ("mail.deferred", Some(Kind::Delayed)),
        ("mail.delivered", Some(Kind::Delivered)),
        ("mail.complained", Some(Kind::Complaint)),
        ("mail.unsubscribed", Some(Kind::Unsubscribed)),
        ("mail.bounced", Some(Kind::Soft)),
        ("mail.opened", None),
    ] {
        let reports = signed(&format!(
            r#"{{"type":"{name}","data":{{"token":"t1","event_id":"e9"}}}}"#
        ));
        let reports = reports.unwrap();
        assert_eq!(reports.first().map(|report| report.kind), kind, "{name}");
        for report in reports {
            assert_eq!(report.about, Some(About::Token("t1".to_owned())));
            assert_eq!(report.event_id.as_deref(), Some("standard-e9"));
        }
    }
}

#[test]
fn the_example_of_the_specification_is_valid() {
    let mut keys = HookKeys::default();
    keys.add_standard(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        .unwrap();
    let header = |name: &str| match name {
        "webhook-id" => Some("msg_p5jXN8AQM9LWM0D4loKWxJek"),
        "webhook-timestamp" => Some("1614265330"),
        "webhook-signature" => Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        _ => None,
    };
    let now = Timestamp::from_micros(1_614_265_330_000_000);
    let checked = verify(
        Provider::Standard,
        header,
        br#"{"test": 2432232314}"#,
        &keys,
        now,
    );
    // Its signature holds; it is just no event of ours.
    assert_eq!(checked, Err(HookProblem::Malformed));
}

#[test]
fn one_good_signature_among_several_is_enough() {
    let now = NOW.to_string();
    let good = sign(&SECRET, "m", &now, BOUNCED.as_bytes());
    let other = sign(&[8; 32], "m", &now, BOUNCED.as_bytes());
    for signatures in [
        format!("{other} {good}"),
        format!("v1a,AAAA v2,BBBB {good}"),
        format!("v1,!!! {good}"),
    ] {
        assert!(
            post("m", &now, &signatures, BOUNCED.as_bytes()).is_ok(),
            "{signatures}"
        );
    }
}

#[test]
fn what_is_forged_changed_or_old_is_refused() {
    let body = BOUNCED.as_bytes();
    let now = NOW.to_string();
    let good = sign(&SECRET, "m", &now, body);
    let changed = BOUNCED.replace("bob", "ann");
    for (id, timestamp, signature, body, problem) in [
        (
            "m",
            &*now,
            &*sign(&[8; 32], "m", &now, body),
            body,
            HookProblem::Forged,
        ),
        ("m", &now, &good, changed.as_bytes(), HookProblem::Forged),
        ("n", &now, &good, body, HookProblem::Forged),
        (
            "m",
            &(NOW + 1).to_string(),
            &good,
            body,
            HookProblem::Forged,
        ),
        (
            "m",
            &now,
            &good.replace("v1,", "v2,"),
            body,
            HookProblem::Forged,
        ),
        ("m", &now, "", body, HookProblem::Forged),
        ("m", &now, "v1,", body, HookProblem::Forged),
        ("", &now, &good, body, HookProblem::Unsigned),
        ("m.1", &now, &good, body, HookProblem::Unsigned),
        ("m", "", &good, body, HookProblem::Unsigned),
        ("m", "+1", &good, body, HookProblem::Unsigned),
        ("m", "now", &good, body, HookProblem::Unsigned),
    ] {
        let found = post(id, timestamp, signature, body);
        assert_eq!(found, Err(problem), "{id} {timestamp} {signature}");
        assert_eq!(problem.status(), 401);
    }
    for (off, fresh) in [(300, true), (-300, true), (301, false), (-301, false)] {
        let timestamp = (NOW - off).to_string();
        let found = post("m", &timestamp, &sign(&SECRET, "m", &timestamp, body), body);
        let expected = if fresh {
            None
        } else {
            Some(HookProblem::Stale)
        };
        assert_eq!(found.err(), expected, "{off}");
    }
}

#[test]
fn what_is_signed_and_no_event_is_malformed() {
    for body in [
        "",
        "{",
        "[1]",
        "null",
        r#"{"data":{}}"#,
        r#"{"type":1}"#,
        "\u{0}",
    ] {
        assert_eq!(signed(body), Err(HookProblem::Malformed), "{body}");
    }
    assert_eq!(HookProblem::Malformed.status(), 400);
}

#[test]
fn a_thousand_events_are_taken_and_ten_thousand_are_not() {
    let many = |count| {
        format!(
            "[{}]",
            vec![r#"{"type":"mail.delivered"}"#; count].join(",")
        )
    };
    let reports = signed(&many(1_000)).unwrap();
    let ids: std::collections::BTreeSet<_> =
        reports.iter().map(|report| &report.event_id).collect();
    assert_eq!(ids.len(), 1_000);
    assert_eq!(signed(&many(MOST_EVENTS)).unwrap().len(), MOST_EVENTS);
    assert_eq!(signed(&many(10_000)), Err(HookProblem::TooLarge));
}

#[test]
fn without_a_key_nothing_is_believed_and_a_bad_key_is_refused() {
    let nothing = verify(
        Provider::Standard,
        |_| None,
        b"{}",
        &HookKeys::default(),
        Timestamp::from_micros(0),
    );
    assert_eq!(nothing, Err(HookProblem::NotConfigured));
    for text in [
        "",
        "whsec_",
        "whsec_AAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ] {
        assert!(
            HookKeys::default()
                .add_standard(&Secret::new(text))
                .is_err(),
            "{text}"
        );
    }
    assert!(!format!("{:?}", keys()).contains("BwcH"));
}
