//! A courier that ends while invites are on their way.

use std::{cell::Cell, net::TcpListener, time::Duration};

use contract::{EmailAddress, Secret, ids::InviteId, invites::ReaddressInvite};
use futures_util::{FutureExt as _, future::join, select_biased};
use invite_dispatcher::{MailOptions, Rates};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::{Engine, eventually};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream},
    sync::Notify,
    time::sleep,
};

use crate::{
    mime::Read,
    posted::{self, House, number, open, run},
    scene::Scene,
};

/// Long enough for a busy machine; nothing takes it when all is well.
const SOON: Duration = Duration::from_secs(20);
/// How long a relay has a message in its hands.
const A_MOMENT: Duration = Duration::from_millis(5);

/// A courier takes invites and ends before the relay has said a word.
async fn crash_while_sending(scene: &Scene, id: InviteId) {
    // Connections are taken by the system, and nobody ever greets.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut courier = scene.courier_to(&format!("smtp://{}", silent.local_addr().unwrap()));
    let taken = eventually(SOON, "the invite is taken", async || {
        scene.see(id).await.is_leased
    });
    let work = async { while courier.work().await.unwrap() == Pace::Again {} };
    select_biased! {
        () = work.fuse() => panic!("it waits for a greeting"),
        () = taken.fuse() => {}
    }
}

pub(crate) async fn some(scene: &Scene, house: House, count: usize) -> Vec<InviteId> {
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(scene.invite(house, &format!("p{n}@uni.edu")).await);
    }
    ids
}

#[rstest]
#[actix_rt::test]
async fn taking_an_invite_touches_no_index_of_invites(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_, scene, _) = open(engine).await;
    let touched = match engine {
        Engine::Sqlite => &posted::TOUCHED_ON_SQLITE,
        Engine::Postgres => &posted::TOUCHED_ON_POSTGRES,
    };
    assert_eq!(number(&scene, touched.query(), "n").await, 0);
}

#[rstest]
#[actix_rt::test]
async fn invites_are_taken_over_when_the_lease_of_a_dead_courier_is_over_and_marked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let ids = some(&scene, house, 5).await;
    crash_while_sending(&scene, ids[0]).await;
    run(&scene, posted::FORGET_COURIERS.query()).await;
    scene.carry_later().await;
    assert!(sink.messages().is_empty(), "they may still be on their way");
    assert_eq!(scene.see(ids[0]).await.state, "sending");
    assert_eq!(number(&scene, posted::NOTED.query(), "n").await, 5);

    run(&scene, posted::END_LEASES.query()).await;
    scene.deliver().await;
    let look = scene.see(ids[0]).await;
    assert!(
        look.state == "unknown" && !look.is_leased && look.crashes == 1,
        "{look:?}"
    );
    assert!(look.waits(1), "{look:?}");
    assert_eq!(number(&scene, posted::NOTED.query(), "n").await, 0);
    let batch = scene.counted(house).await;
    assert_eq!((batch.to_repeat, batch.left()), (5, 5), "none is settled");
    assert_eq!(
        (batch.pace.unwrap().last_minute, batch.finished_at),
        (0, None)
    );
    scene.carry_later().await;
    assert_eq!(scene.counted(house).await.to_repeat, 0);
    for id in ids {
        let look = scene.see(id).await;
        assert_eq!(
            (look.state.as_str(), look.crashes, look.attempts),
            ("sent", 1, 2)
        );
    }
    let mails = sink.messages();
    assert_eq!(mails.len(), 5);
    assert!(
        Read::of(&mails[0].text())
            .header("Message-ID")
            .starts_with("<inv_")
    );
}

