use smtp::{End, Stage, Trouble};
use testkit::{SmtpAct, SmtpAt, SmtpMoment, SmtpScript, SmtpSink};

use crate::scene::{Book, answering, carry, connect, mail, send};

const NAMES: [&str; 3] = ["ada", "bob", "eve"];

fn verdicts(book: &Book) -> [String; 3] {
    NAMES.map(|name| book.of(name))
}

#[tokio::test]
async fn half_the_recipients_refused_open_no_further_connection() {
    for script in [SmtpScript::new(), SmtpScript::new().sequential()] {
        let sink = SmtpSink::start_with(script);
        let mut mails: std::collections::VecDeque<_> =
            (0..40).map(|number| mail(&format!("p{number}"))).collect();
        for number in (0..40).step_by(2) {
            sink.reject(&format!("p{number}@uni.example"), "550 5.1.1 nobody");
        }
        let (end, book) = carry(connect(&sink).await, &mut mails).await;
        assert_eq!((end, book.accepted()), (End::Drained, 20));
        assert_eq!((sink.connections(), sink.messages().len()), (1, 20));
        assert_eq!(book.of("p0"), "Rcpt 550");
        assert_eq!(sink.resets(), 20);
    }
}

#[tokio::test]
async fn a_relay_that_goes_on_for_nobody_gets_an_empty_end() {
    let sink = SmtpSink::start();
    sink.go_on_regardless();
    sink.reject("bob@uni.example", "550 5.1.1 nobody");
    let (end, book) = send(&sink, &NAMES).await;
    assert_eq!(end, End::Drained);
    assert_eq!(verdicts(&book), ["accepted", "Rcpt 550", "accepted"]);
    assert_eq!((sink.messages().len(), sink.connections()), (2, 1));
}

#[tokio::test]
async fn a_refused_sender_is_one_refusal_whatever_follows_in_flight() {
    let second = |moment: &SmtpMoment<'_>| moment.at == SmtpAt::Mail && moment.message == 2;
    let script = SmtpScript::new()
        .on(move |moment| second(moment).then(|| SmtpAct::reply("550 5.7.1 not from you")));
    let sink = SmtpSink::start_with(script);
    let (end, book) = send(&sink, &NAMES).await;
    assert_eq!(end, End::Drained);
    assert_eq!(verdicts(&book), ["accepted", "Mail 550", "accepted"]);
}

#[tokio::test]
async fn data_refused_is_a_refusal_of_this_mail_alone() {
    let act = SmtpAct::reply("451 4.3.0 not now");
    let sink = SmtpSink::start_with(answering(SmtpAt::Data, "bob@uni.example", act));
    let (end, book) = send(&sink, &NAMES).await;
    assert_eq!(end, End::Drained);
    assert_eq!(verdicts(&book), ["accepted", "Data 451", "accepted"]);
}

#[tokio::test]
async fn a_connection_that_is_ended_blames_no_recipient() {
    for (at, stage) in [(SmtpAt::Rcpt, Stage::Rcpt), (SmtpAt::Data, Stage::Data)] {
        let act = SmtpAct::reply("421 4.7.0 enough for now").and_close();
        let sink = SmtpSink::start_with(answering(at, "bob@uni.example", act));
        let (end, book) = send(&sink, &NAMES).await;
        let End::Broken(Trouble::Ended(to, reply)) = end else {
            panic!("{end:?}");
        };
        assert_eq!(to, stage);
        assert_eq!(reply.to_string(), "421 4.7.0 enough for now");
        assert_eq!(book.of("ada"), "accepted");
        assert!(book.of("bob").starts_with("not sent"), "{book:?}");
        assert_eq!(book.of("eve"), "none", "{book:?}");
    }
}

#[tokio::test]
async fn a_relay_that_closes_after_so_many_costs_nobody_anything() {
    let sink = SmtpSink::start();
    sink.limit_per_connection(2);
    let (end, book) = send(&sink, &NAMES).await;
    assert!(matches!(end, End::Broken(Trouble::Ended(..))), "{end:?}");
    assert_eq!(book.accepted(), 2);
    assert!(book.of("eve").starts_with("not sent"), "{book:?}");
}

#[tokio::test]
async fn a_goodbye_between_mails_is_heard() {
    let act = || SmtpAct::reply("250 2.0.0 kept\r\n421 4.4.2 idle").and_close();
    let sink = SmtpSink::start_with(answering(SmtpAt::Dot, "ada@uni.example", act()));
    let (sender, mut source) = tokio::sync::mpsc::channel(1);
    sender.send(mail("ada")).await.unwrap();
    let (end, book) = carry(connect(&sink).await, &mut source).await;
    let End::Closed(Some(reply)) = end else {
        panic!("{end:?}");
    };
    assert_eq!((reply.code, book.accepted()), (421, 1));
    drop(sender);
}
