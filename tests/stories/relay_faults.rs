//! What a relay does to mails, and what becomes of the invites, as the API tells it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use contract::{SystemClock, Timestamp};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{BusKind, Engine, SmtpAct, SmtpAt, SmtpScript, SmtpSink, TcpProxy, eventually};

use crate::{
    mailroom::{Mailroom, addresses, by_recipient, count, identity, waits},
    node::PATIENCE,
};

const HELD_UP: &str = "usher_mail_held_up 1";

/// Somebody, what the relay says at their name, and what is told of their invite then: its state, its
/// reason, and within which seconds it is tried again.
type Case = (
    &'static str,
    Option<&'static str>,
    &'static str,
    Option<&'static str>,
    Option<(i64, i64)>,
);

/// The first pause: a minute, a fifth more or less.
const MINUTE: Option<(i64, i64)> = Some((48, 72));
const LATER: Option<&str> = Some("not-yet");
const FULL: Option<&str> = Some("mailbox-full");
const GREY: Option<&str> = Some("450 4.2.0 greylisted, come back later");
const ERROR: Option<&str> = Some("451 4.3.0 local error");
const FULL_NOW: Option<&str> = Some("452 4.2.2 mailbox full");
const FULL_FOR_GOOD: Option<&str> = Some("552 5.2.2 mailbox full");
const UNKNOWN: Option<&str> = Some("550 5.1.1 user unknown");
const POLICY: Option<&str> = Some("550 5.7.1 not from you");
const TOO_MANY: Option<&str> = Some("451 4.7.0 too many messages, wait 5 minutes");

#[rustfmt::skip]
const CASES: [Case; 10] = [
    ("fine@hill.edu", None, "sent", None, None),
    ("grey@hill.edu", GREY, "deferred", LATER, MINUTE),
    ("busy@hill.edu", ERROR, "deferred", LATER, MINUTE),
    ("full@hill.edu", FULL_NOW, "deferred", FULL, MINUTE),
    ("fuller@hill.edu", FULL_FOR_GOOD, "deferred", FULL, MINUTE),
    ("gone@hill.edu", UNKNOWN, "bounced", Some("user-unknown"), None),
    ("policy@hill.edu", POLICY, "failed", Some("refused"), None),
    ("ann@slow.edu", TOO_MANY, "queued", None, Some((300, 300))),
    // What is said of these two is said after the mail.
    ("late@hill.edu", None, "deferred", LATER, MINUTE),
    ("lost@hill.edu", None, "unknown", Some("no-reply"), MINUTE),
];

/// Everybody was tried once, between these two instants.
async fn check_first_attempts(room: &Mailroom, batch: &str, between: [Timestamp; 2]) {
    let invites = room.invites(batch).await;
    for (email, reply, state, reason, pause) in CASES {
        let invite = &invites[email];
        assert_eq!(
            (&invite["state"], &invite["reason"]),
            (&json!(state), &json!(reason)),
            "{invite}"
        );
        if reply.is_some() {
            assert_eq!(invite["last_reply"], json!(reply));
        }
        if let Some((least, most)) = pause {
            let [longest, shortest] = between.map(|now| waits(invite, now));
            assert!(longest >= least - 1 && shortest <= most, "{invite}");
        } else {
            assert_eq!(invite["next_try_at"], json!(null), "{invite}");
        }
    }
    assert_eq!(room.refusal("gone@hill.edu").await, "suppressed");
    let free = room.refusal("policy@hill.edu").await;
    assert_eq!(free, json!(null), "it was about us");
}

