//! Relays of every kind, at the courier: how it gets there, what it says of its pace, how it goes away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use contract::{Secret, ids::InviteId};
use invite_dispatcher::{CourierTiming, MailOptions, Rates};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::{Engine, SmtpAct, SmtpAt, SmtpScript, SmtpSink, SmtpTls};
use tokio::time::timeout;

use crate::{
    mime::Read,
    posted::{self, House, number, run},
    scene::{Scene, proof},
};

const PASSWORD: &str = "s3cret";
/// Long enough for a busy machine and the pauses of a courier; nothing takes it when all is well.
const SOON: Duration = Duration::from_secs(30);

/// A relay that does as it was told, and an organisation that has sent a batch.
async fn with(engine: Engine, script: SmtpScript) -> (SmtpSink, Scene, House) {
    let sink = SmtpSink::start_with(script);
    let scene = Scene::sending(engine, &sink).await;
    let house = scene.house().await;
    (sink, scene, house)
}

async fn some(scene: &Scene, house: House, count: usize) -> Vec<InviteId> {
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(scene.invite(house, &format!("p{n}@uni.edu")).await);
    }
    ids
}

/// The way to this relay, whose certificate is believed.
fn way(url: &str, sink: &SmtpSink) -> MailOptions {
    let options = MailOptions::parse(&Secret::new(url), "Usher <usher@mail.example>");
    options.unwrap().with_roots([sink.authority()])
}

/// One connection, so that what goes over it is in one order.
fn one_by_one(sink: &SmtpSink) -> MailOptions {
    way(&sink.url(), sink).with_rates(Rates {
        connections: 1,
        ..Rates::default()
    })
}

async fn deliver(scene: &Scene, options: MailOptions) {
    let mut courier = scene.courier_as(options);
    while courier.work().await.unwrap() == Pace::Again {}
    courier.finish().await;
}

async fn all_sent(scene: &Scene, ids: Vec<InviteId>) {
    for id in ids {
        let look = scene.see(id).await;
        assert!(look.state == "sent" && look.attempts == 1, "{look:?}");
    }
}

#[rstest]
#[case::offered("smtp", "", SmtpTls::Offered, "PLAIN LOGIN")]
#[case::required("smtp", "?tls=required", SmtpTls::Offered, "LOGIN")]
#[case::from_the_first_byte("smtps", "", SmtpTls::Implicit, "PLAIN")]
#[actix_rt::test]
async fn invites_go_over_tls_with_a_password(
    #[case] scheme: &str,
    #[case] query: &str,
    #[case] tls: SmtpTls,
    #[case] mechanisms: &str,
) {
    let script = SmtpScript::new().tls(tls);
    let script = script.login("usher", PASSWORD, mechanisms);
    let (sink, scene, house) = with(Engine::Sqlite, script).await;
    let ids = some(&scene, house, 12).await;
    let port = sink.address().port();
    let url = format!("{scheme}://usher:{PASSWORD}@localhost:{port}{query}");
    deliver(&scene, way(&url, &sink)).await;
    all_sent(&scene, ids).await;
    assert_eq!(sink.messages().len(), 12);
    let is_upgraded = sink.commands("STARTTLS") > 0;
    assert_eq!(is_upgraded, tls == SmtpTls::Offered);
    assert_eq!(sink.commands("AUTH"), sink.connections());
}

