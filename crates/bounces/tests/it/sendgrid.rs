//! Events of `SendGrid`, signed with a key made here.

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use bounces::{About, Enhanced, HookKeys, HookProblem, Kind, Provider, Report, webhook::verify};
use contract::Timestamp;
use data_encoding::BASE64;

const NOW: i64 = 1_795_600_000;

struct Sender {
    pair: EcdsaKeyPair,
    keys: HookKeys,
}

impl Sender {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let der = pair.public_key().as_der().unwrap();
        let mut keys = HookKeys::default();
        keys.add_sendgrid(&BASE64.encode(der.as_ref())).unwrap();
        Self { pair, keys }
    }

    fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        let signed = [timestamp.as_bytes(), body].concat();
        let tag = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        BASE64.encode(tag.as_ref())
    }

    fn post(&self, timestamp: &str, tag: &str, body: &str) -> Result<Vec<Report>, HookProblem> {
        let header = |name: &str| match name {
            "x-twilio-email-event-webhook-signature" => Some(tag),
            "x-twilio-email-event-webhook-timestamp" => Some(timestamp),
            _ => None,
        };
        let now = Timestamp::from_micros(NOW * 1_000_000);
        verify(Provider::Sendgrid, header, body.as_bytes(), &self.keys, now)
    }

    fn signed(&self, body: &str) -> Result<Vec<Report>, HookProblem> {
        let now = NOW.to_string();
        self.post(&now, &self.sign(&now, body.as_bytes()), body)
    }
}

const BATCH: &str = r#"[
{"email":"bob@example.edu","timestamp":1795599000,"smtp-id":"<inv_01@usher.test>","event":"bounce","type":"bounce",
 "status":"5.1.1","reason":"550 5.1.1 no such user","sg_event_id":"ev1","sg_message_id":"m.filter"},
{"email":"ann@example.edu","timestamp":1795599001,"smtp-id":"<inv_02@usher.test>","event":"bounce","type":"blocked",
 "status":"5.7.1","reason":"550 blocked","sg_event_id":"ev2"},
{"email":"cyd@example.edu","timestamp":1795599002,"event":"delivered","response":"250 OK","sg_event_id":"ev3","smtp-id":"<inv_03@usher.test>"},
{"email":"dan@example.edu","timestamp":1795599003,"event":"deferred","response":"450 later","attempt":"5","sg_event_id":"ev4",
 "smtp-id":"<inv_04.resend-2@usher.test>"},
{"email":"eve@example.edu","timestamp":1795599004,"event":"spamreport","sg_event_id":"ev5","smtp-id":"inv_05@usher.test"},
{"email":"fay@example.edu","timestamp":1795599005,"event":"dropped","reason":"Bounced Address","sg_event_id":"ev6"},
{"email":"fay@example.edu","timestamp":1795599005,"event":"dropped","reason":"Unsubscribed Address","sg_event_id":"ev7"},
{"email":"gus@example.edu","timestamp":1795599006,"event":"group_unsubscribe","sg_event_id":"ev8"},
{"email":"hal@example.edu","timestamp":1795599007,"event":"open","sg_event_id":"ev9"},
{"email":"ida@example.edu","timestamp":1795599008,"event":"processed","sg_event_id":"ev10"}]"#;

#[test]
fn a_signed_batch_is_its_reports_in_order() {
    let reports = Sender::new().signed(BATCH).unwrap();
    let kinds: Vec<_> = reports.iter().map(|report| report.kind).collect();
    assert_eq!(
        kinds,
        [
            Kind::Hard,
            Kind::Soft,
            Kind::Delivered,
            Kind::Delayed,
            Kind::Complaint,
            Kind::Hard,
            Kind::Unsubscribed,
            Kind::Unsubscribed,
        ]
    );
    let about: Vec<_> = reports.iter().map(|report| report.about.clone()).collect();
    let message = |id: &str| Some(About::Message(format!("{id}@usher.test")));
    assert_eq!(
        about[..5],
        [
            message("inv_01"),
            message("inv_02"),
            message("inv_03"),
            message("inv_04.resend-2"),
            message("inv_05")
        ]
    );
    assert_eq!(reports[0].enhanced, Some(Enhanced(5, 1, 1)));
    assert_eq!(reports[0].event_id.as_deref(), Some("sendgrid-ev1"));
    assert_eq!(reports[0].at.unwrap().micros(), 1_795_599_000_000_000);
    assert_eq!(
        reports[0].recipient.as_ref().unwrap().as_str(),
        "bob@example.edu"
    );
}

#[test]
fn what_is_forged_changed_or_old_is_refused() {
    let (ours, other) = (Sender::new(), Sender::new());
    let now = NOW.to_string();
    let good = ours.sign(&now, BATCH.as_bytes());
    let changed = BATCH.replace("bob", "bab");
    let later = (NOW + 1).to_string();
    for (timestamp, tag, body, problem) in [
        (
            &now,
            other.sign(&now, BATCH.as_bytes()),
            BATCH,
            HookProblem::Forged,
        ),
        (&now, good.clone(), &*changed, HookProblem::Forged),
        (&later, good.clone(), BATCH, HookProblem::Forged),
        (
            &now,
            BASE64.encode(b"no signature"),
            BATCH,
            HookProblem::Forged,
        ),
        (&now, String::new(), BATCH, HookProblem::Forged),
        (&now, "no base64".to_owned(), BATCH, HookProblem::Unsigned),
        (&String::new(), good, BATCH, HookProblem::Unsigned),
    ] {
        assert_eq!(
            ours.post(timestamp, &tag, body),
            Err(problem),
            "{timestamp} {tag}"
        );
    }
    let old = (NOW - 2 * 86_400).to_string();
    let signature = ours.sign(&old, BATCH.as_bytes());
    assert_eq!(ours.post(&old, &signature, BATCH), Err(HookProblem::Stale));
    // It tries for a day, and its first signature may come along.
    let yesterday = (NOW - 86_400).to_string();
    let signature = ours.sign(&yesterday, BATCH.as_bytes());
    assert!(ours.post(&yesterday, &signature, BATCH).is_ok());
}

#[test]
fn what_is_signed_and_no_batch_is_malformed() {
    let sender = Sender::new();
    for body in ["", "{}", "[1]", "null", r#"[{"event":1}]"#] {
        assert_eq!(sender.signed(body), Err(HookProblem::Malformed), "{body}");
    }
    for body in ["[]", "[{}]", r#"[{"event":"bounce2"}]"#] {
        assert_eq!(sender.signed(body), Ok(vec![]), "{body}");
    }
    let odd =
        r#"[{"event":"delivered","email":7,"timestamp":"x","sg_event_id":null,"smtp-id":[]}]"#;
    let reports = sender.signed(odd).unwrap();
    assert_eq!((&reports[0].recipient, &reports[0].at), (&None, &None));
}

#[test]
fn a_thousand_events_are_taken_and_ten_thousand_are_not() {
    let sender = Sender::new();
    let many = |count| format!("[{}]", vec![r#"{"event":"delivered"}"#; count].join(","));
    assert_eq!(sender.signed(&many(1_000)).unwrap().len(), 1_000);
    assert_eq!(sender.signed(&many(10_000)), Err(HookProblem::TooLarge));
}

#[test]
fn a_key_of_another_kind_is_refused() {
    for text in [
        "",
        "AAAA",
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
    ] {
        assert!(HookKeys::default().add_sendgrid(text).is_err(), "{text}");
    }
}
