//! What providers of mail tell, and sign.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use contract::SystemClock;
use data_encoding::BASE64;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    invited::{Sent, invite},
    server::{Answer, Api, HOOK_SECRET, Institution, sendgrid_key},
};

fn now() -> u64 {
    SystemClock::shared().now().millis() / 1_000
}

/// An event as its provider posts it.
struct Event {
    id: &'static str,
    at: u64,
    secret: [u8; 32],
    body: String,
}

impl Event {
    fn of(sent: &Sent, kind: &str) -> Self {
        let data = json!({
            "message_id": format!("<{}@mail.hill.edu>", sent.id), "reply": "550 5.1.1 no such user",
        });
        Self {
            id: "msg_1",
            at: now(),
            secret: HOOK_SECRET,
            body: json!({ "type": kind, "data": data }).to_string(),
        }
    }

    async fn post(&self) -> Answer {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.secret);
        let signed = format!("{}.{}.{}", self.id, self.at, self.body);
        let tag = hmac::sign(&key, signed.as_bytes());
        let signature = format!("v1,{}", BASE64.encode(tag.as_ref()));
        let request = Api::public().request(Method::POST, "/hooks/mail/standard");
        let request = request.header("webhook-id", self.id);
        let request = request.header("webhook-timestamp", self.at.to_string());
        let request = request.header("webhook-signature", signature);
        Answer::of(request.body(self.body.clone())).await
    }
}

async fn sent(institution: &Institution) -> Sent {
    let link = institution.link(1, json!({})).await;
    let email = format!("ann.{}@hill.edu", institution.id.to_lowercase());
    invite(institution, &link, &email).await
}

async fn state(institution: &Institution, sent: &Sent) -> Value {
    let invite = institution.get(&format!("/invites/{}", sent.id)).await;
    invite.body(200)["state"].clone()
}

#[tokio::test]
async fn a_signed_bounce_is_taken_once() {
    let institution = Institution::found().await;
    let sent = sent(&institution).await;
    let event = Event::of(&sent, "mail.bounced");
    let taken = event.post().await.body(200);
    assert_eq!(taken, json!({ "reports": 1, "changed": 1 }));
    assert_eq!(state(&institution, &sent).await, "bounced");
    let again = event.post().await.body(200);
    assert_eq!(again, json!({ "reports": 1, "changed": 0 }));
    let suppressions = institution.get("/suppressions").await.body(200);
    assert_eq!(suppressions["items"][0]["reason"], "bounce");
}

#[tokio::test]
async fn what_is_unsigned_forged_old_too_large_or_of_nobody_changes_nothing() {
    let institution = Institution::found().await;
    let sent = sent(&institution).await;
    let event = || Event::of(&sent, "mail.bounced");
    let forged = Event {
        secret: [8; 32],
        ..event()
    };
    let old = Event {
        at: now() - 3_600,
        ..event()
    };
    let (forged, old) = (forged.post().await, old.post().await);
    let unsigned = Api::public().request(Method::POST, "/hooks/mail/standard");
    let unsigned = Answer::of(unsigned.body(event().body)).await;
    for refused in [&forged, &old, &unsigned] {
        refused.refused(401, "unauthenticated");
        assert_eq!(refused.body["detail"], Value::Null, "nothing more is told");
    }
    let large = Event {
        body: " ".repeat((1 << 20) + 1),
        ..event()
    };
    large.post().await.refused(413, "too-large");
    let malformed = Event {
        body: "[]]".to_owned(),
        ..event()
    };
    malformed.post().await.refused(400, "malformed");
    for provider in ["mailgun", "Standard", "%20"] {
        let path = format!("/hooks/mail/{provider}");
        let refused = Answer::of(Api::public().request(Method::POST, &path)).await;
        refused.refused(404, "not-found");
    }
    let get = Api::public().get("/hooks/mail/standard").await;
    get.refused(405, "method-not-allowed");
    assert_eq!(state(&institution, &sent).await, "sent");
}

#[tokio::test]
async fn a_batch_of_sendgrids_is_taken_by_its_signature() {
    let institution = Institution::found().await;
    let sent = sent(&institution).await;
    let body = json!([
        { "event": "open", "email": "ann@hill.edu" },
        { "event": "spamreport", "email": "ann@hill.edu", "sg_event_id": format!("e-{}", sent.id),
          "smtp-id": format!("<{}@mail.hill.edu>", sent.id) },
    ]);
    let (body, at) = (body.to_string(), now().to_string());
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, sendgrid_key());
    let signed = [at.as_bytes(), body.as_bytes()].concat();
    let signature = pair.unwrap().sign(&SystemRandom::new(), &signed).unwrap();
    let signature = BASE64.encode(signature.as_ref());
    let post = async |body: &str| {
        let request = Api::public().request(Method::POST, "/hooks/mail/sendgrid");
        let request = request.header("x-twilio-email-event-webhook-signature", &signature);
        let request = request.header("x-twilio-email-event-webhook-timestamp", &at);
        Answer::of(request.body(body.to_owned())).await
    };
    let refused = post(&body.replace("spamreport", "bounce")).await;
    refused.refused(401, "unauthenticated");
    let taken = post(&body).await.body(200);
    assert_eq!(taken["reports"], 1, "an open tells nothing");
    assert_eq!(state(&institution, &sent).await, "complained");
}
