//! What comes back: by mail, forged by somebody who knows an invite, or written by who carried it; and
//! signed by a provider.

use std::{fs, path::Path};

use aws_lc_rs::hmac;
use contract::SystemClock;
use data_encoding::BASE64;
use reqwest::{Client, Method};
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{BusKind, Engine, eventually};

use crate::{
    institution::{Institution, Link},
    invited::Scene,
    node::PATIENCE,
    program::Program,
};

const ANN: &str = "ann@hill.edu";
const MISTYPED: &str = "anm@hill.edu";
/// What a provider signs with.
const SECRET: [u8; 32] = [7; 32];

/// An organisation whose node reads a maildir.
async fn open(engine: Engine, bus: BusKind) -> (Scene, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["new", "cur", "tmp"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let bounces = format!("maildir:{}", folder.path().display());
    let settings = [
        ("USHER_MAIL__PER_SECOND", "0"),
        ("USHER_MAIL__RETURN_PATH", "b@bounce.hill.edu"),
        ("USHER_MAIL__BOUNCES", bounces.as_str()),
    ];
    (Scene::within(engine, bus, 5, &settings).await, folder)
}

/// A complaint (RFC 5965) about a mail with these headers.
fn complaint(original: &str) -> String {
    format!(
        "From: fbl@isp.hill.edu\r\nTo: b@bounce.hill.edu\r\nSubject: FW: invited\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"x\"\r\n\r\n\
         --x\r\nContent-Type: message/feedback-report\r\n\r\n\
         Feedback-Type: abuse\r\nUser-Agent: FBL/1\r\nVersion: 1\r\n\r\n\
         --x\r\nContent-Type: message/rfc822\r\n\r\n{original}\r\n\r\n--x--\r\n"
    )
}

fn put(folder: &Path, name: &str, mail: &str) {
    let arriving = folder.join("tmp").join(name);
    fs::write(&arriving, mail).unwrap();
    fs::rename(arriving, folder.join("new").join(name)).unwrap();
}

/// A header of the mail that went to somebody, whole.
fn header(scene: &Scene, to: &str, name: &str) -> String {
    let mails = scene.relay.messages();
    let mail = mails.iter().find(|mail| mail.recipients == [to]).unwrap();
    let text = mail.text();
    let line = text.lines().find(|line| line.starts_with(name));
    line.unwrap().to_owned()
}

/// A provider says that a mail came back; answers how many reports changed something.
async fn bounced(scene: &Scene, n: u32, message_id: &str, recipient: Option<&str>) -> u64 {
    let (_, message_id) = message_id.split_once(": ").unwrap();
    let data =
        json!({ "message_id": message_id, "recipient": recipient, "reply": "550 5.1.1 nobody" });
    let body = json!({ "type": "mail.bounced", "data": data }).to_string();
    let (id, at) = (
        format!("msg_{n}"),
        SystemClock::shared().now().millis() / 1_000,
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, &SECRET);
    let tag = hmac::sign(&key, format!("{id}.{at}.{body}").as_bytes());
    let url = format!("{}/api/v1/hooks/mail/standard", scene.node.http);
    let request = Client::new().post(url).body(body);
    let request = request.header("webhook-id", id);
    let request = request.header("webhook-timestamp", at.to_string());
    let signature = format!("v1,{}", BASE64.encode(tag.as_ref()));
    let answer = request.header("webhook-signature", signature).send().await;
    let taken: Value = answer.unwrap().json().await.unwrap();
    assert_eq!(taken["reports"], 1, "{taken}");
    taken["changed"].as_u64().unwrap()
}

impl Scene {
    async fn suppressed(&self) -> Vec<Value> {
        let list = self.owner.all(&format!("{}/suppressions", self.at)).await;
        list.iter().map(|row| row["email"].clone()).collect()
    }

    async fn ann(&self) -> Value {
        let list = format!("{}/invites?q=@hill.edu", self.at);
        self.owner.get(&list).await["items"][0].clone()
    }

    async fn becomes(&self, state: &str) {
        let is = async || self.ann().await["state"] == state;
        eventually(PATIENCE, state, is).await;
    }
}

/// Another organisation of the same node.
struct Neighbour {
    owner: Program,
    link: Link,
    at: String,
}

impl Neighbour {
    async fn of(scene: &Scene) -> Self {
        let (institution, link) = Institution::with_link(&scene.ground, &scene.node, 5, &[]).await;
        Self {
            owner: Program::of(&scene.ground, &scene.node, &institution),
            link,
            at: format!("/organisations/{}", institution.id),
        }
    }

    /// How many of one it may invite.
    async fn may_invite(&self) -> u64 {
        let body = json!({ "link_id": self.link.id, "addresses": ANN, "dry_run": true });
        let path = format!("{}/invites", self.at);
        let (status, draft) = self.owner.send(Method::POST, &path, &body).await;
        assert_eq!(status, 202, "{draft}");
        draft["accepted"].as_u64().unwrap()
    }
}

#[rstest]
#[tokio::test]
async fn a_forged_complaint_shuts_nobody_out_and_one_about_our_mail_is_heard_everywhere(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let (scene, folder) = open(engine, bus).await;
    let neighbour = Neighbour::of(&scene).await;
    scene.invite(ANN, false).await;
    scene.mailed(ANN).await;
    scene.becomes("sent").await;

    // An administrator sees the id of an invite, and what its Message-ID is made of is no secret.
    let id = scene.ann().await["id"].as_str().unwrap().to_owned();
    let named = header(&scene, ANN, "Message-ID:");
    assert!(named.contains(&id), "{named}");
    put(folder.path(), "1.forged", &complaint(&named));
    let unproved = "usher_mail_unproved_reports_total 1";
    let is_counted = async || {
        let (_, metrics) = scene.node.ops("/metrics").await;
        metrics.lines().any(|line| line == unproved)
    };
    eventually(PATIENCE, "the forged complaint is counted", is_counted).await;
    assert_eq!(scene.ann().await["state"], "sent");
    assert_eq!(neighbour.may_invite().await, 1);

    // Who carried the mail has what is secret of it, and may leave out whom it was for.
    let mails = scene.relay.messages();
    let mail = mails.iter().find(|mail| mail.recipients == [ANN]).unwrap();
    let text = mail.text();
    let (headers, _) = text.split_once("\r\n\r\n").unwrap();
    let redacted = headers.split("\r\n").filter(|line| {
        let hidden = ["To:", "Message-ID:"];
        !hidden.iter().any(|name| line.starts_with(name))
    });
    let redacted = redacted.collect::<Vec<_>>().join("\r\n");
    put(folder.path(), "2.true", &complaint(&redacted));
    scene.becomes("complained").await;
    assert_eq!(neighbour.may_invite().await, 0);
}

#[rstest]
#[tokio::test]
async fn what_a_provider_says_late_of_a_mistyped_address_does_not_touch_the_right_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let secret = format!("whsec_{}", BASE64.encode(&SECRET));
    let settings = [
        ("USHER_MAIL__PER_SECOND", "0"),
        ("USHER_MAIL__WEBHOOK_STANDARD", secret.as_str()),
    ];
    let scene = Scene::within(engine, BusKind::Local, 5, &settings).await;
    scene.invite(MISTYPED, false).await;
    scene.mailed(MISTYPED).await;
    scene.becomes("sent").await;
    let path = scene.ann().await["id"].as_str().unwrap().to_owned();
    let path = format!("{}/invites/{path}", scene.at);
    let right = json!({ "email": ANN });
    let (status, said) = scene.owner.send(Method::PATCH, &path, &right).await;
    assert_eq!(status, 200, "{said}");
    scene.mailed(ANN).await;
    scene.becomes("sent").await;

    let [old, new] = [MISTYPED, ANN].map(|to| header(&scene, to, "Message-ID:"));
    assert_ne!(old, new);
    bounced(&scene, 1, &old, None).await;
    bounced(&scene, 2, &old, Some(MISTYPED)).await;
    assert_eq!(scene.ann().await["state"], "sent");
    assert_eq!(scene.suppressed().await, [MISTYPED]);
    assert_eq!(bounced(&scene, 3, &new, None).await, 1);
    assert_eq!(scene.ann().await["state"], "bounced");
    assert_eq!(scene.suppressed().await, [MISTYPED, ANN]);
}
