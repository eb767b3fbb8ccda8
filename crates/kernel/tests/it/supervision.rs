//! Panics: what they cost, what they do not, and when it is enough.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use contract::{Kind, Service};
use kernel::supervise::Intensity;
use testkit::BusKind;

use crate::{
    gate::Gate,
    probe::{Ask, Journal, Probe},
    scene::{SOON, Scene},
};

fn bearing(most: usize) -> Intensity {
    Intensity {
        most,
        within: Duration::from_mins(10),
        pause: Duration::from_millis(1),
    }
}

async fn given_up(scene: &Scene) {
    let failed = tokio::time::timeout(SOON, scene.health.failed()).await;
    assert_eq!(failed.expect("somebody is given up"), Service::Probe);
    assert!(!scene.health.is_ready());
}

#[actix_rt::test]
async fn a_panic_loses_the_instance_and_nothing_that_is_queued() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.probe().await;
    for n in 1..=3 {
        assert_eq!(scene.call(Ask::Count).await.unwrap(), n.to_string());
    }
    let blown = scene.send(Ask::WaitAndPanic);
    scene.gate.wait_for_a_turn().await;
    let queued: Vec<_> = (0..20).map(|_| scene.send(Ask::Count)).collect();
    scene.wait_queued::<Ask>(20).await;
    scene.gate.let_through(1);

    assert_eq!(blown.await.unwrap().unwrap_err().kind, Kind::Panicked);
    // The count begins again: the state came from the factory, the messages from the mailbox.
    for (n, call) in queued.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), (n + 1).to_string());
    }
    assert_eq!(scene.restarts(), 1);
    stage.stop().await;
}

#[actix_rt::test]
async fn a_panic_of_one_instance_leaves_the_others_alone() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.probes(2, bearing(0)).await;
    let held = scene.send(Ask::Wait("held".to_owned()));
    scene.gate.wait_for_a_turn().await;
    scene.call(Ask::Panic).await.unwrap_err();
    scene.gate.let_through(1);
    assert_eq!(held.await.unwrap().unwrap(), "held");
    given_up(&scene).await;
    stage.stop().await;
}

#[actix_rt::test]
async fn the_pause_before_a_fresh_instance_doubles() {
    let scene = Scene::open(BusKind::Local).await;
    let pause = Duration::from_millis(40);
    let intensity = Intensity {
        pause,
        ..bearing(5)
    };
    let stage = scene.probe_with(64, intensity).await;
    for factor in [1, 2, 4] {
        let before = Instant::now();
        scene.call(Ask::Panic).await.unwrap_err();
        // Queued meanwhile, and served by the fresh instance.
        scene.call(Ask::Count).await.unwrap();
        assert!(before.elapsed() >= pause * factor);
    }
    assert_eq!(scene.restarts(), 3);
    stage.stop().await;
}

#[actix_rt::test]
async fn too_many_panics_make_the_process_unready_and_its_callers_unavailable() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.probe_with(64, bearing(2)).await;
    for _ in 0..2 {
        scene.call(Ask::Panic).await.unwrap_err();
        assert_eq!(scene.call(Ask::Count).await.unwrap(), "1");
        assert!(scene.health.is_ready());
    }

    let last = scene.send(Ask::WaitAndPanic);
    scene.gate.wait_for_a_turn().await;
    let queued = scene.send(Ask::Count);
    scene.wait_queued::<Ask>(1).await;
    scene.gate.let_through(1);
    assert_eq!(last.await.unwrap().unwrap_err().kind, Kind::Panicked);
    given_up(&scene).await;
    let queued = queued.await.unwrap().unwrap_err();
    let next = scene.call(Ask::Count).await.unwrap_err();
    for problem in [queued, next] {
        assert_eq!(
            (problem.kind, problem.retry_after),
            (Kind::Unavailable, Some(1))
        );
    }
    assert_eq!(scene.restarts(), 2);
    stage.stop().await;
}

/// Makes so many probes and panics instead of the next.
fn at_most(instances: usize) -> impl Fn() -> Probe + 'static {
    let made = Arc::new(AtomicUsize::new(0));
    move || {
        let count = made.fetch_add(1, Ordering::SeqCst);
        assert!(count < instances, "the test asked for it");
        Probe {
            journal: Journal::default(),
            gate: Gate::closed(),
            turns: 0,
        }
    }
}

#[actix_rt::test]
async fn a_factory_that_panics_after_a_panic_gives_the_actor_up() {
    let scene = Scene::open(BusKind::Local).await;
    let mut stage = scene.stage(64, bearing(5));
    stage.actor(1, at_most(1)).await.unwrap();
    let problem = scene.call(Ask::Panic).await.unwrap_err();
    assert_eq!(problem.kind, Kind::Panicked);
    given_up(&scene).await;
    let problem = scene.call(Ask::Count).await.unwrap_err();
    assert_eq!(problem.kind, Kind::Unavailable);
    stage.stop().await;
}

#[actix_rt::test]
async fn a_factory_that_panics_at_the_start_gives_the_actor_up_before_anybody_asks() {
    let scene = Scene::open(BusKind::Local).await;
    let mut stage = scene.stage(64, bearing(5));
    stage.actor(1, at_most(0)).await.unwrap();
    given_up(&scene).await;
    let problem = scene.call(Ask::Count).await.unwrap_err();
    assert_eq!(problem.kind, Kind::Unavailable);
    stage.stop().await;
}
