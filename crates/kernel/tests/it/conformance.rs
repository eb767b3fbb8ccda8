//! What both buses promise alike.

use std::time::Duration;

use contract::{
    Kind, Problem, Role, Service,
    caller::Principal,
    ids::{AdministratorId, OrganisationId},
};
use futures_util::future::{join, join_all};
use kernel::{bus::PAYLOAD_MOST, supervise::Intensity};
use rstest::rstest;
use testkit::{BusKind, eventually};

use crate::{
    probe::{Ask, Guarded, QUOTES, Reserved, refusal},
    scene::{SOON, Scene},
};

/// Longer than a request may take here: who waits for it fails.
const FOREVER: Duration = Duration::from_hours(1);

fn echo(text: impl Into<String>) -> Ask {
    Ask::Echo(text.into())
}

/// An echo whose message is so many bytes of JSON.
fn echo_of(bytes: usize) -> Ask {
    let around = serde_json::to_vec(&echo("")).unwrap().len();
    echo("x".repeat(bytes - around))
}

#[rstest]
#[actix_rt::test]
async fn a_subject_that_nobody_serves_is_unavailable_at_once(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let call = scene.send_as(echo("hello"), scene.cx_for(FOREVER));
    let refused = tokio::time::timeout(SOON, call).await.expect("at once");
    let problem = refused.unwrap().unwrap_err();
    assert_eq!(problem.kind, Kind::Unavailable);
    assert_eq!(problem.retry_after, Some(1));
    assert_eq!(problem.instance.as_deref(), Some("a-test"));
}

