//! How letters come in.

use std::{collections::BTreeSet, time::Duration};

use contract::{EmailAddress, mails::QueueMail};
use futures_util::future::join_all;
use rstest::rstest;
use testkit::{Engine, SmtpSink};

use crate::{
    posted::{open, run},
    scene::{CODE, Scene, TOKEN, proof},
    sql,
};

#[rstest]
#[actix_rt::test]
async fn two_requests_with_one_key_are_one_letter_also_at_once_and_after_it_left(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    let ids: BTreeSet<_> = join_all((0..16).map(|_| scene.queue("proof:1")))
        .await
        .into_iter()
        .collect();
    assert_eq!(ids.len(), 1);
    scene.deliver().await;
    let (again, other) = (scene.queue("proof:1").await, scene.queue("proof:2").await);
    assert!(ids.contains(&again) && !ids.contains(&other));
    scene.deliver().await;
    assert_eq!(sink.messages().len(), 2);
}

#[rstest]
#[actix_rt::test]
async fn a_letter_is_sealed_while_it_waits_and_emptied_once_it_has_left(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    let id = scene.queue("proof:1").await;
    let sealed = scene.rows().await;
    assert_eq!(sealed.len(), 1);
    for secret in [TOKEN, CODE, "Ann"] {
        assert!(!sealed[0].contains(secret), "{}", sealed[0]);
    }
    scene.deliver().await;
    let look = scene.look(id).await;
    assert!(look.is_sent && !look.is_failed && look.lease.is_none());
    assert_eq!((look.letter.as_str(), look.attempts), ("", 1));
    assert_eq!(look.last_reply, "250 2.0.0 kept as 1");
}

#[rstest]
#[actix_rt::test]
async fn a_letter_that_another_key_sealed_fails_and_says_so(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    use kernel::Work as _;
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    let id = scene.queue("proof:1").await;
    scene.courier_of("another key").work().await.unwrap();
    let look = scene.look(id).await;
    assert!(look.is_failed && look.last_reply.contains("sealing key"));
    assert!(sink.messages().is_empty());
}

#[rstest]
#[actix_rt::test]
async fn a_letter_whose_row_cannot_be_read_fails_and_stops_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let broken = scene.queue("proof:1").await;
    run(&scene, sql::BREAK.bind(broken)).await;
    let letter = scene
        .queue_to("proof:2", "eve@hill.edu", proof("Eve"))
        .await;
    let invite = scene.invite(house, "bob@hill.edu").await;
    scene.deliver().await;
    let look = scene.look(broken).await;
    assert!(
        look.is_failed && look.letter.is_empty() && look.lease.is_none(),
        "{look:?}"
    );
    assert!(look.last_reply.contains("cannot be read"), "{look:?}");
    assert!(scene.look(letter).await.is_sent);
    assert_eq!(scene.see(invite).await.state, "sent");
    assert_eq!(sink.messages().len(), 2);
}

#[rstest]
#[actix_rt::test]
async fn a_key_has_bounds(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let scene = Scene::keeping(engine).await;
    for key in [String::new(), "k".repeat(201)] {
        let to = EmailAddress::parse("ann@uni.edu").unwrap();
        let letter = proof("Ann");
        let refused = scene.ask(QueueMail { key, to, letter }).await.unwrap_err();
        assert_eq!(
            (refused.status, refused.errors[0].field.as_str()),
            (422, "key")
        );
    }
    scene.queue(&"k".repeat(200)).await;
    let mut reader = scene.db.read().await.unwrap();
    let counted = sql::COUNT.query().fetch_one(&mut reader).await.unwrap();
    assert_eq!(counted.get::<i64>("n").unwrap(), 1);
}

#[rstest]
#[actix_rt::test]
async fn whoever_queues_a_letter_wakes_a_courier(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    scene.queue("proof:1").await;
    let woken = tokio::time::timeout(Duration::from_secs(20), scene.woken.notified()).await;
    assert!(woken.is_ok());
}
