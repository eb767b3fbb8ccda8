//! What a relay says of letters is kept and logged without whom it names.

use std::time::Duration;

use contract::ids::MailId;
use kernel::Work as _;
use rstest::rstest;
use testkit::{Engine, Log, SmtpAct, SmtpAt, SmtpScript, SmtpSink};

use crate::{
    erased::{ANN, LETTERS},
    invited::Invited,
    scene::{Scene, proof},
};

/// A relay that says this there.
fn saying(at: SmtpAt, reply: &'static str, after: Duration) -> SmtpSink {
    SmtpSink::start_with(
        SmtpScript::new()
            .on(move |moment| (moment.at == at).then(|| SmtpAct::reply(reply).after(after))),
    )
}

#[rstest]
#[case::later(
    SmtpAt::Rcpt,
    "450 4.2.0 <Ann@uni.edu>: Greylisted",
    "450 4.2.0 … Greylisted"
)]
#[case::never(SmtpAt::Dot, "550 5.1.1 ann@UNI.edu is gone", "550 5.1.1 … is gone")]
#[case::taken(SmtpAt::Dot, "250 2.1.5 To:<ann@uni.edu> queued", "250 2.1.5 … queued")]
#[case::away(
    SmtpAt::Mail,
    "451 4.3.0 no mail of ann%40uni.edu",
    "451 4.3.0 no mail of …"
)]
#[actix_rt::test]
async fn what_a_relay_says_of_a_letter_is_kept_and_logged_without_the_address(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] at: SmtpAt,
    #[case] reply: &'static str,
    #[case] kept: &str,
) {
    let log = Log::default();
    let _listening = log.listen();
    let sink = saying(at, reply, Duration::ZERO);
    let scene = Scene::sending(engine, &sink).await;
    let id = scene.queue_to("proof:1", ANN, proof("Ann")).await;
    scene.deliver().await;
    assert_eq!(scene.look(id).await.last_reply, kept);
    let logged = log.text();
    // What was taken is not worth a line.
    assert!(logged.contains(kept) || kept.starts_with("250"));
    assert!(!logged.to_lowercase().contains("uni.edu"));
}

/// Works until a courier has a letter and the relay was told this.
async fn until_told(on: &Invited, sink: &SmtpSink, verb: &str, id: MailId) -> impl Future {
    let mut courier = on.scene.courier_to(&sink.url());
    while sink.commands(verb) == 0 {
        courier.work().await.unwrap();
    }
    assert!(on.scene.look(id).await.lease.is_some(), "it is over");
    async move { courier.finish().await }
}

#[rstest]
#[case::later(SmtpAt::Rcpt, "450 4.2.0 <ann@uni.edu>: Greylisted")]
#[case::never(SmtpAt::Rcpt, "550 5.1.1 <ann@uni.edu>: no such user")]
#[case::taken(SmtpAt::Dot, "250 2.1.5 <ann@uni.edu>: queued")]
#[actix_rt::test]
async fn a_letter_that_is_on_its_way_while_its_receiver_is_erased_knows_nothing_of_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] at: SmtpAt,
    #[case] reply: &'static str,
) {
    let sink = saying(at, reply, Duration::from_secs(1));
    let on = Invited::open(engine).await;
    let ann = on.account(ANN).await;
    let id = on.scene.queue_to("proof:1", ANN, proof("Ann")).await;
    let verb = if at == SmtpAt::Dot { "DATA" } else { "RCPT" };
    let rest = until_told(&on, &sink, verb, id).await;
    on.erase(on.a, ann).await;
    on.forget(90).await;
    assert!(on.is_forgotten(on.a, ann).await);
    rest.await;
    assert_eq!(on.lines(LETTERS.query()).await, ["||"]);
    let look = on.scene.look(id).await;
    assert!(look.is_failed && !look.is_sent && look.lease.is_none());
}