/// Everybody has one copy, but who may have had one without a reply.
async fn check_copies(room: &Mailroom, batch: &str, relay: &SmtpSink) {
    let invites = room.invites(batch).await;
    let mails = relay.messages();
    for (email, copies) in by_recipient(&mails) {
        let is_lost = email == "lost@hill.edu";
        assert_eq!(copies.len(), 1 + usize::from(is_lost), "{email}");
        assert_eq!(identity(copies[0]), identity(copies[copies.len() - 1]));
        assert_eq!(invites[email]["may_be_double"], json!(is_lost));
    }
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn each_reply_ends_where_it_should_and_is_tried_again_when_it_should(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let relay = SmtpSink::start();
    for (email, reply, ..) in CASES {
        if let Some(reply) = reply {
            relay.reject(email, reply);
        }
    }
    relay.reject_message("late@hill.edu", "451 4.3.0 local error");
    relay.vanish_after_dot("lost@hill.edu");
    let mut room = Mailroom::open(engine, bus, &relay.url()).await;
    let clock = SystemClock::shared();
    let before = clock.now();
    let people = CASES.map(|(email, ..)| email.to_owned());
    let batch = room.invite(&people).await;
    let expected = json!({
        "sent": 1, "deferred": 5, "bounced": 1, "failed": 1, "queued": 1, "unknown": 1,
    });
    let is_tried = |batch: &Value| batch["states"] == expected;
    room.until(&batch, "everybody was tried", is_tried).await;
    check_first_attempts(&room, &batch, [before, clock.now()]).await;
    let told = room.batch(&batch).await;
    assert_eq!(told["to_repeat"], 1, "who is unknown is tried once more");
    assert_eq!(told["finished_at"], json!(null));

    // A minute later those come through who only had to wait; a full mailbox waits longer.
    for name in ["grey", "busy", "late", "lost"] {
        relay.accept(&format!("{name}@hill.edu"));
    }
    let before = clock.now();
    room.pass(73).await;
    let is_sent = |batch: &Value| count(batch, "sent") == 5;
    room.until(&batch, "the second attempts", is_sent).await;
    let are_full = async || {
        let invites = room.invites(&batch).await;
        ["full@hill.edu", "fuller@hill.edu"].iter().all(|email| {
            let invite = &invites[*email];
            invite["state"] == "deferred" && waits(invite, before) >= 239
        })
    };
    eventually(PATIENCE, "full mailboxes wait longer", are_full).await;
    check_copies(&room, &batch, &relay).await;

    for email in ["full@hill.edu", "fuller@hill.edu", "ann@slow.edu"] {
        relay.accept(email);
    }
    // How long a domain is left alone is known to its courier alone, and forgotten with it.
    room.turn_to(&relay.url());
    room.pass(361).await;
    let is_finished = |batch: &Value| !batch["finished_at"].is_null();
    let batch = room
        .until(&batch, "the batch is finished", is_finished)
        .await;
    let expected = json!({ "sent": 8, "bounced": 1, "failed": 1 });
    assert_eq!(batch["states"], expected);
    assert_eq!(batch["to_repeat"], 0);
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
    let rests = |batch: &Value| count(batch, "sending") == 0;
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
    let rests = |batch: &Value| count(batch, "queued") == 50;
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
#[case::the_connection(SmtpAt::Mail, 0, "421 4.7.0 too many messages, wait 2 seconds")]
#[case::the_mail(SmtpAt::Dot, 30, "451 4.7.1 rate limit, wait 2 seconds")]
#[tokio::test]
async fn a_relay_that_is_asked_too_fast_gets_everything_more_slowly(
    #[case] at: SmtpAt,
    #[case] after: usize,
    #[case] reply: &'static str,
) {
    let (said, begun) = (AtomicUsize::new(0), Arc::new(Mutex::new(Vec::new())));
    let begins = Arc::clone(&begun);
    let script = SmtpScript::new().on(move |moment| {
        if moment.at == SmtpAt::Mail {
            begins.lock().unwrap().push(Instant::now());
        }
        let is_said = moment.at == at && said.fetch_add(1, Ordering::Relaxed) == after;
        let act = SmtpAct::reply(reply);
        let closes = reply.starts_with("421");
        is_said.then(|| if closes { act.and_close() } else { act })
    });
    let relay = SmtpSink::start_with(script);
    let url = relay.url();
    let room = Mailroom::at_rate(Engine::Sqlite, BusKind::Local, &url, "50").await;
    let batch = room.invite(&addresses(0, 60)).await;
    let batch = room
        .until(&batch, "the batch is finished", |batch| {
            !batch["finished_at"].is_null()
        })
        .await;
    assert_eq!(batch["states"], json!({ "sent": 60 }));
    assert_eq!(relay.messages().len(), 60, "one each");
    // What was under way arrives; then there is nothing for as long as was asked for.
    let begun = begun.lock().unwrap();
    let pauses = begun.windows(2).map(|pair| pair[1] - pair[0]);
    let longest = pauses.max().unwrap();
    assert!(longest >= Duration::from_secs(2), "{longest:?}");
}
