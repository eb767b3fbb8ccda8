//! What a relay does to mails, and what becomes of the invites, as the API tells it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use contract::SystemClock;
use rstest::rstest;
use serde_json::json;
use testkit::{BusKind, Engine, SmtpAct, SmtpAt, SmtpScript, SmtpSink, TcpProxy, eventually};

use crate::{
    mailroom::{Mailroom, addresses, by_recipient, count, identity, waits},
    node::PATIENCE,
};

const HELD_UP: &str = "usher_mail_held_up 1";

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn each_reply_ends_where_it_should_and_is_tried_again_when_it_should(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let relay = SmtpSink::start();
    for (email, reply) in [
        ("grey@hill.edu", "450 4.2.0 greylisted, come back later"),
        ("busy@hill.edu", "451 4.3.0 local error"),
        ("full@hill.edu", "452 4.2.2 mailbox full"),
        ("fuller@hill.edu", "552 5.2.2 mailbox full"),
        ("gone@hill.edu", "550 5.1.1 user unknown"),
        ("policy@hill.edu", "550 5.7.1 not from you"),
        (
            "ann@slow.edu",
            "451 4.7.0 too many messages, wait 5 minutes",
        ),
    ] {
        relay.reject(email, reply);
    }
    relay.reject_message("late@hill.edu", "451 4.3.0 local error");
    relay.vanish_after_dot("lost@hill.edu");
    let mut room = Mailroom::open(engine, bus, &relay.url()).await;
    let people = [
        "grey@hill.edu",
        "busy@hill.edu",
        "full@hill.edu",
        "fuller@hill.edu",
        "gone@hill.edu",
        "policy@hill.edu",
        "ann@slow.edu",
        "late@hill.edu",
        "lost@hill.edu",
        "fine@hill.edu",
    ];
    let clock = SystemClock::shared();
    let before = clock.now();
    let batch = room.invite(&people.map(str::to_owned)).await;
    let expected = json!({
        "sent": 1, "deferred": 5, "bounced": 1, "failed": 1, "queued": 1, "unknown": 1,
    });
    room.until(&batch, "everybody was tried", |batch| {
        batch["states"] == expected
    })
    .await;
    let after = clock.now();
    let invites = room.invites(&batch).await;
    for (email, state, reason, seconds) in [
        ("fine@hill.edu", "sent", json!(null), None),
        (
            "grey@hill.edu",
            "deferred",
            json!("deferred-too-long"),
            Some(48..=72),
        ),
        (
            "busy@hill.edu",
            "deferred",
            json!("deferred-too-long"),
            Some(48..=72),
        ),
        (
            "late@hill.edu",
            "deferred",
            json!("deferred-too-long"),
            Some(48..=72),
        ),
        (
            "full@hill.edu",
            "deferred",
            json!("mailbox-full"),
            Some(48..=72),
        ),
        (
            "fuller@hill.edu",
            "deferred",
            json!("mailbox-full"),
            Some(48..=72),
        ),
        ("lost@hill.edu", "unknown", json!("no-reply"), Some(48..=72)),
        ("ann@slow.edu", "queued", json!(null), Some(300..=300)),
        ("gone@hill.edu", "bounced", json!("user-unknown"), None),
        ("policy@hill.edu", "failed", json!("refused"), None),
    ] {
        let invite = &invites[email];
        assert_eq!(
            (&invite["state"], &invite["reason"]),
            (&json!(state), &reason),
            "{invite}"
        );
        match seconds {
            Some(seconds) => {
                let [most, least] = [before, after].map(|now| waits(invite, now));
                assert!(
                    most >= *seconds.start() - 1 && least <= *seconds.end(),
                    "{invite}"
                );
            }
            None => assert_eq!(invite["next_try_at"], json!(null), "{invite}"),
        }
    }
    assert_eq!(
        invites["gone@hill.edu"]["last_reply"],
        "550 5.1.1 user unknown"
    );
    assert_eq!(room.refusal("gone@hill.edu").await, "suppressed");
    assert_eq!(
        room.refusal("policy@hill.edu").await,
        json!(null),
        "it was about us"
    );

    // A minute later those come through who only had to wait; a full mailbox waits longer.
    for email in [
        "grey@hill.edu",
        "busy@hill.edu",
        "late@hill.edu",
        "lost@hill.edu",
    ] {
        relay.accept(email);
    }
    let before = clock.now();
    room.pass(73).await;
    room.until(&batch, "the second attempts", |batch| {
        count(batch, "sent") == 5
    })
    .await;
    eventually(
        PATIENCE,
        "full mailboxes are tried again later",
        async || {
            let invites = room.invites(&batch).await;
            ["full@hill.edu", "fuller@hill.edu"].iter().all(|email| {
                let invite = &invites[*email];
                invite["state"] == "deferred" && waits(invite, before) >= 239
            })
        },
    )
    .await;
    let mails = relay.messages();
    let mails = by_recipient(&mails);
    for (email, copies) in &mails {
        let is_lost = *email == "lost@hill.edu";
        assert_eq!(copies.len(), 1 + usize::from(is_lost), "{email}");
        assert_eq!(identity(copies[0]), identity(copies[copies.len() - 1]));
        let invites = room.invites(&batch).await;
        assert_eq!(invites[*email]["may_be_double"], json!(is_lost));
    }

    for email in ["full@hill.edu", "fuller@hill.edu", "ann@slow.edu"] {
        relay.accept(email);
    }
    // How long a domain is left alone is known to its courier alone, and forgotten with it.
    room.turn_to(&relay.url());
    room.pass(361).await;
    let batch = room
        .until(&batch, "the batch is finished", |batch| {
            !batch["finished_at"].is_null()
        })
        .await;
    assert_eq!(
        batch["states"],
        json!({ "sent": 8, "bounced": 1, "failed": 1 })
    );
    assert_eq!(relay.messages().len(), 9);
}