#[rstest]
#[case::not_offered(SmtpTls::Off, "the relay offers no TLS")]
#[case::nobody_vouches(SmtpTls::Offered, "TLS: ")]
#[actix_rt::test]
async fn no_invite_goes_where_tls_is_required_and_there_is_none(
    #[case] tls: SmtpTls,
    #[case] why: &str,
) {
    let (sink, scene, house) = with(Engine::Sqlite, SmtpScript::new().tls(tls)).await;
    let id = scene.invite(house, "ann@uni.edu").await;
    let url = format!("smtp://localhost:{}?tls=required", sink.address().port());
    let options = MailOptions::parse(&Secret::new(url), "Usher <usher@mail.example>");
    let options = options.unwrap();
    deliver(&scene, options.clone()).await;
    assert!(scene.see(id).await.is_untouched());
    run(&scene, posted::CANCEL.bind(id)).await;
    let letter = scene.queue("proof:1").await;
    deliver(&scene, options).await;
    let look = scene.look(letter).await;
    assert!(look.last_reply.starts_with(why), "{look:?}");
    assert_eq!((look.unknowns, sink.commands("MAIL")), (0, 0));
}

#[rstest]
#[actix_rt::test]
async fn a_wrong_password_holds_all_up_by_its_name_until_it_is_mended(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let script = SmtpScript::new().login("usher", PASSWORD, "PLAIN LOGIN");
    let (sink, scene, house) = with(engine, script).await;
    let ids = some(&scene, house, 30).await;
    let url = |password: &str| format!("smtp://usher:{password}@{}", sink.address());
    let mut courier = scene.courier_to(&url("wrong"));
    while courier.work().await.unwrap() == Pace::Again {}
    for id in &ids {
        let look = scene.see(*id).await;
        assert!(look.is_untouched(), "{look:?}");
    }
    // Each connection once; and once more those whose mails were taken meanwhile.
    assert!(sink.connections() <= 20, "{}", sink.connections());
    drop(courier);
    run(&scene, posted::FORGET_COURIERS.query()).await;
    deliver(&scene, way(&url(PASSWORD), &sink)).await;
    all_sent(&scene, ids).await;
}

#[rstest]
#[actix_rt::test]
async fn a_mail_costs_one_round_trip_or_four_where_the_relay_cannot(
    #[values(true, false)] is_pipelined: bool,
) {
    let script = SmtpScript::new();
    let script = if is_pipelined {
        script
    } else {
        script.sequential()
    };
    let (sink, scene, house) = with(Engine::Sqlite, script).await;
    let ids = some(&scene, house, 32).await;
    deliver(&scene, one_by_one(&sink)).await;
    all_sent(&scene, ids).await;
    let trips = sink.round_trips();
    // EHLO, the first envelope and QUIT are beside them, and a pause where the courier took more.
    let expected = if is_pipelined { 32..=42 } else { 128..=136 };
    assert!(expected.contains(&trips), "{trips}");
    assert_eq!(sink.connections(), 1);
}

#[rstest]
#[actix_rt::test]
async fn a_connection_carries_its_share_and_no_more_are_open_than_may_be(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = with(engine, SmtpScript::new()).await;
    let ids = some(&scene, house, 60).await;
    let rates = Rates {
        connections: 3,
        messages_per_connection: 7,
        ..Rates::default()
    };
    deliver(&scene, way(&sink.url(), &sink).with_rates(rates)).await;
    all_sent(&scene, ids).await;
    let mails = sink.messages();
    for connection in 1..=sink.connections() {
        let carried = mails.iter().filter(|mail| mail.connection == connection);
        assert!(carried.count() <= 7);
    }
    assert!(sink.most_open() <= 3, "{}", sink.most_open());
}

#[rstest]
#[actix_rt::test]
async fn a_relay_that_counts_the_mails_of_a_connection_costs_nobody_an_attempt(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = with(engine, SmtpScript::new()).await;
    sink.limit_per_connection(4);
    let ids = some(&scene, house, 30).await;
    deliver(&scene, way(&sink.url(), &sink)).await;
    all_sent(&scene, ids).await;
    assert_eq!(sink.messages().len(), 30, "neither twice nor never");
}

