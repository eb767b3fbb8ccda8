use std::{collections::VecDeque, time::Duration};

use smtp::{End, Limits, Mail, Source};
use testkit::{SmtpScript, SmtpSink};

use crate::scene::{carry, carry_within, connect, mail, mails, send};

/// Before the first mail: the greeting is heard with EHLO, and the envelope of the first stands alone.
const AROUND: usize = 4;

#[tokio::test]
async fn a_mail_costs_one_round_trip() {
    let sink = SmtpSink::start();
    let names: Vec<_> = (0..50).map(|number| format!("p{number}")).collect();
    let mut mails: VecDeque<_> = names.iter().map(|name| mail(name)).collect();
    let (end, book) = carry(connect(&sink).await, &mut mails).await;
    assert_eq!((end, book.accepted()), (End::Drained, 50));
    assert_eq!(sink.messages().len(), 50);
    let trips = sink.round_trips();
    assert!(trips <= 50 + AROUND, "{trips} round trips");
    let commands = ["NOOP", "RSET", "EHLO", "QUIT"].map(|verb| sink.commands(verb));
    assert_eq!(commands, [0, 0, 1, 1]);
    assert_eq!(sink.connections(), 1);
}

#[tokio::test]
async fn without_the_offer_each_command_waits_for_its_reply() {
    let sink = SmtpSink::start_with(SmtpScript::new().sequential());
    let (end, book) = send(&sink, &["ada", "bob", "eve"]).await;
    assert_eq!((end, book.accepted()), (End::Drained, 3));
    // greeting, EHLO; MAIL, RCPT, DATA, dot each; QUIT is the reply to the last dot's
    assert_eq!(sink.round_trips(), 2 + 3 * 4);
}

#[tokio::test]
async fn what_arrives_is_what_was_sent() {
    let sink = SmtpSink::start();
    let mut mails = mails(&["ada", "bob"]);
    mails[0].message = b"Subject: dots\n\n.\r..two\nQUIT\r\n.\r\nno end".to_vec();
    let (_, book) = carry(connect(&sink).await, &mut mails).await;
    assert_eq!(book.accepted(), 2);
    let kept = sink.messages();
    assert_eq!(
        kept[0].text(),
        "Subject: dots\r\n\r\n.\r\n..two\r\nQUIT\r\n.\r\nno end\r\n"
    );
    assert_eq!(kept[0].from, "usher@uni.example");
    assert_eq!(kept[0].recipients, ["ada@uni.example"]);
    assert_eq!(kept[1].recipients, ["bob@uni.example"]);
}

#[tokio::test]
async fn a_server_that_answers_byte_by_byte_is_understood() {
    let sink = SmtpSink::start_with(SmtpScript::new().bytewise());
    let (end, book) = send(&sink, &["ada", "bob", "eve"]).await;
    assert_eq!((end, book.accepted()), (End::Drained, 3));
}

#[tokio::test]
async fn a_large_mail_is_refused_here_and_costs_nothing() {
    let sink = SmtpSink::start_with(SmtpScript::new().size(1_000));
    let mut mails = mails(&["ada", "bob", "eve"]);
    mails[1].message = vec![b'x'; 1_001];
    let (_, book) = carry(connect(&sink).await, &mut mails).await;
    let unfit = "unfit: the mail is larger than the relay takes";
    assert_eq!(book.of("bob"), unfit, "nobody said so");
    assert_eq!((book.accepted(), sink.commands("MAIL")), (2, 2));
}

#[tokio::test]
async fn a_connection_carries_no_more_than_its_share() {
    let sink = SmtpSink::start();
    let mut mails = mails(&["ada", "bob", "eve"]);
    let limits = Limits {
        messages: 2,
        ..Limits::default()
    };
    let (end, book) = carry_within(connect(&sink).await, &mut mails, &limits).await;
    assert_eq!((end, book.accepted(), mails.len()), (End::Full, 2, 1));
    assert_eq!(sink.commands("QUIT"), 1);
}

/// A source that has mails at hand, then nothing, and does not end.
struct Endless(VecDeque<Mail<String>>);

impl Source for Endless {
    type Key = String;

    async fn next(&mut self) -> Option<Mail<String>> {
        match self.0.pop_front() {
            Some(mail) => Some(mail),
            None => std::future::pending().await,
        }
    }

    fn at_hand(&mut self) -> Option<Mail<String>> {
        None
    }
}

#[tokio::test]
async fn a_connection_without_work_is_closed_politely() {
    let sink = SmtpSink::start();
    let mut source = Endless(mails(&["ada", "bob"]));
    let limits = Limits {
        idle: Duration::from_millis(50),
        ..Limits::default()
    };
    let (end, book) = carry_within(connect(&sink).await, &mut source, &limits).await;
    assert_eq!((end, book.accepted()), (End::Idle, 2));
    assert_eq!(sink.commands("QUIT"), 1);
}

#[tokio::test]
async fn what_carries_can_go_to_another_thread_where_its_source_can() {
    fn is_sendable<T: Send>(value: T) -> T {
        value
    }
    let sink = SmtpSink::start();
    let session = connect(&sink).await;
    let (sender, mut source) = tokio::sync::mpsc::channel(2);
    let carried = is_sendable(async move {
        let verdicts = |_: String, _| {};
        let limits = Limits::default();
        session.carry(&mut source, verdicts, &limits).await
    });
    sender.send(mail("ada")).await.unwrap();
    drop(sender);
    assert_eq!(carried.await, End::Drained);
    assert_eq!(sink.messages().len(), 1);
}
