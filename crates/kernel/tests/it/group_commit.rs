//! Batches: what arrives together is served together, and nobody fails for a neighbour.

use std::time::Duration;

use contract::{Call, Kind, Need, Problem, Service};
use kernel::{Asked, Behaviour, Routes, ServeMany, Stage, supervise::Intensity};
use serde::{Deserialize, Serialize};
use testkit::BusKind;

use crate::{
    gate::Gate,
    probe::Journal,
    scene::{Pending, SOON, Scene},
};

/// The largest batch here.
const MOST: usize = 4;

/// What becomes of a batch in which the message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Does {
    Nothing,
    /// Its own answer is a refusal; the batch is fine.
    Refuse,
    /// The turn waits at the gate.
    Hold,
    Panic,
    Fail,
    /// The whole batch, but never the message alone.
    FailTogether,
    /// As [`Does::FailTogether`], after waiting at the gate.
    HoldAndFailTogether,
    /// One result too few, for a batch of more than one.
    Short,
    /// As [`Does::FailTogether`], and nobody knows whether it was done.
    DoubtTogether,
    Unavailable,
}

#[derive(Debug, Serialize, Deserialize)]
struct Join {
    name: String,
    does: Does,
}

impl Call for Join {
    const SUBJECT: &'static str = "usher.v1.probe.join";
    const OWNER: Service = Service::Probe;
    const FROM: &'static [Service] = &[Service::Probe];
    const NEEDS: Need = Need::Anyone;
    type Reply = String;
}

struct Committer {
    journal: Journal,
    gate: Gate,
}

impl Behaviour for Committer {
    const SERVICE: Service = Service::Probe;

    fn routes(routes: &mut Routes<Self>) {
        routes.many::<Join>(MOST);
    }
}

impl ServeMany<Join> for Committer {
    async fn serve_many(
        &mut self,
        batch: &[Asked<Join>],
    ) -> Result<Vec<Result<String, Problem>>, Problem> {
        let names: Vec<_> = batch.iter().map(|a| a.message.name.as_str()).collect();
        self.journal.note(names.join(" "));
        let together = batch.len() > 1;
        for Asked { message, .. } in batch {
            match message.does {
                Does::Hold => self.gate.pass().await,
                Does::Panic => panic!("the test asked for it"),
                Does::Fail => return Err(Problem::new(Kind::Internal)),
                Does::FailTogether if together => return Err(Problem::new(Kind::Internal)),
                Does::HoldAndFailTogether if together => {
                    self.gate.pass().await;
                    return Err(Problem::new(Kind::Internal));
                }
                Does::DoubtTogether if together => return Err(Problem::new(Kind::InDoubt)),
                Does::Unavailable => return Err(Problem::new(Kind::Unavailable)),
                _ => {}
            }
        }
        let short = together && batch.iter().any(|a| a.message.does == Does::Short);
        let answer = |asked: &Asked<Join>| match asked.message.does {
            Does::Refuse => Err(Problem::new(Kind::Conflict)),
            _ => Ok(asked.message.name.clone()),
        };
        Ok(batch.iter().skip(usize::from(short)).map(answer).collect())
    }
}

impl Scene {
    async fn committer(&self) -> Stage {
        let intensity = Intensity {
            pause: Duration::from_millis(1),
            ..Intensity::default()
        };
        let mut stage = self.stage(64, intensity);
        let (journal, gate) = (self.journal.clone(), self.gate.clone());
        let make = move || Committer {
            journal: journal.clone(),
            gate: gate.clone(),
        };
        stage.actor(1, make).await.unwrap();
        stage
    }

    fn join(&self, name: &str, does: Does) -> Pending<Join> {
        let name = name.to_owned();
        self.send_as(Join { name, does }, self.cx_for(Duration::from_hours(1)))
    }

    /// Sends these while a turn is held, so that they come together.
    async fn join_together(&self, messages: &[(&str, Does)]) -> Vec<Pending<Join>> {
        let held = self.join("held", Does::Hold);
        self.gate.wait_for_a_turn().await;
        let mut calls = Vec::new();
        for (name, does) in messages {
            calls.push(self.join(name, *does));
        }
        self.wait_queued::<Join>(messages.len() as u64).await;
        self.gate.let_through(1);
        assert_eq!(held.await.unwrap().unwrap(), "held");
        calls
    }
}

/// The answers in short: the text, or the name of the problem.
async fn answers(calls: Vec<Pending<Join>>) -> Vec<String> {
    let mut answers = Vec::new();
    for call in calls {
        let answer = tokio::time::timeout(SOON, call).await.unwrap().unwrap();
        answers.push(answer.unwrap_or_else(|problem| problem.kind.slug().to_owned()));
    }
    answers
}

#[actix_rt::test]
async fn what_arrives_while_a_batch_is_served_is_the_next_batch() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.committer().await;
    let messages = ["a", "b", "c"].map(|name| (name, Does::Nothing));
    let calls = scene.join_together(&messages).await;
    assert_eq!(answers(calls).await, ["a", "b", "c"]);
    assert_eq!(scene.journal.lines(), ["held", "a b c"]);
    stage.stop().await;
}

#[actix_rt::test]
async fn a_batch_is_never_larger_than_its_bound() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.committer().await;
    let messages = ["a", "b", "c", "d", "e", "f"].map(|name| (name, Does::Nothing));
    let calls = scene.join_together(&messages).await;
    assert_eq!(answers(calls).await.len(), 6);
    assert_eq!(scene.journal.lines(), ["held", "a b c d", "e f"]);
    stage.stop().await;
}

