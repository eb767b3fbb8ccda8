//! What becomes of an invite, by what the relay says and by what happened meanwhile.

use contract::{invites::GetInvite, mails::ListKeptMails};
use futures_util::future::join_all;
use invite_dispatcher::Rates;
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::{Engine, SmtpSink};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    mime::Read,
    posted::{self, number, open, run},
    scene::{NOON, Scene},
};

store::statements! {
    LEFT_BEFORE = "update invites set sent_at = 0 where id = $1";
}

fn message_ids(sink: &SmtpSink) -> Vec<String> {
    let mails = sink.messages();
    let id = |text: String| Read::of(&text).header("Message-ID").to_owned();
    mails.iter().map(|mail| id(mail.text())).collect()
}

#[rstest]
#[actix_rt::test]
async fn an_invite_is_sent_once_and_its_batch_is_finished(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let mut ids = Vec::new();
    for n in 0..25 {
        ids.push(scene.invite(house, &format!("p{n}@uni.edu")).await);
    }
    scene.deliver().await;
    scene.deliver().await;
    let mails = sink.messages();
    assert_eq!(mails.len(), 25);
    assert!(mails.iter().all(|mail| mail.from == "usher@mail.example"));
    for id in ids {
        let look = scene.see(id).await;
        assert!(
            look.state == "sent" && look.is_sent && !look.is_leased,
            "{look:?}"
        );
        assert_eq!((look.attempts, look.due_in), (1, None));
        assert!(look.reply.starts_with("250 2.0.0 kept as"), "{look:?}");
        assert!(message_ids(&sink).contains(&format!("<{id}@mail.example>")));
    }
    assert_eq!(number(&scene, posted::FINISHED.query(), "n").await, 1);
    assert_eq!(number(&scene, posted::NOTED.query(), "n").await, 0);
    assert_eq!(
        number(&scene, posted::EVENTS.bind("batch-finished"), "n").await,
        1
    );
    assert_eq!(
        number(&scene, posted::SENT_ON.bind(NOON.date()), "n").await,
        25
    );
    assert!(sink.connections() <= 10, "{}", sink.connections());
}

#[rstest]
#[actix_rt::test]
async fn refused_recipients_cost_no_connection_and_no_message_of_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] goes_on_regardless: bool,
) {
    let (sink, scene, house) = open(engine).await;
    if goes_on_regardless {
        sink.go_on_regardless();
    }
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for n in 0..30 {
        let email = format!("p{n}@uni.edu");
        let id = scene.invite(house, &email).await;
        if n % 2 == 0 {
            sink.reject(&email, "550 5.1.1 no such user");
            refused.push(id);
        } else {
            taken.push(id);
        }
    }
    scene.deliver().await;
    assert_eq!(sink.messages().len(), taken.len());
    for id in taken {
        assert_eq!(scene.see(id).await.state, "sent");
    }
    for id in refused {
        let look = scene.see(id).await;
        assert_eq!(look.state, "bounced", "{look:?}");
        assert!(look.reply.starts_with("550 5.1.1"), "{look:?}");
    }
    assert!(sink.connections() <= 10, "{}", sink.connections());
    assert!(sink.resets() > 0, "a transaction that failed is given up");
}

