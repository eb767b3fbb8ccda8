//! What is particular to NATS: reconnecting, plain clients, service discovery.

use std::sync::Arc;

use async_nats::{Client, HeaderMap, Message};
use contract::{Call as _, Caller, Kind, Problem, Service};
use futures_util::future::join;
use serde_json::{Value, json};
use testkit::{BusKind, eventually};

use crate::{
    probe::Ask,
    scene::{SOON, Scene, key},
};

impl Scene {
    /// A client that knows nothing of Usher.
    async fn stranger(&self) -> Client {
        let server = self.server.as_ref().unwrap();
        async_nats::connect(server.url()).await.unwrap()
    }
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    let headers = message.headers.as_ref()?;
    headers.get(name).map(async_nats::HeaderValue::as_str)
}

#[actix_rt::test]
async fn after_a_restart_of_the_server_requests_work_again_and_meanwhile_are_unavailable() {
    let mut scene = Scene::open(BusKind::Nats).await;
    let stage = scene.probe().await;
    scene.call(Ask::Echo("before".to_owned())).await.unwrap();

    scene.server.as_mut().unwrap().kill();
    let bus = scene.bus.clone();
    eventually(SOON, "the bus is not connected", async || {
        !bus.is_connected()
    })
    .await;
    let problem = scene.call(Ask::Echo("lost".to_owned())).await.unwrap_err();
    assert_eq!(problem.kind, Kind::Unavailable);

    scene.server.as_mut().unwrap().restart();
    // The subscription is made again by itself, shortly after the connection.
    eventually(SOON, "requests work again", async || {
        scene.call(Ask::Echo("after".to_owned())).await.is_ok()
    })
    .await;
    assert!(!scene.journal.lines().contains(&"lost".to_owned()));
    // The numbers come from events, which follow on their own way.
    eventually(SOON, "the numbers say so", async || {
        scene.number("usher_bus_connected{role=\"probe\"}") == 1
            && scene.number("usher_bus_reconnects_total{role=\"probe\"}") == 1
    })
    .await;
    stage.stop().await;
}

#[actix_rt::test]
async fn a_request_that_breaks_off_after_it_was_taken_is_in_doubt() {
    let scene = Scene::open(BusKind::Nats).await;
    let stage = scene.probe().await;
    let connection = scene.connection().await;
    let bus = scene.bus_on(Arc::new(connection.clone()), Service::Probe);
    let (ask, cx) = (Ask::Wait("taken".to_owned()), scene.cx());
    let close = async {
        scene.gate.wait_for_a_turn().await;
        connection.client().drain().await.unwrap();
    };
    let (broken, ()) = join(bus.call(&ask, &cx), close).await;
    let problem = broken.unwrap_err();
    assert_eq!((problem.kind, problem.retry_after), (Kind::InDoubt, None));
    scene.gate.let_through(1);
    stage.stop().await;
    assert_eq!(scene.journal.lines(), ["taken"], "it happened");
}

#[actix_rt::test]
async fn a_plain_client_that_forges_a_caller_gets_the_service_error_headers() {
    let scene = Scene::open(BusKind::Nats).await;
    let stage = scene.probe().await;
    let stranger = scene.stranger().await;
    let body = serde_json::to_vec(&Ask::Echo("secret".to_owned())).unwrap();
    let operator = Caller::operator(Service::HttpEdge, scene.clock.now());
    let forged = format!("AAAA.{}", serde_json::to_string(&operator).unwrap());
    let mut headers = HeaderMap::new();
    headers.insert("Usher-Caller", forged.as_str());
    let answer = stranger
        .request_with_headers(Ask::SUBJECT, headers, body.into())
        .await
        .unwrap();

    let title = Kind::Unauthenticated.title();
    assert_eq!(header(&answer, "Nats-Service-Error-Code"), Some("401"));
    assert_eq!(header(&answer, "Nats-Service-Error"), Some(title));
    let problem: Problem = serde_json::from_slice(&answer.payload).unwrap();
    assert_eq!(problem.kind, Kind::Unauthenticated);
    assert_eq!(scene.journal.lines(), Vec::<String>::new());
    stage.stop().await;
}

