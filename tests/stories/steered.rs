//! A batch under way that rests, goes on, and is taken back: each within two seconds.

use contract::{SystemClock, Timestamp};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{BusKind, Engine, SmtpSink, eventually_some};

use crate::{
    mailroom::{Mailroom, addresses, count},
    node::PATIENCE,
};

/// Within which a batch does as it is told, in microseconds of the node's clock.
const AT_ONCE: i64 = 2_000_000;
const PEOPLE: usize = 400;

fn instant(value: &Value) -> i64 {
    Timestamp::parse(value.as_str().unwrap()).unwrap().micros()
}

/// When each mail of a batch left, as the node wrote it down.
async fn departures(room: &Mailroom, batch: &str) -> Vec<i64> {
    let invites = room.invites(batch).await;
    let sent = invites.values().filter(|invite| invite["state"] == "sent");
    sent.map(|invite| instant(&invite["sent_at"])).collect()
}

/// The batch once nothing of it is on its way.
async fn at_rest(room: &Mailroom, batch: &str) -> Value {
    let is_over = |batch: &Value| count(batch, "sending") == 0;
    room.until(batch, "nothing is on its way", is_over).await
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn a_batch_rests_goes_on_and_is_taken_back_within_two_seconds(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let relay = SmtpSink::start();
    let room = Mailroom::at_rate(engine, bus, &relay.url(), "20").await;
    let batch = room.invite(&addresses(0, PEOPLE)).await;
    let begun = |batch: &Value| count(batch, "sent") > 0;
    room.until(&batch, "the batch is under way", begun).await;

    let (status, paused) = room.steer(&batch, "pause").await;
    assert_eq!(
        (status, &paused["pause_reason"]),
        (200, &json!("administrator"))
    );
    let (_, again) = room.steer(&batch, "pause").await;
    assert_eq!(again["paused_at"], paused["paused_at"]);
    let rests = at_rest(&room, &batch).await;
    let most = instant(&paused["paused_at"]) + AT_ONCE;
    let before = departures(&room, &batch).await;
    assert!(before.iter().all(|at| *at <= most), "a mail left later");
    assert!(before.len() < PEOPLE, "it was over before it could rest");
    // Others go on, and nothing of this one goes with them.
    let other = room.invite(&addresses(PEOPLE, 2)).await;
    let is_over = |batch: &Value| count(batch, "sent") == 2;
    room.until(&other, "the other batch has left", is_over)
        .await;
    assert_eq!(room.batch(&batch).await["states"], rests["states"]);
    assert_eq!(relay.messages().len(), before.len() + 2);

    let asked = SystemClock::shared().now().micros();
    let (status, resumed) = room.steer(&batch, "resume").await;
    let now = (&resumed["paused_at"], &resumed["pause_reason"]);
    assert_eq!((status, now), (200, (&json!(null), &json!(null))));
    let after = eventually_some(PATIENCE, "the batch goes on", async || {
        let now = departures(&room, &batch).await;
        (now.len() > before.len()).then_some(now)
    })
    .await;
    let next = after.iter().filter(|at| **at >= asked).min().unwrap();
    assert!(*next <= asked + AT_ONCE, "{} later", next - asked);
    assert_eq!(room.steer(&batch, "resume").await.0, 200);

    let (status, taken) = room.steer(&batch, "cancel").await;
    assert_eq!(status, 200, "{taken}");
    let is_taken = |batch: &Value| {
        let waiting = ["draft", "queued", "sending"].map(|state| count(batch, state));
        waiting == [0; 3]
    };
    let ended = room.until(&batch, "nothing of it waits", is_taken).await;
    let left = departures(&room, &batch).await;
    let most = instant(&taken["cancelled_at"]) + AT_ONCE;
    assert!(left.iter().all(|at| *at <= most), "a mail left later");
    assert_eq!(left.len() as u64, count(&ended, "sent"));
    let together = count(&ended, "sent") + count(&ended, "cancelled");
    assert_eq!(together, PEOPLE as u64, "{ended}");
    assert!(count(&ended, "cancelled") > 0, "{ended}");
    assert_eq!(relay.messages().len(), left.len() + 2);
    let (_, again) = room.steer(&batch, "cancel").await;
    assert_eq!(again["cancelled_at"], taken["cancelled_at"]);
    for what in ["pause", "resume", "send", "resend"] {
        assert_eq!(room.steer(&batch, what).await.0, 409, "{what}");
    }
    let invites = room.invites(&batch).await;
    assert!(
        invites.values().all(|invite| invite["life"] == "cancelled"),
        "none of it works any more"
    );
}