#[actix_rt::test]
async fn a_refusal_within_a_batch_is_its_own_affair() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.committer().await;
    let messages = [
        ("a", Does::Nothing),
        ("b", Does::Refuse),
        ("c", Does::Nothing),
    ];
    let calls = scene.join_together(&messages).await;
    assert_eq!(answers(calls).await, ["a", "conflict", "c"]);
    assert_eq!(scene.journal.lines(), ["held", "a b c"]);
    stage.stop().await;
}

#[actix_rt::test]
async fn a_batch_that_panics_is_replayed_so_that_one_cannot_fail_its_neighbours() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.committer().await;
    let messages = [
        ("a", Does::Nothing),
        ("poison", Does::Panic),
        ("c", Does::Nothing),
    ];
    let calls = scene.join_together(&messages).await;
    assert_eq!(answers(calls).await, ["a", "panicked", "c"]);
    let served = ["held", "a poison c", "a", "poison", "c"];
    assert_eq!(scene.journal.lines(), served);
    assert_eq!(scene.restarts(), 2);
    stage.stop().await;
}

#[actix_rt::test]
async fn a_batch_that_fails_is_replayed_so_that_one_cannot_fail_its_neighbours() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.committer().await;
    let messages = [
        ("a", Does::Nothing),
        ("poison", Does::Fail),
        ("c", Does::Nothing),
    ];
    let calls = scene.join_together(&messages).await;
    assert_eq!(answers(calls).await, ["a", "internal", "c"]);
    let served = ["held", "a poison c", "a", "poison", "c"];
    assert_eq!(scene.journal.lines(), served);
    assert_eq!(scene.restarts(), 0);
    stage.stop().await;
}

#[actix_rt::test]
async fn a_batch_of_one_that_fails_is_not_replayed() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.committer().await;
    let calls = vec![scene.join("poison", Does::Panic)];
    assert_eq!(answers(calls).await, ["panicked"]);
    assert_eq!(scene.journal.lines(), ["poison"]);
    stage.stop().await;
}

#[actix_rt::test]
async fn a_batch_answered_with_another_number_of_results_is_replayed() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.committer().await;
    let messages = [("a", Does::Nothing), ("b", Does::Short)];
    let calls = scene.join_together(&messages).await;
    assert_eq!(answers(calls).await, ["a", "b"]);
    assert_eq!(scene.journal.lines(), ["held", "a b", "a", "b"]);
    stage.stop().await;
}

#[actix_rt::test]
async fn what_expires_before_its_replay_is_not_worked_on() {
    let (scene, clock) = Scene::with_manual_clock(BusKind::Local).await;
    let stage = scene.committer().await;
    let held = scene.join("held", Does::Hold);
    scene.gate.wait_for_a_turn().await;
    let mut calls = Vec::new();
    calls.push(scene.join("a", Does::HoldAndFailTogether));
    let (name, does) = ("impatient".to_owned(), Does::Nothing);
    calls.push(scene.send(Join { name, does }));
    calls.push(scene.join("c", Does::Nothing));
    scene.wait_queued::<Join>(3).await;
    scene.gate.let_through(1);
    held.await.unwrap().unwrap();

    scene.gate.wait_for_a_turn().await;
    clock.advance_seconds(11);
    scene.gate.let_through(1);
    let expected = ["a", "deadline-passed", "c"];
    assert_eq!(answers(calls).await, expected);
    assert_eq!(scene.journal.lines(), ["held", "a impatient c", "a", "c"]);
    stage.stop().await;
}

#[actix_rt::test]
async fn what_expired_before_its_batch_is_not_worked_on() {
    let (scene, clock) = Scene::with_manual_clock(BusKind::Local).await;
    let stage = scene.committer().await;
    let held = scene.join("held", Does::Hold);
    scene.gate.wait_for_a_turn().await;
    let (name, does) = ("impatient".to_owned(), Does::Nothing);
    let calls = vec![
        scene.send(Join { name, does }),
        scene.join("b", Does::Nothing),
    ];
    scene.wait_queued::<Join>(2).await;
    clock.advance_seconds(11);
    scene.gate.let_through(1);
    held.await.unwrap().unwrap();
    assert_eq!(answers(calls).await, ["deadline-passed", "b"]);
    assert_eq!(scene.journal.lines(), ["held", "b"]);
    stage.stop().await;
}

#[actix_rt::test]
async fn an_unavailable_database_stops_the_replay() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.committer().await;
    let messages = [
        ("a", Does::FailTogether),
        ("b", Does::Unavailable),
        ("c", Does::Nothing),
    ];
    let calls = scene.join_together(&messages).await;
    let expected = ["a", "unavailable", "unavailable"];
    assert_eq!(answers(calls).await, expected);
    assert_eq!(scene.journal.lines(), ["held", "a b c", "a", "b"]);
    stage.stop().await;
}

#[actix_rt::test]
async fn what_may_have_been_done_together_is_in_doubt_where_the_replay_cannot_tell() {
    let scene = Scene::open(BusKind::Local).await;
    let stage = scene.committer().await;
    let messages = [
        ("a", Does::DoubtTogether),
        ("b", Does::Unavailable),
        ("c", Does::Nothing),
    ];
    let calls = scene.join_together(&messages).await;
    assert_eq!(answers(calls).await, ["a", "in-doubt", "in-doubt"]);
    stage.stop().await;
}