#[actix_rt::test]
async fn an_answer_without_a_problem_has_no_error_headers() {
    let scene = Scene::open(BusKind::Nats).await;
    let stage = scene.probe().await;
    let stranger = scene.stranger().await;
    let body = serde_json::to_vec(&Ask::Echo("hello".to_owned())).unwrap();
    let public = Caller::public(Service::HttpEdge, scene.clock.now());
    let signed = key().sign(Ask::SUBJECT, &public, &body).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("Usher-Caller", signed.as_str());
    let answer = stranger
        .request_with_headers(Ask::SUBJECT, headers, body.into())
        .await
        .unwrap();
    assert_eq!(header(&answer, "Nats-Service-Error-Code"), None);
    assert_eq!(&answer.payload[..], br#""hello""#);
    stage.stop().await;
}

#[actix_rt::test]
async fn any_client_sees_what_runs_and_how_much_it_has_served_and_refused() {
    let scene = Scene::open(BusKind::Nats).await;
    let stage = scene.probe().await;
    let stranger = scene.stranger().await;
    let ask = async |subject: &str| -> Value {
        let answer = stranger.request(subject.to_owned(), "".into()).await;
        serde_json::from_slice(&answer.unwrap().payload).unwrap()
    };
    for text in ["one", "two", "three"] {
        scene.call(Ask::Echo(text.to_owned())).await.unwrap();
    }
    scene.call(Ask::Refuse).await.unwrap_err();
    scene.call(Ask::Panic).await.unwrap_err();

    let ping = ask("$SRV.PING").await;
    assert_eq!(ping["type"], "io.nats.micro.v1.ping_response");
    assert_eq!(ping["name"], "probe");
    let id = ping["id"].as_str().unwrap().to_owned();

    for subject in [
        "$SRV.INFO",
        "$SRV.INFO.probe",
        &format!("$SRV.INFO.probe.{id}"),
    ] {
        let info = ask(subject).await;
        assert_eq!(info["id"], id.as_str());
        assert_eq!(info["endpoints"][0]["subject"], Ask::SUBJECT);
        assert_eq!(info["endpoints"][0]["queue_group"], "probe");
        assert_eq!(info["endpoints"].as_array().unwrap().len(), 3);
    }

    let stats = ask(&format!("$SRV.STATS.probe.{id}")).await;
    let asked = &stats["endpoints"][0];
    assert_eq!(asked["name"], "probe-ask");
    assert_eq!(asked["num_requests"], json!(5));
    assert_eq!(asked["num_errors"], json!(2));
    assert_eq!(asked["last_error"], json!("500:panicked"));
    assert!(asked["processing_time"].as_u64().unwrap() > 0);
    assert_eq!(stats["endpoints"][1]["num_requests"], json!(0));
    assert_eq!(stats["endpoints"][1]["last_error"], json!(""));
    stage.stop().await;
}

#[actix_rt::test]
async fn a_part_without_messages_is_seen_too_until_it_stops() {
    let scene = Scene::open(BusKind::Nats).await;
    let mut stage = scene.stage(16, kernel::supervise::Intensity::default());
    stage.announce_only("http-edge").await.unwrap();
    let stranger = scene.stranger().await;
    let ping = || stranger.request("$SRV.PING.http-edge", "".into());
    let answer: Value = serde_json::from_slice(&ping().await.unwrap().payload).unwrap();
    assert_eq!(answer["name"], "http-edge");
    stage.stop().await;
    let error = ping().await.unwrap_err();
    assert_eq!(error.kind(), async_nats::RequestErrorKind::NoResponders);
}

#[actix_rt::test]
async fn an_actor_that_was_started_is_there_for_every_connection_at_once() {
    let scene = Scene::open(BusKind::Nats).await;
    for n in 0..20 {
        let (there, journal) = scene.probe_elsewhere().await;
        let text = n.to_string();
        let answer = scene.call(Ask::Echo(text.clone())).await;
        assert_eq!(answer, Ok(text.clone()));
        assert_eq!(journal.lines(), [text]);
        there.stop().await;
    }
}