#[rstest]
#[case::user_unknown("550 5.1.1 no such user", "bounced", "user-unknown", None)]
#[case::full("552 5.2.2 mailbox full", "deferred", "mailbox-full", Some(1))]
#[case::policy("550 5.7.1 we do not like you", "failed", "refused", None)]
#[case::permanent("550 5.0.0 no", "failed", "refused", None)]
#[case::greylisted(
    "451 4.7.1 greylisted, come back later",
    "deferred",
    "not-yet",
    Some(1)
)]
#[actix_rt::test]
async fn a_refusal_ends_where_it_should_and_harms_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] at_the_recipient: bool,
    #[case] reply: &str,
    #[case] state: &str,
    #[case] reason: &str,
    #[case] minutes: Option<i64>,
) {
    let (sink, scene, house) = open(engine).await;
    if at_the_recipient {
        sink.reject("ann@uni.edu", reply);
    } else {
        sink.reject_message("ann@uni.edu", reply);
    }
    let refused = scene.invite(house, "ann@uni.edu").await;
    let other = scene.invite(house, "bob@uni.edu").await;
    scene.deliver().await;
    let look = scene.see(refused).await;
    assert_eq!(
        (
            look.state.as_str(),
            look.reason.as_str(),
            look.reply.as_str()
        ),
        (state, reason, reply)
    );
    assert!(
        !look.is_leased && !look.is_sent && look.attempts == 1,
        "{look:?}"
    );
    match minutes {
        Some(minutes) => assert!(look.waits(minutes), "{look:?}"),
        None => assert_eq!(look.due_in, None),
    }
    assert_eq!(scene.see(other).await.state, "sent");
    let suppressed = number(&scene, posted::SUPPRESSED.bind("ann@uni.edu"), "n").await;
    let told = number(&scene, posted::EVENTS.bind("invite-bounced"), "n").await;
    let is_bounced = i64::from(state == "bounced");
    let noted = number(&scene, posted::AUDIT.bind("suppression.add"), "n").await;
    assert_eq!(
        (suppressed, told, noted),
        (is_bounced, is_bounced, is_bounced)
    );
}

#[rstest]
#[actix_rt::test]
async fn an_invite_that_is_deferred_is_tried_after_ever_longer_pauses_for_two_days(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    sink.reject("ann@uni.edu", "451 4.2.0 come back later");
    let id = scene.invite(house, "ann@uni.edu").await;
    scene.deliver().await;
    for (attempt, minutes) in (1..).zip([1, 5, 15, 60, 240, 720, 1_440]) {
        let look = scene.see(id).await;
        assert!(
            look.state == "deferred" && look.waits(minutes),
            "{attempt}: {look:?}"
        );
        assert_eq!(look.attempts, attempt);
        run(&scene, posted::WAITED.bind(minutes * 60_000_000)).await;
        scene.carry_later().await;
    }
    let look = scene.see(id).await;
    assert_eq!(
        (look.state.as_str(), look.reason.as_str()),
        ("failed", "deferred-too-long")
    );
    assert_eq!((look.attempts, look.due_in), (8, None));
    scene.deliver().await;
    assert_eq!(number(&scene, posted::FINISHED.query(), "n").await, 1);
}

#[rstest]
#[actix_rt::test]
async fn an_invite_whose_reply_was_lost_is_repeated_once_as_the_same_message(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] again: bool,
) {
    let (sink, scene, house) = open(engine).await;
    sink.vanish_after_dot("ann@uni.edu");
    let id = scene.invite(house, "ann@uni.edu").await;
    scene.deliver().await;
    let look = scene.see(id).await;
    assert!(look.state == "unknown" && look.waits(1), "{look:?}");
    assert_eq!((look.attempts, look.lost_replies, look.crashes), (1, 1, 0));
    if !again {
        sink.accept("ann@uni.edu");
    }
    for _ in 0..3 {
        scene.carry_later().await;
    }
    let look = scene.see(id).await;
    let (state, lost) = if again { ("unknown", 2) } else { ("sent", 1) };
    assert_eq!(
        (look.state.as_str(), look.lost_replies, look.due_in),
        (state, lost, None)
    );
    let organisation = house.id;
    let get = GetInvite {
        organisation,
        invite_id: id,
    };
    assert!(scene.ask(get).await.unwrap().may_be_double);
    let counted = number(&scene, posted::SENT_ON.bind(NOON.date()), "n").await;
    assert_eq!(counted, 2, "both may have left on this day");
    let ids = message_ids(&sink);
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    let [first, second] = [0, 1].map(|n| sink.messages()[n].text());
    let url = |text: &str| Read::of(text).header("List-Unsubscribe").to_owned();
    assert_eq!(url(&first), url(&second), "the same tokens");
}