#[rstest]
#[actix_rt::test]
async fn an_invite_that_is_corrected_while_a_courier_has_it_leaves_when_that_lease_is_over(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let id = scene.invite(house, "ann@uni.edu").await;
    crash_while_sending(&scene, id).await;
    run(&scene, posted::FORGET_COURIERS.query()).await;
    // As a report says, while the courier still has it.
    run(&scene, posted::BOUNCE.bind(id)).await;
    let corrected = ReaddressInvite {
        organisation: house.id,
        invite_id: id,
        email: EmailAddress::parse("anna@uni.edu").unwrap(),
    };
    scene.ask(corrected).await.unwrap();
    assert!(scene.see(id).await.is_leased);
    run(&scene, posted::END_LEASES.query()).await;
    for _ in 0..2 {
        scene.carry_later().await;
    }
    let look = scene.see(id).await;
    assert_eq!((look.state.as_str(), look.crashes), ("sent", 0), "{look:?}");
    let mails = sink.messages();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].recipients, ["anna@uni.edu"]);
}

#[rstest]
#[actix_rt::test]
async fn an_invite_over_which_five_couriers_died_is_left_alone_and_not_lost(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let id = scene.invite(house, "ann@uni.edu").await;
    for _ in 0..5 {
        run(&scene, posted::MAKE_DUE.query()).await;
        run(&scene, posted::FORGET_COURIERS.query()).await;
        crash_while_sending(&scene, id).await;
        run(&scene, posted::END_LEASES.query()).await;
        run(&scene, posted::FORGET_COURIERS.query()).await;
        scene.deliver().await;
    }
    let look = scene.see(id).await;
    assert_eq!(
        (look.state.as_str(), look.crashes, look.due_in),
        ("unknown", 5, None)
    );
    let batch = scene.counted(house).await;
    assert_eq!((batch.to_repeat, batch.left()), (0, 0));
    assert!(sink.messages().is_empty());
}

#[rstest]
#[actix_rt::test]
async fn a_courier_that_ends_in_order_gives_back_what_it_did_not_begin(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let ids = some(&scene, house, 40).await;
    let mut courier = scene.courier();
    courier.work().await.unwrap();
    courier.finish().await;
    for id in ids {
        let look = scene.see(id).await;
        assert!(look.state == "sent" || look.is_untouched(), "{look:?}");
    }
    assert_eq!(number(&scene, posted::COURIERS.query(), "n").await, 0);
    scene.deliver().await;
    assert_eq!(sink.messages().len(), 40, "neither twice nor never");
}

/// What a relay has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) begun: Cell<usize>,
    pub(crate) taken: Cell<usize>,
}

impl Seen {
    /// Whether nothing that began is left to be answered.
    pub(crate) fn is_quiet(&self) -> bool {
        self.begun == self.taken
    }
}

/// A relay of one connection: does something between the first final dot and its reply. Answers how many
/// messages it took.
pub(crate) async fn relay(
    listener: tokio::net::TcpListener,
    meanwhile: impl Future<Output = ()>,
) -> usize {
    counting(listener, &Seen::default(), meanwhile).await
}

/// The same; counts the messages that begin and those that were taken.
pub(crate) async fn counting(
    listener: tokio::net::TcpListener,
    seen: &Seen,
    meanwhile: impl Future<Output = ()>,
) -> usize {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufStream::new(stream);
    let mut meanwhile = Some(meanwhile);
    stream.write_all(b"220 relay\r\n").await.unwrap();
    stream.flush().await.unwrap();
    let (mut line, mut is_body) = (String::new(), false);
    while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
        let reply = match line.trim_end() {
            "." if is_body => {
                is_body = false;
                sleep(A_MOMENT).await;
                if let Some(meanwhile) = meanwhile.take() {
                    meanwhile.await;
                }
                seen.taken.set(seen.taken.get() + 1);
                "250 2.0.0 taken"
            }
            _ if is_body => "",
            "DATA" => {
                is_body = true;
                seen.begun.set(seen.begun.get() + 1);
                "354 go on"
            }
            _ => "250 yes",
        };
        line.clear();
        if !reply.is_empty() {
            stream
                .write_all(format!("{reply}\r\n").as_bytes())
                .await
                .unwrap();
            stream.flush().await.unwrap();
        }
    }
    seen.taken.get()
}