#[rstest]
#[case::full_up("421 4.7.0 too many connections from you", 3)]
#[case::one_is_enough("554 5.7.1 one connection is enough", 1)]
#[actix_rt::test]
async fn a_relay_that_takes_fewer_connections_than_are_set_gets_fewer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] reply: &'static str,
    #[case] most: usize,
) {
    let script = SmtpScript::new().on(move |moment| {
        let is_beyond = moment.at == SmtpAt::Greeting && moment.connection > most;
        is_beyond.then(|| SmtpAct::reply(reply).and_close())
    });
    let (sink, scene, house) = with(engine, script).await;
    let ids = some(&scene, house, 80).await;
    deliver(&scene, way(&sink.url(), &sink)).await;
    all_sent(&scene, ids).await;
    assert!(sink.connections() <= 10, "{}", sink.connections());
}

#[rstest]
#[case::later("450 4.7.0 too many messages, try again in 5 minutes", 300, true)]
#[case::slower("451 4.7.1 rate limit, retry in 90 seconds", 90, true)]
#[case::goes_away("421 4.7.0 too many messages, wait 2 minutes", 120, false)]
#[actix_rt::test]
async fn who_asks_for_fewer_mails_is_left_alone_for_as_long_as_it_says(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] reply: &'static str,
    #[case] seconds: i64,
    #[case] at_the_recipient: bool,
) {
    let (sink, scene, house) = with(engine, SmtpScript::new()).await;
    if at_the_recipient {
        sink.reject("p0@uni.edu", reply);
    } else {
        sink.reject_message("p0@uni.edu", reply);
    }
    let id = scene.invite(house, "p0@uni.edu").await;
    deliver(&scene, one_by_one(&sink)).await;
    let look = scene.see(id).await;
    assert!(look.is_untouched(), "{look:?}");
    let due_in = look.due_in.unwrap() / 1_000_000;
    assert!((seconds - 20..=seconds).contains(&due_in), "{look:?}");
    assert_eq!(sink.commands("DATA"), 1);
}

#[rstest]
#[actix_rt::test]
async fn what_was_under_way_does_not_end_the_wait_that_a_relay_asks_for(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    // The third is one too many, while two are at their final dots.
    let (dots, begun) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let at_once = Arc::new(AtomicUsize::new(0));
    let (mails, seen) = (Arc::clone(&begun), Arc::clone(&at_once));
    let script = SmtpScript::new().sequential().on(move |moment| {
        if moment.at == SmtpAt::Mail {
            mails.fetch_add(1, Ordering::SeqCst);
        }
        if moment.at != SmtpAt::Dot {
            return None;
        }
        if dots.fetch_add(1, Ordering::SeqCst) != 2 {
            return Some(SmtpAct::later(Duration::from_millis(700)));
        }
        seen.store(mails.load(Ordering::SeqCst), Ordering::SeqCst);
        Some(SmtpAct::reply("451 4.7.1 rate limit, retry in 90 seconds"))
    });
    let (sink, scene, house) = with(engine, script).await;
    some(&scene, house, 40).await;
    let rates = Rates {
        connections: 3,
        ..Rates::default()
    };
    let mut courier = scene.courier_as(way(&sink.url(), &sink).with_rates(rates));
    for _ in 0..2 {
        while courier.work().await.unwrap() == Pace::Again {}
    }
    courier.finish().await;
    let [begun, at_once] = [begun, at_once].map(|count| count.load(Ordering::SeqCst));
    // While it is said, the other two may begin once more.
    assert!((3..=at_once + 2).contains(&begun), "{begun} of {at_once}");
    let taken = i64::try_from(begun - 1).unwrap();
    let states = [
        ("queued".to_owned(), 40 - taken),
        ("sent".to_owned(), taken),
    ];
    assert_eq!(
        scene.states().await,
        states,
        "what was under way has arrived"
    );
}

