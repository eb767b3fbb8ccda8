//! What comes back by mail: forged by somebody who knows an invite, and written by who carried it.

use std::{fs, path::Path};

use reqwest::Method;
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

impl Scene {
    async fn ann(&self) -> Value {
        let list = format!("{}/invites?q={ANN}", self.at);
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
    let mails = scene.relay.messages();
    let mail = mails.iter().find(|mail| mail.recipients == [ANN]).unwrap();
    let text = mail.text();
    let (headers, _) = text.split_once("\r\n\r\n").unwrap();
    let named = headers.lines().find(|line| line.starts_with("Message-ID:"));
    assert!(named.unwrap().contains(&id), "{headers}");
    put(folder.path(), "1.forged", &complaint(named.unwrap()));
    let unproved = "usher_mail_unproved_reports_total 1";
    let is_counted = async || {
        let (_, metrics) = scene.node.ops("/metrics").await;
        metrics.lines().any(|line| line == unproved)
    };
    eventually(PATIENCE, "the forged complaint is counted", is_counted).await;
    assert_eq!(scene.ann().await["state"], "sent");
    assert_eq!(neighbour.may_invite().await, 1);

    // Who carried the mail has what is secret of it, and may leave out whom it was for.
    let redacted = headers.split("\r\n").filter(|line| {
        let hidden = ["To:", "Message-ID:"];
        !hidden.iter().any(|name| line.starts_with(name))
    });
    let redacted = redacted.collect::<Vec<_>>().join("\r\n");
    put(folder.path(), "2.true", &complaint(&redacted));
    scene.becomes("complained").await;
    assert_eq!(neighbour.may_invite().await, 0);
}
