//! A stop takes nothing more and finishes what was taken.

use std::time::Duration;

use contract::Kind;
use futures_util::future::join;
use rstest::rstest;
use testkit::{BusKind, eventually};

use crate::{
    probe::Ask,
    scene::{SOON, Scene},
};

#[rstest]
#[actix_rt::test]
async fn a_stop_answers_what_was_taken_and_takes_nothing_more(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    let mut taken = vec![scene.send(Ask::Wait("0".to_owned()))];
    scene.gate.wait_for_a_turn().await;
    for n in 1..=5 {
        taken.push(scene.send(Ask::Echo(n.to_string())));
    }
    scene.wait_queued::<Ask>(5).await;

    let meanwhile = async {
        // One that slips in before the subscription ends has little patience and is not served.
        eventually(SOON, "nothing more is taken", async || {
            let cx = scene.cx_for(Duration::from_millis(100));
            let late = Ask::Echo("late".to_owned());
            let problem = scene.bus.call(&late, &cx).await.unwrap_err();
            problem.kind == Kind::Unavailable
        })
        .await;
        assert!(taken.iter().all(|call| !call.is_finished()));
        scene.gate.let_through(1);
    };
    join(stage.stop(), meanwhile).await;

    for (n, call) in taken.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), n.to_string());
    }
    assert_eq!(scene.journal.lines(), ["0", "1", "2", "3", "4", "5"]);
}