#[rstest]
#[case::all("451 4.7.1 rate limit, retry in 90 seconds", false, "queued")]
#[case::a_domain("450 4.7.0 too many messages from you", true, "sent")]
#[actix_rt::test]
async fn a_throttle_is_the_relays_at_the_message_and_the_domains_at_the_recipient(
    #[case] reply: &'static str,
    #[case] at_the_recipient: bool,
    #[case] elsewhere: &str,
) {
    let (sink, scene, house) = with(Engine::Sqlite, SmtpScript::new()).await;
    if at_the_recipient {
        sink.reject("p0@uni.edu", reply);
    } else {
        sink.reject_message("p0@uni.edu", reply);
    }
    let first = scene.invite(house, "p0@uni.edu").await;
    let mut courier = scene.courier_as(one_by_one(&sink));
    while courier.work().await.unwrap() == Pace::Again {}
    let same = scene.invite(house, "p1@uni.edu").await;
    let other = scene.invite(house, "p2@hill.edu").await;
    while courier.work().await.unwrap() == Pace::Again {}
    for id in [first, same] {
        let look = scene.see(id).await;
        assert!(look.is_untouched(), "{look:?}");
    }
    assert_eq!(scene.see(other).await.state, elsewhere);
}

#[rstest]
#[case::greylisted("450 4.2.0 Greylisted, see http://postgrey.hill.edu", "not-yet")]
#[case::greylisted_by_421("421 4.7.0 greylisted, try later", "not-yet")]
#[case::full("452 4.2.2 mailbox full", "mailbox-full")]
#[actix_rt::test]
async fn a_recipient_that_is_not_taken_now_is_tried_again_and_holds_up_nobody(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] reply: &str,
    #[case] reason: &str,
) {
    let (sink, scene, house) = with(engine, SmtpScript::new()).await;
    sink.reject_message("p0@uni.edu", reply);
    let ids = some(&scene, house, 5).await;
    let letter = scene.queue_to("proof:1", "p0@uni.edu", proof("Pat")).await;
    deliver(&scene, one_by_one(&sink)).await;
    let look = scene.see(ids[0]).await;
    assert_eq!((look.state.as_str(), look.attempts), ("deferred", 1));
    assert_eq!((look.reason.as_str(), look.reply.as_str()), (reason, reply));
    assert!(look.waits(1), "{look:?}");
    all_sent(&scene, ids[1..].to_vec()).await;
    assert!(scene.look(letter).await.waits(5), "letters are, too");
    sink.accept("p0@uni.edu");
    scene.carry_later().await;
    assert_eq!(scene.see(ids[0]).await.state, "sent");
}

#[rstest]
#[actix_rt::test]
async fn a_mail_that_is_larger_than_a_relay_takes_has_no_reply_of_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = with(engine, SmtpScript::new().size(100)).await;
    let id = scene.invite(house, "p0@uni.edu").await;
    deliver(&scene, one_by_one(&sink)).await;
    let look = scene.see(id).await;
    assert_eq!(look.state, "failed");
    let said = "the mail is larger than the relay takes";
    assert_eq!(look.reply, said);
    assert_eq!(sink.commands("MAIL"), 0);
}

#[rstest]
#[actix_rt::test]
async fn a_lost_reply_is_about_one_mail_and_not_about_those_behind_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = with(engine, SmtpScript::new()).await;
    sink.vanish_after_dot("p3@uni.edu");
    let ids = some(&scene, house, 12).await;
    deliver(&scene, one_by_one(&sink)).await;
    for (n, id) in ids.iter().enumerate() {
        let look = scene.see(*id).await;
        let (state, lost) = if n == 3 { ("unknown", 1) } else { ("sent", 0) };
        assert_eq!(
            (look.state.as_str(), look.lost_replies, look.attempts),
            (state, lost, 1)
        );
    }
    sink.accept("p3@uni.edu");
    scene.carry_later().await;
    scene.carry_later().await;
    assert_eq!(scene.see(ids[3]).await.state, "sent");
    let mails = sink.messages();
    assert_eq!(mails.len(), 13, "one of them twice");
    let id = |n: usize| Read::of(&mails[n].text()).header("Message-ID").to_owned();
    let twice: Vec<_> = (0..13)
        .filter(|n| mails[*n].recipients == ["p3@uni.edu"])
        .map(id)
        .collect();
    assert_eq!(twice.len(), 2);
    assert_eq!(twice[0], twice[1]);
}