#[rstest]
#[actix_rt::test]
async fn processes_share_the_messages_and_each_is_served_once(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let here = scene.probe().await;
    let (there, journal) = scene.probe_elsewhere().await;

    let texts: Vec<_> = (100..200).map(|n| n.to_string()).collect();
    let answers = join_all(texts.iter().map(|text| scene.call(echo(text)))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, texts);

    let (ours, theirs) = (scene.journal.lines(), journal.lines());
    assert!(!ours.is_empty() && !theirs.is_empty(), "nothing is shared");
    let mut served = [ours, theirs].concat();
    served.sort();
    assert_eq!(served, texts);
    here.stop().await;
    there.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn messages_of_one_sender_are_served_in_the_order_sent(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    let blocked = scene.send(Ask::Wait("first".to_owned()));
    scene.gate.wait_for_a_turn().await;
    let mut sent = vec!["first".to_owned()];
    let mut calls = vec![blocked];
    for n in 1..50 {
        let text = format!("number {n}");
        calls.push(scene.send(echo(&text)));
        sent.push(text);
        scene.wait_queued::<Ask>(n).await;
    }
    scene.gate.let_through(1);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(scene.journal.lines(), sent);
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn whoever_waits_learns_in_time_that_the_deadline_has_passed(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    let patience = Duration::from_millis(200);
    let call = scene.send_as(Ask::Wait("slow".to_owned()), scene.cx_for(patience));
    scene.gate.wait_for_a_turn().await;
    // The gate is still closed: the answer does not come from the turn.
    let problem = call.await.unwrap().unwrap_err();
    assert_eq!(problem.kind, Kind::DeadlinePassed);
    assert_eq!(scene.journal.lines(), Vec::<String>::new());
    scene.gate.let_through(1);
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn a_request_that_expired_while_it_was_queued_is_not_worked_on(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let (scene, clock) = Scene::with_manual_clock(bus).await;
    let stage = scene.probe().await;
    let blocked = scene.send_as(Ask::Wait("slow".to_owned()), scene.cx_for(FOREVER));
    scene.gate.wait_for_a_turn().await;
    let late = scene.send(echo("late"));
    let patient = scene.send_as(echo("patient"), scene.cx_for(FOREVER));
    scene.wait_queued::<Ask>(2).await;

    clock.advance_seconds(11);
    scene.gate.let_through(1);
    blocked.await.unwrap().unwrap();
    assert_eq!(late.await.unwrap().unwrap_err().kind, Kind::DeadlinePassed);
    assert_eq!(patient.await.unwrap().unwrap(), "patient");
    assert_eq!(scene.journal.lines(), ["slow", "patient"]);
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn a_request_that_expired_while_its_instance_was_busy_with_another_kind_is_not_worked_on(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let (scene, clock) = Scene::with_manual_clock(bus).await;
    let stage = scene.probe().await;
    let blocked = scene.send_as(Ask::Wait("slow".to_owned()), scene.cx_for(FOREVER));
    scene.gate.wait_for_a_turn().await;
    let edge = scene.bus_of(Service::HttpEdge);
    let operator = scene.cx().on_behalf_of(Principal::Operator, None);
    let late = join_all([(); 3].map(|()| edge.call(&Reserved, &operator)));
    let meanwhile = async {
        // The first is out of the inbox and stands before the instance.
        scene.wait_queued::<Reserved>(2).await;
        clock.advance_seconds(11);
        scene.gate.let_through(1);
    };
    let (late, ()) = join(late, meanwhile).await;
    for refused in late {
        assert_eq!(refused.unwrap_err().kind, Kind::DeadlinePassed);
    }
    blocked.await.unwrap().unwrap();
    assert_eq!(scene.journal.lines(), ["slow"]);
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn a_request_whose_deadline_has_passed_is_not_even_sent(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    let call = scene.send_as(echo("late"), scene.cx_for(Duration::ZERO));
    assert_eq!(call.await.unwrap().unwrap_err().kind, Kind::DeadlinePassed);
    scene.call(echo("next")).await.unwrap();
    assert_eq!(scene.journal.lines(), ["next"]);
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn a_request_of_the_largest_size_passes_and_a_larger_one_is_refused(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    // The reply is shorter than the request that it echoes.
    let largest = scene.call(echo_of(PAYLOAD_MOST)).await.unwrap();
    assert!(largest.len() + 100 > PAYLOAD_MOST);
    let problem = scene.call(echo_of(PAYLOAD_MOST + 1)).await.unwrap_err();
    assert_eq!(problem.kind, Kind::TooLarge);
    assert_eq!(scene.call(echo("next")).await.unwrap(), "next");
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn a_reply_of_the_largest_size_passes_and_a_larger_one_is_a_problem(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    let largest = scene.call(Ask::Inflate(PAYLOAD_MOST)).await.unwrap();
    assert_eq!(largest.len() + QUOTES, PAYLOAD_MOST);
    let problem = scene
        .call(Ask::Inflate(PAYLOAD_MOST + 1))
        .await
        .unwrap_err();
    assert_eq!(problem.kind, Kind::Internal);
    assert_eq!(scene.call(echo("next")).await.unwrap(), "next");
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn a_refusal_arrives_with_its_fields_and_its_retry_after(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    let problem = scene.call(Ask::Refuse).await.unwrap_err();
    let expected = Problem {
        instance: Some("a-test".to_owned()),
        ..refusal()
    };
    assert_eq!(problem, expected);
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn a_panic_is_answered_and_heals(#[values(BusKind::Local, BusKind::Nats)] bus: BusKind) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    let problem = scene.call(Ask::Panic).await.unwrap_err();
    assert_eq!((problem.kind, problem.status), (Kind::Panicked, 500));
    assert_eq!(problem.detail, None, "what panicked is nobody's business");
    assert_eq!(scene.call(echo("healed")).await.unwrap(), "healed");
    assert_eq!(scene.restarts(), 1);
    assert!(scene.health.is_ready());
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn what_does_not_fit_in_the_inbox_is_refused_at_once_and_what_was_taken_is_answered(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe_with(2, Intensity::default()).await;
    let mut taken = vec![scene.send(Ask::Wait("0".to_owned()))];
    scene.gate.wait_for_a_turn().await;
    for n in 1..=2 {
        taken.push(scene.send(echo(n.to_string())));
        scene.wait_queued::<Ask>(n).await;
    }

    // Nobody gets a turn before the gate opens, so these answers come from the inbox.
    for refused in join_all((0..10).map(|_| scene.call(echo("too much")))).await {
        let problem = refused.unwrap_err();
        assert_eq!((problem.kind, problem.status), (Kind::Overloaded, 503));
        assert_eq!(problem.retry_after, Some(1));
    }

    scene.gate.let_through(1);
    for (n, call) in taken.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), n.to_string());
    }
    assert_eq!(scene.call(echo("room again")).await.unwrap(), "room again");
    assert_eq!(scene.journal.lines(), ["0", "1", "2", "room again"]);
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn the_request_id_and_the_principal_arrive_as_they_were_sent(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let stage = scene.probe().await;
    let organisation = OrganisationId::new(scene.clock.ulid());
    let id = AdministratorId::new(scene.clock.ulid());
    let cx = scene.cx().on_behalf_of(
        Principal::Administrator(id),
        Some((organisation, Role::Manager)),
    );
    let guarded = Guarded { organisation };
    let edge = scene.bus_of(Service::HttpEdge);
    let actor = edge.call(&guarded, &cx).await.unwrap();
    assert_eq!(actor, format!("administrator:{id}/a-test"));
    stage.stop().await;
}

#[rstest]
#[actix_rt::test]
async fn a_second_process_takes_over_when_the_first_stops(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let scene = Scene::open(bus).await;
    let here = scene.probe().await;
    let (there, journal) = scene.probe_elsewhere().await;
    here.stop().await;
    let texts: Vec<_> = (10..30).map(|n| n.to_string()).collect();
    for text in &texts {
        scene.call(echo(text)).await.unwrap();
    }
    eventually(SOON, "all are served there", async || {
        journal.lines() == texts
    })
    .await;
    assert_eq!(scene.journal.lines(), Vec::<String>::new());
    there.stop().await;
}