/// A courier sends to a relay that does something before it replies.
async fn send_while(scene: &Scene, meanwhile: impl Future<Output = ()>) -> usize {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut courier = scene.courier_to(&format!("smtp://{}", listener.local_addr().unwrap()));
    let work = async {
        // An error is what the kernel works again after.
        while !matches!(courier.work().await, Ok(Pace::Rest(_))) {}
        courier.finish().await;
    };
    join(work, relay(listener, meanwhile)).await.1
}

#[rstest]
#[actix_rt::test]
async fn a_report_that_comes_before_the_reply_is_written_down_stays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_sink, scene, house) = open(engine).await;
    let id = scene.invite(house, "ann@uni.edu").await;
    send_while(&scene, run(&scene, posted::BOUNCE.bind(id))).await;
    let look = scene.see(id).await;
    assert!(
        look.state == "bounced" && look.is_sent && !look.is_leased,
        "{look:?}"
    );
    assert_eq!(
        (look.due_in, look.reply.as_str()),
        (None, "250 2.0.0 taken")
    );
}

#[rstest]
#[actix_rt::test]
async fn a_courier_that_was_thought_dead_changes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    sink.reject("ann@uni.edu", "550 5.7.1 we do not like you");
    let id = scene.invite(house, "ann@uni.edu").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut slow = scene.courier_to(&format!("smtp://{}", listener.local_addr().unwrap()));
    let (has_arrived, replies) = (Cell::new(false), Notify::new());
    let holds = async {
        has_arrived.set(true);
        replies.notified().await;
    };
    let work = async {
        while !has_arrived.get() {
            assert_eq!(slow.work().await.unwrap(), Pace::Again);
        }
        run(&scene, posted::END_LEASES.query()).await;
        run(&scene, posted::FORGET_COURIERS.query()).await;
        let mut other = scene.courier();
        other.work().await.unwrap();
        run(&scene, posted::MAKE_DUE.query()).await;
        while other.work().await.unwrap() == Pace::Again {}
        replies.notify_one();
        while slow.work().await.unwrap() == Pace::Again {}
        slow.finish().await;
    };
    join(work, relay(listener, holds)).await;
    let look = scene.see(id).await;
    assert_eq!(
        (look.state.as_str(), look.crashes, look.attempts),
        ("failed", 1, 2)
    );
    assert_eq!(
        look.reply, "550 5.7.1 we do not like you",
        "the verdict of who had it last"
    );
}

#[rstest]
#[actix_rt::test]
async fn a_verdict_is_kept_while_the_database_takes_none_and_nothing_new_begins(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (_sink, scene, house) = open(engine).await;
    let ids = some(&scene, house, 40).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Without a rate, so that many wait for the connection.
    let url = Secret::new(format!("smtp://{}", listener.local_addr().unwrap()));
    let options = MailOptions::parse(&url, "Usher <usher@mail.example>");
    let mut courier = scene.courier_as(options.unwrap().with_rates(Rates {
        connections: 1,
        ..Rates::default()
    }));
    let seen = Seen::default();
    let work = async {
        while courier.work().await.is_ok() {}
        let before = seen.begun.get();
        let mut quiet = 0;
        while quiet < 20 {
            assert!(courier.work().await.is_err());
            quiet = if seen.is_quiet() { quiet + 1 } else { 0 };
        }
        let meanwhile = seen.begun.get() - before;
        run(&scene, posted::SHOW_INVITES.query()).await;
        while courier.work().await.unwrap() == Pace::Again {}
        courier.finish().await;
        meanwhile
    };
    let hide = run(&scene, posted::HIDE_INVITES.query());
    let (meanwhile, mails) = join(work, counting(listener, &seen, hide)).await;
    assert_eq!(mails, 40, "one each");
    assert!(
        meanwhile <= 1,
        "{meanwhile} with the one that was announced"
    );
    for id in ids {
        let look = scene.see(id).await;
        assert_eq!(
            (look.state.as_str(), look.attempts, look.crashes),
            ("sent", 1, 0)
        );
    }
}
