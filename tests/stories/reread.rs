//! A node that is told to read its settings again while a batch leaves it.

use std::time::Instant;

use reqwest::Method;
use rstest::rstest;
use serde_json::Value;
use testkit::{BusKind, Engine, SmtpSink, eventually};

use crate::{
    institution::Institution,
    mailroom::{Mailroom, addresses, by_recipient, count},
    node::{Ground, PATIENCE},
    program::Program,
};

/// More than leave within our patience at one a second.
const PEOPLE: usize = 120;

/// Whether a line of the log has all of this.
fn says(room: &Mailroom, words: &[&str]) -> bool {
    let log = room.node.process.stderr_text();
    log.lines()
        .any(|line| words.iter().all(|word| line.contains(word)))
}

async fn until_said(room: &Mailroom, words: &[&str]) {
    eventually(PATIENCE, "the node says so", async || says(room, words)).await;
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn other_limits_hold_at_once_and_settings_that_cannot_be_used_change_nothing(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let relay = SmtpSink::start();
    let ground = Ground::new(engine, bus);
    ground.tell("[mail]\nper_second = 1\n");
    let room = Mailroom::on(ground, &relay.url(), &[]).await;
    let begun = Instant::now();
    let people = addresses(0, PEOPLE);
    let batch = room.invite(&people).await;
    let under_way = |batch: &serde_json::Value| count(batch, "sent") > 0;
    room.until(&batch, "the batch is under way", under_way)
        .await;

    room.ground
        .tell("[mail]\nper_second = 0\nper_hour = 3\nfinal_dot_timeout_seconds = 5\n");
    room.node.process.sighup();
    let refused = "the settings cannot be used";
    until_said(&room, &[refused, "mail.per_hour", "no such key"]).await;
    until_said(&room, &[refused, "mail.final_dot_timeout_seconds", "60"]).await;
    // The former limit goes on.
    let three = relay.messages().len() + 3;
    eventually(PATIENCE, "mails leave", async || {
        relay.messages().len() >= three
    })
    .await;
    let most = begun.elapsed().as_secs() + 2;
    assert!(relay.messages().len() as u64 <= most, "faster than it was");

    room.ground
        .tell("[mail]\nper_second = 0\n\n[events]\nkeep_days = 31\n");
    room.node.process.sighup();
    until_said(&room, &["read again", "mail.per_second from 1 to 0"]).await;
    until_said(&room, &["need a restart", "events.keep_days"]).await;
    let is_over = |batch: &serde_json::Value| !batch["finished_at"].is_null();
    let over = room.until(&batch, "all of it has left", is_over).await;
    assert_eq!(count(&over, "sent"), PEOPLE as u64, "{over}");
    let mails = relay.messages();
    let copies = by_recipient(&mails);
    assert!(mails.len() == PEOPLE && copies.len() == PEOPLE);
}

#[tokio::test]
async fn another_throttle_holds_at_once() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    ground.tell("[throttle]\nper_organisation_per_minute = 50\n");
    let node = ground.start();
    let institution = Institution::found(&ground, &node).await;
    let program = Program::of(&ground, &node, &institution);
    let path = format!("/organisations/{}/plans", institution.id);
    let ask = async || program.send(Method::GET, &path, &Value::Null).await.0;
    for _ in 0..5 {
        assert_eq!(ask().await, 200);
    }
    ground.tell("[throttle]\nper_organisation_per_minute = 3\n");
    node.process.sighup();
    eventually(PATIENCE, "the node says so", async || {
        let log = node.process.stderr_text();
        log.contains("per_organisation_per_minute from 50 to 3")
    })
    .await;
    for expected in [200, 200, 200, 429] {
        assert_eq!(ask().await, expected);
    }
}