#[rstest]
#[actix_rt::test]
async fn a_recipient_at_whom_the_relay_hangs_up_goes_behind_the_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let script = SmtpScript::new().on(|moment| {
        let is_hated = moment.at == SmtpAt::Rcpt && moment.recipient == "p0@uni.edu";
        is_hated.then(SmtpAct::close)
    });
    let (sink, scene, house) = with(engine, script).await;
    let ids = some(&scene, house, 4).await;
    // The relay seems to be away, and is tried with whoever is due first.
    deliver(&scene, one_by_one(&sink)).await;
    let mut due = Vec::new();
    for id in ids {
        let look = scene.see(id).await;
        assert!(look.is_untouched(), "{look:?}");
        due.push(look.due_in.unwrap());
    }
    assert!(due[1..].iter().all(|due_in| *due_in < due[0]), "{due:?}");
}

#[rstest]
#[case::without_a_word(None)]
#[case::with_one(Some("421 4.3.0 closing channel"))]
#[actix_rt::test]
async fn one_at_whom_the_relay_hangs_up_again_and_takes_others_is_deferred(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] word: Option<&'static str>,
) {
    let script = SmtpScript::new().sequential().on(move |moment| {
        let is_hated = moment.at == SmtpAt::Rcpt && moment.recipient == "p0@uni.edu";
        let slow = || SmtpAct::later(Duration::from_millis(100));
        let others = (moment.at == SmtpAt::Dot).then(slow);
        let end = || word.map_or_else(SmtpAct::close, |word| SmtpAct::reply(word).and_close());
        is_hated.then(end).or(others)
    });
    let (sink, scene, house) = with(engine, script).await;
    let ids = some(&scene, house, 30).await;
    let mut courier = scene.courier_as(way(&sink.url(), &sink));
    let deferred = async {
        while scene.see(ids[0]).await.state != "deferred" {
            courier.work().await.unwrap();
        }
        while courier.work().await.unwrap() == Pace::Again {}
        courier.finish().await;
    };
    timeout(SOON, deferred).await.unwrap();
    let look = scene.see(ids[0]).await;
    assert_eq!((look.attempts, look.reason.as_str()), (1, "not-yet"));
    assert!(look.waits(1), "{look:?}");
    all_sent(&scene, ids[1..].to_vec()).await;
}

#[rstest]
#[actix_rt::test]
async fn what_a_courier_gives_up_at_its_end_is_unknown_only_if_it_may_be_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    // It takes one message, says nothing to the next, and greets nobody else.
    let script = SmtpScript::new().on(|moment| {
        let is_silent = moment.at == SmtpAt::Dot && moment.message == 2
            || moment.at == SmtpAt::Greeting && moment.connection > 1;
        is_silent.then(|| SmtpAct::later(Duration::from_mins(10)))
    });
    let (sink, scene, house) = with(engine, script).await;
    let ids = some(&scene, house, 4).await;
    let timing = CourierTiming {
        grace: Duration::from_millis(300),
        ..CourierTiming::default()
    };
    let mut courier = scene.courier_as(one_by_one(&sink)).with_timing(timing);
    while scene.see(ids[0]).await.state != "sent" {
        courier.work().await.unwrap();
    }
    courier.finish().await;
    let look = scene.see(ids[1]).await;
    assert_eq!((look.state.as_str(), look.lost_replies), ("unknown", 1));
    assert!(look.waits(1) && !look.is_leased, "{look:?}");
    for id in &ids[2..] {
        let look = scene.see(*id).await;
        assert!(look.is_untouched(), "{look:?}");
    }
    assert_eq!(number(&scene, posted::COURIERS.query(), "n").await, 0);
}