#[rstest]
#[actix_rt::test]
async fn what_must_not_leave_does_not(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (sink, scene, house) = open(engine).await;
    let cancelled = scene.invite(house, "cancelled@uni.edu").await;
    run(&scene, posted::CANCEL.bind(cancelled)).await;
    let accepted = scene.invite(house, "accepted@uni.edu").await;
    run(&scene, posted::USE.bind(accepted).bind(house.id)).await;
    let expired = scene.invite_until(house, "expired@uni.edu", NOON).await;
    let suppressed = scene.invite(house, "suppressed@uni.edu").await;
    run(
        &scene,
        posted::SUPPRESS.bind("suppressed@uni.edu").bind(house.id),
    )
    .await;
    let reminded = scene.invite(house, "reminded@uni.edu").await;
    run(&scene, LEFT_BEFORE.bind(reminded)).await;
    run(
        &scene,
        posted::SUPPRESS.bind("reminded@uni.edu").bind(house.id),
    )
    .await;
    let everywhere = scene.invite(house, "everywhere@uni.edu").await;
    run(&scene, posted::SUPPRESS.bind("everywhere@uni.edu").bind("")).await;
    let elsewhere = scene.invite(house, "elsewhere@uni.edu").await;
    run(
        &scene,
        posted::SUPPRESS.bind("elsewhere@uni.edu").bind("org_other"),
    )
    .await;
    scene.deliver().await;
    for (id, state) in [
        (cancelled, "cancelled"),
        (accepted, "unneeded"),
        (expired, "expired"),
        (suppressed, "suppressed"),
        (reminded, "sent"),
        (everywhere, "suppressed"),
        (elsewhere, "sent"),
    ] {
        let look = scene.see(id).await;
        assert_eq!(
            (look.state.as_str(), look.due_in, look.is_leased),
            (state, None, false)
        );
    }
    assert_eq!(sink.messages().len(), 1);
}

#[rstest]
#[actix_rt::test]
async fn a_batch_that_rests_sends_nothing_and_one_that_is_cancelled_never_does(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let other = scene.house().await;
    let (rests, gone) = (
        scene.invite(house, "ann@uni.edu").await,
        scene.invite(other, "bob@uni.edu").await,
    );
    run(&scene, posted::PAUSE.bind(house.batch)).await;
    run(&scene, posted::CANCEL_BATCH.bind(other.batch)).await;
    scene.deliver().await;
    assert!(scene.see(rests).await.is_untouched());
    assert_eq!(scene.see(gone).await.state, "cancelled");
    assert!(sink.messages().is_empty());
    run(&scene, posted::RESUME.bind(house.batch)).await;
    scene.deliver().await;
    assert_eq!(scene.see(rests).await.state, "sent");
    assert_eq!(sink.messages().len(), 1);
}

#[rstest]
#[actix_rt::test]
async fn a_relay_that_is_away_or_does_not_know_us_costs_no_attempt(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values("away", "password", "sender")] how: &'static str,
) {
    let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = relay.local_addr().unwrap();
    let lines: &[&str] = match how {
        "password" => &[
            "220 strict",
            "250-strict\r\n250 AUTH PLAIN",
            "535 5.7.8 wrong",
        ],
        _ => &["220 strict", "250 strict", "550 5.7.1 not from there"],
    };
    let scene = Scene::open(engine, &format!("smtp://u:p@{at}"), None).await;
    let house = scene.house().await;
    let mut ids = Vec::new();
    for n in 0..30 {
        ids.push(scene.invite(house, &format!("p{n}@uni.edu")).await);
    }
    let strict = async {
        if how == "away" {
            drop(relay);
            return std::future::pending::<()>().await;
        }
        loop {
            let (mut stream, _) = relay.accept().await.unwrap();
            let mut heard = [0; 512];
            for (nth, said) in lines.iter().enumerate() {
                let said = format!("{said}\r\n");
                // Whoever waited too long behind the others is gone.
                if stream.write_all(said.as_bytes()).await.is_err() {
                    break;
                }
                if nth + 1 < lines.len() {
                    let _ = stream.read(&mut heard).await;
                }
            }
        }
    };
    let scheme = if how == "password" {
        format!("smtp://u:p@{at}")
    } else {
        format!("smtp://{at}")
    };
    let mut courier = scene.courier_to(&scheme);
    tokio::select! {
        () = strict => {}
        () = async { while courier.work().await.unwrap() == Pace::Again {} } => {}
    }
    for id in ids {
        let look = scene.see(id).await;
        assert!(look.is_untouched(), "{look:?}");
    }
    courier.finish().await;
}

