//! A batch that is paused and resumed again and again, at moments that a seed chooses.

use std::{cell::Cell, collections::BTreeMap, time::Duration};

use contract::batches::{Steer, SteerBatch};
use invite_dispatcher::Rates;
use kernel::Work as _;
use rstest::rstest;
use testkit::{Engine, SmtpAct, SmtpAt, SmtpScript, SmtpSink, eventually};

use crate::{
    first::courier,
    posted::{House, NOTED, number},
    scene::Scene,
};

const ROWS: usize = 3_000;
const CYCLES: u64 = 50;
/// After how many more mails a cycle is paused, at most.
const MOST: u64 = 30;
const SOON: Duration = Duration::from_secs(30);

/// Numbers of a seed (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }
}

async fn steer(scene: &Scene, house: House, steer: Steer) {
    let steer = SteerBatch {
        organisation: house.id,
        batch_id: house.batch,
        steer,
    };
    scene.ask(steer).await.unwrap();
}

#[rstest]
#[case(Engine::Sqlite, 1)]
#[case(Engine::Postgres, 20_261_128)]
#[actix_rt::test]
async fn everybody_gets_one_mail_however_often_the_batch_is_paused_and_resumed(
    #[case] engine: Engine,
    #[case] seed: u64,
) {
    // Some are always on their way.
    let script = SmtpScript::new()
        .on(|moment| (moment.at == SmtpAt::Dot).then(|| SmtpAct::later(Duration::from_millis(5))));
    let sink = SmtpSink::start_with(script);
    let scene = Scene::sending(engine, &sink).await;
    let house = scene.house().await;
    let domain = |n: usize| format!("d{}.edu", n % 7);
    scene.many(house, "queued", 0..ROWS, domain).await;
    let rates = Rates {
        per_second: 400,
        connections: 4,
        ..Rates::default()
    };
    let is_over = Cell::new(false);
    let work = async || {
        let mut courier = courier(&scene, &sink, rates);
        while !is_over.get() {
            courier.work().await.unwrap();
        }
        courier.finish().await;
    };
    let story = async {
        let mut numbers = Numbers(seed);
        for cycle in 0..CYCLES {
            let begun = sink.commands("DATA");
            if begun >= ROWS {
                // A machine that is slow sends more in a cycle.
                assert!(cycle >= CYCLES / 2, "all have left in cycle {cycle}");
                break;
            }
            let next = 1 + usize::try_from(numbers.below(MOST)).unwrap();
            sink.wait_for((begun + next).min(ROWS), SOON).await;
            steer(&scene, house, Steer::Pause).await;
            if numbers.below(3) == 0 {
                eventually(SOON, "nothing is on its way", async || {
                    number(&scene, NOTED.query(), "n").await == 0
                })
                .await;
                let before = sink.commands("DATA");
                for _ in 0..10 {
                    scene.counted(house).await;
                }
                assert_eq!(
                    sink.commands("DATA"),
                    before,
                    "nothing begins while it rests"
                );
            }
            steer(&scene, house, Steer::Resume).await;
        }
        eventually(SOON, "all have left", async || {
            sink.commands("DATA") >= ROWS
        })
        .await;
        is_over.set(true);
    };
    tokio::join!(work(), work(), story);
    scene.deliver().await;
    scene.deliver().await;
    let mut got = BTreeMap::new();
    for mail in sink.messages() {
        *got.entry(mail.recipients[0].clone()).or_default() += 1;
    }
    let all = (0..ROWS).map(|n| (format!("p{n}@{}", domain(n)), 1));
    assert_eq!(got, all.collect::<BTreeMap<_, u64>>());
    let all = i64::try_from(ROWS).unwrap();
    assert_eq!(scene.states().await, [("sent".to_owned(), all)]);
}