#[tokio::test]
async fn a_relay_that_is_away_for_an_hour_costs_no_invite_anything() {
    let relay = SmtpSink::start();
    let wire = TcpProxy::start(relay.address().to_string());
    let url = format!("smtp://{}", wire.address());
    let room = Mailroom::open(Engine::Sqlite, BusKind::Local, &url).await;
    let people = addresses(0, 1_000);
    let batch = room.invite(&people).await;
    eventually(PATIENCE, "mails are on their way", async || {
        relay.commands("DATA") > 100
    })
    .await;
    wire.cut();
    eventually(PATIENCE, "the relay is missed", async || {
        room.shows(HELD_UP).await
    })
    .await;
    let rests = |batch: &serde_json::Value| count(batch, "sending") == 0;
    let away = room.until(&batch, "nothing is on its way", rests).await;
    assert!(count(&away, "queued") > 0, "{away}");
    room.pass(3_600).await;
    let later = room.batch(&batch).await;
    assert_eq!((count(&later, "failed"), count(&later, "bounced")), (0, 0));
    wire.restore();
    room.until(&batch, "all has left", |batch| {
        count(batch, "queued") + count(batch, "sending") == 0
    })
    .await;
    // Those whose reply was cut off are sent once more, a minute later.
    eventually(PATIENCE, "the batch is finished", async || {
        room.pass(73).await;
        !room.batch(&batch).await["finished_at"].is_null()
    })
    .await;
    let done = room.batch(&batch).await;
    assert_eq!(done["states"], json!({ "sent": 1_000 }));
    let mails = relay.messages();
    let mails = by_recipient(&mails);
    assert_eq!(mails.len(), 1_000);
    for (email, invite) in room.invites(&batch).await {
        let copies = &mails[email.as_str()];
        let most = 1 + usize::from(invite["may_be_double"] == true);
        assert!(copies.len() <= most, "{invite}");
        assert_eq!(identity(copies[0]), identity(copies[copies.len() - 1]));
    }
}

#[tokio::test]
async fn a_wrong_password_costs_no_invite_anything_and_is_not_tried_often() {
    let relay = SmtpSink::start_with(SmtpScript::new().login("usher", "right", "PLAIN"));
    let url = |password: &str| format!("smtp://usher:{password}@{}", relay.address());
    let mut room = Mailroom::open(Engine::Sqlite, BusKind::Local, &url("wrong")).await;
    let batch = room.invite(&addresses(0, 50)).await;
    eventually(PATIENCE, "the relay takes nothing", async || {
        room.shows(HELD_UP).await
    })
    .await;
    let rests = |batch: &serde_json::Value| count(batch, "queued") == 50;
    room.until(&batch, "everybody waits", rests).await;
    // An hour does not end their patience, and does not lock the account out.
    room.pass(3_600).await;
    assert_eq!(room.batch(&batch).await["states"], json!({ "queued": 50 }));
    assert!(
        relay.commands("AUTH") <= 10 + 5,
        "{}",
        relay.commands("AUTH")
    );
    room.turn_to(&url("right"));
    let batch = room
        .until(&batch, "the batch is finished", |batch| {
            !batch["finished_at"].is_null()
        })
        .await;
    assert_eq!(batch["states"], json!({ "sent": 50 }));
    assert_eq!(relay.messages().len(), 50, "one each");
}

#[rstest]
#[case::the_connection(SmtpAt::Mail, "421 4.7.0 too many messages, wait 2 seconds")]
#[case::the_mail(SmtpAt::Dot, "451 4.7.1 rate limit, wait 2 seconds")]
#[tokio::test]
async fn a_relay_that_is_asked_too_fast_gets_everything_more_slowly(
    #[case] at: SmtpAt,
    #[case] reply: &'static str,
) {
    let said = Arc::new(AtomicUsize::new(0));
    let script = SmtpScript::new().on(move |moment| {
        let is_said = moment.at == at && said.fetch_add(1, Ordering::Relaxed) == 30;
        let act = SmtpAct::reply(reply);
        let closes = reply.starts_with("421");
        is_said.then(|| if closes { act.and_close() } else { act })
    });
    let relay = SmtpSink::start_with(script);
    let room = Mailroom::open(Engine::Sqlite, BusKind::Local, &relay.url()).await;
    let batch = room.invite(&addresses(0, 60)).await;
    let batch = room
        .until(&batch, "the batch is finished", |batch| {
            !batch["finished_at"].is_null()
        })
        .await;
    assert_eq!(batch["states"], json!({ "sent": 60 }));
    assert_eq!(relay.messages().len(), 60, "one each");
}