#[rstest]
#[actix_rt::test]
async fn a_full_domain_holds_up_no_other_and_costs_no_attempt(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let (mut slow, mut fast) = (Vec::new(), Vec::new());
    for n in 0..20 {
        slow.push(scene.invite(house, &format!("p{n}@slow.edu")).await);
    }
    for n in 0..20 {
        fast.push(scene.invite(house, &format!("p{n}@d{n}.edu")).await);
    }
    let rates = Rates {
        per_domain_per_second: 1,
        ..Rates::default()
    };
    scene.deliver_within(&sink, rates).await;
    for id in fast {
        assert_eq!(scene.see(id).await.state, "sent");
    }
    let mut waiting = 0;
    for id in slow {
        let look = scene.see(id).await;
        if look.state != "sent" {
            waiting += 1;
            assert!(look.is_untouched(), "{look:?}");
        }
    }
    assert!((10..20).contains(&waiting), "{waiting}");
}

#[rstest]
#[actix_rt::test]
async fn many_couriers_send_every_invite_once_and_states_add_up_meanwhile(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (sink, scene, house) = open(engine).await;
    let other = scene.house().await;
    for n in 0..100 {
        scene.invite(house, &format!("a{n}@uni.edu")).await;
        scene.invite(other, &format!("b{n}@uni.edu")).await;
    }
    let work = (0..3).map(|_| async {
        let mut courier = scene.courier();
        while courier.work().await.unwrap() == Pace::Again {}
        courier.finish().await;
    });
    let watch = async {
        loop {
            let sum: i64 = scene.states().await.iter().map(|(_, n)| n).sum();
            assert_eq!(sum, 200);
            let connections = number(&scene, posted::COURIERS.query(), "connections").await;
            assert!(connections <= 10, "{connections}");
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = join_all(work) => {}
        () = watch => {}
    }
    let mut recipients: Vec<_> = sink
        .messages()
        .into_iter()
        .flat_map(|mail| mail.recipients)
        .collect();
    recipients.sort_unstable();
    let count = recipients.len();
    recipients.dedup();
    assert_eq!((count, recipients.len()), (200, 200));
    assert_eq!(scene.states().await, [("sent".to_owned(), 200)]);
    assert_eq!(
        number(&scene, posted::COURIERS.query(), "n").await,
        0,
        "shares are given back"
    );
}

#[rstest]
#[actix_rt::test]
async fn an_invite_is_kept_as_a_file_where_mail_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    let house = scene.house().await;
    let id = scene.invite(house, "ann@uni.edu").await;
    scene.deliver().await;
    let look = scene.see(id).await;
    assert_eq!(look.state, "sent", "{look:?}");
    let page = scene
        .ask(ListKeptMails {
            page: contract::PageRequest::default(),
        })
        .await
        .unwrap();
    let kept: Vec<_> = page.items.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!(kept, ["ann@uni.edu"]);
}

#[test]
fn lettre_composes_and_sends_nothing() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![directory];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains("lettre::transport"), "{}", path.display());
        }
    }
    assert!(files > 20);
}
