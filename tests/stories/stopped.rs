//! A node that is told to stop while a batch leaves it, and the one that comes after it.

use std::time::{Duration, Instant};

use rstest::rstest;
use testkit::{BusKind, Engine, SmtpAct, SmtpAt, SmtpScript, SmtpSink, eventually};

use crate::{
    mailroom::{Mailroom, addresses, by_recipient, count},
    node::PATIENCE,
};

const PEOPLE: usize = 300;
/// How long the relay looks at each message.
const SLOW: Duration = Duration::from_millis(200);
/// Within which the next node goes on, by the requirement.
const AT_ONCE: Duration = Duration::from_secs(5);

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn a_node_told_to_stop_finishes_what_is_on_its_way_and_the_next_goes_on_at_once(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let script = SmtpScript::new();
    let relay = SmtpSink::start_with(
        script.on(|moment| (moment.at == SmtpAt::Dot).then(|| SmtpAct::later(SLOW))),
    );
    let mut room = Mailroom::open(engine, bus, &relay.url()).await;
    let people = addresses(0, PEOPLE);
    let batch = room.invite(&people).await;
    eventually(PATIENCE, "the batch is under way", async || {
        relay.messages().len() >= PEOPLE / 10
    })
    .await;

    let before = relay.messages().len();
    // A stop takes no longer than our patience: that is the 30 seconds of the requirement.
    let left = room.stop().await;
    let taken = relay.messages();
    assert!(taken.len() > before, "nothing was on its way");
    assert!(taken.len() < PEOPLE, "it was over before it could stop");
    // Each message that the relay has was waited for, and each connection was taken leave of.
    assert!(taken.iter().all(|mail| mail.is_confirmed));
    eventually(PATIENCE, "nobody is there any more", async || {
        relay.open() == 0
    })
    .await;
    assert_eq!(relay.commands("QUIT"), relay.connections());
    // All that is not there waits as if nobody had ever had it.
    assert_eq!((left.leases, left.couriers), (0, 0));
    assert_eq!(left.sent, taken.len());
    assert_eq!(left.untouched, PEOPLE - taken.len());

    room.start();
    let begun = Instant::now();
    let is_over = |batch: &serde_json::Value| !batch["finished_at"].is_null();
    let over = room.until(&batch, "the batch is finished", is_over).await;
    assert_eq!(count(&over, "sent"), PEOPLE as u64, "{over}");
    let mails = relay.messages();
    let pause = mails[taken.len()].at.saturating_duration_since(begun);
    assert!(pause < AT_ONCE, "the next node rested for {pause:?}");
    let copies = by_recipient(&mails);
    let once = people.iter().all(|email| {
        let copies = copies.get(email.as_str());
        copies.is_some_and(|copies| copies.len() == 1)
    });
    assert!(once && mails.len() == PEOPLE, "{} mails", mails.len());
    let invites = room.invites(&batch).await;
    assert!(
        invites
            .values()
            .all(|invite| invite["may_be_double"] == false)
    );
}
