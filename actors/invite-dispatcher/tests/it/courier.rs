//! What becomes of a letter, by what the relay says.

use futures_util::future::join;
use rstest::rstest;
use testkit::{Engine, SmtpSink};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    mime::Read,
    scene::{Scene, proof},
    sql,
};

#[rstest]
#[actix_rt::test]
async fn a_relay_that_says_later_is_asked_again_after_ever_longer_pauses(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] at_the_recipient: bool,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    if at_the_recipient {
        sink.reject("ann@uni.edu", "451 4.2.0 come back later");
    } else {
        sink.reject_message("ann@uni.edu", "451 4.2.0 come back later");
    }
    let id = scene.queue("proof:1").await;
    scene.deliver().await;
    let connections = sink.connections();
    scene.deliver().await;
    assert_eq!(sink.connections(), connections, "nothing is due yet");
    for (attempt, pause) in (1..).zip([5, 60, 600, 1_800, 3_600, 3_600]) {
        let look = scene.look(id).await;
        assert!(look.waits(pause), "{attempt}: {look:?}");
        assert_eq!(look.last_reply, "451 4.2.0 come back later");
        assert_eq!((look.attempts, look.unknowns), (attempt, 0));
        scene.deliver_later().await;
    }
    sink.accept("ann@uni.edu");
    scene.deliver_later().await;
    assert!(scene.look(id).await.is_sent);
    assert_eq!(sink.messages().len(), 1);
}

#[rstest]
#[actix_rt::test]
async fn a_letter_that_is_refused_for_good_fails_and_keeps_the_reply(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] at_the_recipient: bool,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    let reply = "550 5.1.1 no such user";
    if at_the_recipient {
        sink.reject("ann@uni.edu", reply);
    } else {
        sink.reject_message("ann@uni.edu", reply);
    }
    let refused = scene.queue("proof:1").await;
    let other = scene.queue_to("proof:2", "bob@uni.edu", proof("Bob")).await;
    scene.deliver().await;
    let look = scene.look(refused).await;
    assert!(look.is_failed && !look.is_sent && look.lease.is_none());
    assert_eq!(
        (look.letter.as_str(), look.last_reply.as_str()),
        ("", reply)
    );
    assert!(scene.look(other).await.is_sent, "nobody else suffers");
    sink.accept("ann@uni.edu");
    scene.deliver_later().await;
    assert_eq!(sink.messages().len(), 1, "a refusal is final");
}

#[rstest]
#[actix_rt::test]
async fn a_relay_that_is_not_there_loses_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    use kernel::Work as _;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", gone.local_addr().unwrap());
    drop(gone);
    let scene = Scene::open(engine, &url, None).await;
    let id = scene.queue("proof:1").await;
    scene.deliver().await;
    let look = scene.look(id).await;
    assert!(look.waits(5), "{look:?}");
    assert!(
        look.last_reply.starts_with("the relay cannot be reached: "),
        "{look:?}"
    );
    assert_eq!(look.unknowns, 0, "it is known that nothing went over");

    let sink = SmtpSink::start();
    scene.write(&sql::MAKE_DUE).await;
    scene.courier_to(&sink.url()).work().await.unwrap();
    assert!(scene.look(id).await.is_sent);
}

#[rstest]
#[actix_rt::test]
async fn a_relay_that_does_not_take_the_sender_loses_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("550 5.7.1 not for you", "421 4.7.0 too many today")] reply: &'static str,
) {
    let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", relay.local_addr().unwrap());
    let strict = async {
        let (mut stream, _) = relay.accept().await.unwrap();
        let mut heard = [0; 512];
        for said in ["220 strict ESMTP", "250 strict", reply] {
            stream
                .write_all(format!("{said}\r\n").as_bytes())
                .await
                .unwrap();
            let _ = stream.read(&mut heard).await;
        }
    };
    let scene = Scene::open(engine, &url, None).await;
    let id = scene.queue("proof:1").await;
    join(strict, scene.deliver()).await;
    let look = scene.look(id).await;
    assert!(look.waits(5), "{look:?}");
    assert_eq!((look.last_reply.as_str(), look.unknowns), (reply, 0));
}

#[rstest]
#[actix_rt::test]
async fn a_letter_whose_reply_was_lost_is_repeated_once_as_the_same_message(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    sink.vanish_after_dot("ann@uni.edu");
    let id = scene.queue("proof:1").await;
    scene.deliver().await;
    let look = scene.look(id).await;
    assert!(look.waits(5), "{look:?}");
    assert_eq!((look.attempts, look.unknowns), (1, 1));
    assert!(
        look.last_reply.starts_with("the reply was lost"),
        "{look:?}"
    );

    sink.accept("ann@uni.edu");
    scene.deliver_later().await;
    let look = scene.look(id).await;
    assert!(look.is_sent && look.letter.is_empty());
    let ids: Vec<_> = sink
        .messages()
        .iter()
        .map(|mail| Read::of(&mail.text()).header("Message-ID").to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[rstest]
#[actix_rt::test]
async fn a_letter_whose_reply_is_lost_twice_is_not_sent_a_third_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    sink.vanish_after_dot("ann@uni.edu");
    let id = scene.queue("proof:1").await;
    for _ in 0..4 {
        scene.deliver_later().await;
    }
    assert_eq!(sink.messages().len(), 2);
    let look = scene.look(id).await;
    assert!(look.is_failed && look.letter.is_empty());
    assert!(
        look.last_reply.starts_with("the reply was lost"),
        "{look:?}"
    );
}

#[rstest]
#[actix_rt::test]
async fn a_letter_is_given_up_after_a_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    sink.reject("ann@uni.edu", "451 4.2.0 come back later");
    let id = scene.queue("proof:1").await;
    scene.deliver().await;
    assert!(!scene.look(id).await.is_failed);
    scene.write(&sql::AGE).await;
    scene.deliver_later().await;
    let look = scene.look(id).await;
    assert!(look.is_failed && look.letter.is_empty());
    assert_eq!(look.last_reply, "451 4.2.0 come back later");
}

#[rstest]
#[actix_rt::test]
async fn a_reply_is_kept_on_one_line_and_bounded(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    let long = "x".repeat(900);
    sink.reject("ann@uni.edu", &format!("550-5.1.1 no\r\n550 5.1.1 {long}"));
    let id = scene.queue("proof:1").await;
    scene.deliver().await;
    let reply = scene.look(id).await.last_reply;
    assert!(reply.starts_with("550 5.1.1 no"), "{reply}");
    assert_eq!(reply.chars().count(), 500);
    assert!(!reply.contains(char::is_control));
}
