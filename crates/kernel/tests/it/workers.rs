//! Turns that nobody asks for.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use contract::{Kind, Problem, Service};
use kernel::{Behaviour, Pace, Routes, Work, supervise::Intensity};
use testkit::{BusKind, eventually};
use tokio::sync::Notify;

use crate::{
    probe::Journal,
    scene::{SOON, Scene},
};

/// Longer than any test waits: whoever works again was nudged.
const LONG: Duration = Duration::from_hours(1);

/// What the worker does in one of its turns.
#[derive(Clone, Copy, Debug)]
enum Does {
    Again,
    Rest,
    Fail,
    Panic,
}

struct Worker {
    script: Arc<Mutex<VecDeque<Does>>>,
    journal: Journal,
}

impl Behaviour for Worker {
    const SERVICE: Service = Service::Probe;

    fn routes(_: &mut Routes<Self>) {}
}

impl Work for Worker {
    async fn work(&mut self) -> Result<Pace, Problem> {
        let does = self
            .script
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(Does::Rest);
        self.journal.note(format!("{does:?}"));
        match does {
            Does::Again => Ok(Pace::Again),
            Does::Rest => Ok(Pace::Rest(LONG)),
            Does::Fail => Err(Problem::new(Kind::Unavailable)),
            Does::Panic => panic!("the test asked for it"),
        }
    }

    async fn finish(&mut self) {
        self.journal.note("Finish");
    }
}

impl Scene {
    /// Starts a worker that does these one after the other, and then rests.
    fn worker(&self, script: &[Does], most: usize) -> (kernel::Stage, Arc<Notify>) {
        let pause = Duration::from_millis(1);
        let within = Duration::from_mins(10);
        let intensity = Intensity {
            most,
            within,
            pause,
        };
        let mut stage = self.stage(16, intensity);
        let nudge = Arc::new(Notify::new());
        let script = Arc::new(Mutex::new(script.iter().copied().collect()));
        let journal = self.journal.clone();
        stage.worker(nudge.clone(), move || Worker {
            script: Arc::clone(&script),
            journal: journal.clone(),
        });
        (stage, nudge)
    }

    async fn wait_worked(&self, expected: &[&str]) {
        let what = format!("it has worked {expected:?}");
        eventually(SOON, &what, async || self.journal.lines() == expected).await;
    }
}

#[actix_rt::test]
async fn a_worker_works_while_there_is_more_to_do_and_then_rests() {
    let scene = Scene::open(BusKind::Local).await;
    let (stage, _) = scene.worker(&[Does::Again, Does::Again, Does::Rest], 0);
    scene.wait_worked(&["Again", "Again", "Rest"]).await;
    // Its rest does not hold up the stop.
    tokio::time::timeout(SOON, stage.stop()).await.unwrap();
    scene
        .wait_worked(&["Again", "Again", "Rest", "Finish"])
        .await;
}

#[actix_rt::test]
async fn a_stop_waits_for_the_last_turn_of_a_worker() {
    let scene = Scene::open(BusKind::Local).await;
    let (stage, _) = scene.worker(&[], 0);
    scene.wait_worked(&["Rest"]).await;
    tokio::time::timeout(SOON, stage.stop()).await.unwrap();
    assert_eq!(scene.journal.lines(), ["Rest", "Finish"]);
}

#[actix_rt::test]
async fn a_worker_that_panics_or_fails_goes_on() {
    let scene = Scene::open(BusKind::Local).await;
    let script = [
        Does::Panic,
        Does::Fail,
        Does::Panic,
        Does::Again,
        Does::Rest,
    ];
    let (stage, _) = scene.worker(&script, 5);
    scene
        .wait_worked(&["Panic", "Fail", "Panic", "Again", "Rest"])
        .await;
    assert_eq!(scene.restarts(), 2);
    assert!(scene.health.is_ready());
    stage.stop().await;
}

#[actix_rt::test]
async fn a_nudge_ends_the_rest_of_a_worker() {
    let scene = Scene::open(BusKind::Local).await;
    let (stage, nudge) = scene.worker(&[], 0);
    scene.wait_worked(&["Rest"]).await;
    nudge.notify_one();
    scene.wait_worked(&["Rest", "Rest"]).await;
    stage.stop().await;
}

#[actix_rt::test]
async fn a_worker_that_panics_too_often_is_given_up() {
    let scene = Scene::open(BusKind::Local).await;
    let (stage, _) = scene.worker(&[Does::Panic; 10], 2);
    let failed = tokio::time::timeout(SOON, scene.health.failed()).await;
    assert_eq!(failed.unwrap(), Service::Probe);
    assert!(!scene.health.is_ready());
    tokio::time::timeout(SOON, stage.stop()).await.unwrap();
    scene.wait_worked(&["Panic", "Panic", "Panic"]).await;
}
