//! A node that is killed again and again while thousands of mails leave it.

use std::{collections::BTreeMap, env, ops::Range};

use contract::SystemClock;
use rstest::rstest;
use testkit::{BusKind, Engine, SmtpSink, eventually};

use crate::{
    mailroom::{Mailroom, addresses, by_recipient, count, identity},
    node::PATIENCE,
};

/// The most addresses of one batch.
const MOST: usize = 3_500;
const KILLS: usize = 4;
/// What a node may have under way together: 32 mails on each of ten connections.
const WINDOW: usize = 320;

/// Moments nobody chose: the same again with `KILLED_SEED`.
struct Dice(u64);

impl Dice {
    fn cast() -> Self {
        let given = env::var_os("KILLED_SEED");
        let seed = given.and_then(|seed| seed.to_str()?.parse().ok());
        let seed = seed.unwrap_or_else(|| SystemClock::shared().now().micros().unsigned_abs());
        eprintln!("KILLED_SEED={seed}");
        Self(seed)
    }

    fn within(&mut self, range: Range<usize>) -> usize {
        // SplitMix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let random = usize::try_from(mixed >> 33).unwrap();
        range.start + random % range.len()
    }
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local, 10_000)]
#[case(Engine::Postgres, BusKind::Nats, 2_000)]
#[tokio::test]
async fn no_invite_is_lost_and_none_repeated_that_was_not_under_way_when_nodes_are_killed(
    #[case] engine: Engine,
    #[case] bus: BusKind,
    #[case] people: usize,
) {
    let mut dice = Dice::cast();
    let relay = SmtpSink::start();
    let mut room = Mailroom::open(engine, bus, &relay.url()).await;
    let mut batches = Vec::new();
    for first in (0..people).step_by(MOST) {
        let some = addresses(first, MOST.min(people - first));
        batches.push(room.invite(&some).await);
    }

    // How often each was under way when the node was killed.
    let mut caught: BTreeMap<String, usize> = BTreeMap::new();
    for kill in 0..KILLS {
        let part = people / (KILLS + 1);
        let moment = dice.within(part * kill + 1..part * (kill + 1));
        eventually(PATIENCE, "it is time", async || {
            for batch in &batches {
                room.batch(batch).await;
            }
            relay.commands("DATA") >= moment
        })
        .await;
        let under_way = room.crash().await;
        assert!(under_way.len() <= WINDOW, "{}", under_way.len());
        for email in under_way {
            *caught.entry(email).or_default() += 1;
        }
    }
    assert!(!caught.is_empty(), "no kill was felt");

    for batch in &batches {
        eventually(PATIENCE, "the batch is finished", async || {
            let batch = room.batch(batch).await;
            let left = ["draft", "queued", "sending"].map(|state| count(&batch, state));
            if left == [0; 3] && count(&batch, "unknown") > 0 {
                room.pass(61).await;
            }
            !batch["finished_at"].is_null()
        })
        .await;
    }

    let mails = relay.messages();
    let mails = by_recipient(&mails);
    assert_eq!(mails.len(), people, "everybody was written to");
    for (email, copies) in &mails {
        let most = 1 + caught.get(*email).copied().unwrap_or_default();
        assert!(copies.len() <= most, "{email}: {} of {most}", copies.len());
        let first = identity(copies[0]);
        assert!(copies.iter().all(|copy| identity(copy) == first), "{email}");
    }
    let mut invites = 0;
    for batch in &batches {
        for (email, invite) in room.invites(batch).await {
            assert_eq!(invite["state"], "sent", "{invite}");
            let is_marked = invite["may_be_double"].as_bool().unwrap();
            assert_eq!(is_marked, caught.contains_key(&email), "{invite}");
            invites += 1;
        }
    }
    assert_eq!(invites, people);
    let repeated = mails.values().filter(|copies| copies.len() > 1).count();
    eprintln!("{} under way at kills, {repeated} repeated", caught.len());
    assert_eq!(
        room.ground.usher(&["verify"]),
        "every number is what its rows say"
    );
}
