use smtp::{End, Relay, Session, Stage, Timeouts, Trouble};
use testkit::{SmtpAct, SmtpAt, SmtpScript, SmtpSink};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::TcpListener,
};

use crate::scene::{answering, carry, connect, mails, relay, send};

fn at_dot_of_bob(act: SmtpAct) -> SmtpSink {
    SmtpSink::start_with(answering(SmtpAt::Dot, "bob@uni.example", act))
}

#[tokio::test]
async fn a_message_refused_after_its_dot_is_not_accepted() {
    let sink = at_dot_of_bob(SmtpAct::reply("554 5.6.0 rejected as spam"));
    let (end, book) = send(&sink, &["ada", "bob", "eve"]).await;
    assert_eq!(end, End::Drained);
    assert_eq!(book.of("bob"), "Dot 554");
    assert_eq!((book.accepted(), sink.messages().len()), (2, 2));
}

#[tokio::test]
async fn only_250_is_acceptance() {
    for reply in ["354 go", "252 perhaps", "200 fine", "220 hello"] {
        let sink = at_dot_of_bob(SmtpAct::reply(reply));
        let (end, book) = send(&sink, &["ada", "bob", "eve"]).await;
        assert!(matches!(end, End::Broken(Trouble::Strange(_))), "{end:?}");
        assert!(book.of("bob").starts_with("unknown"), "{reply}: {book:?}");
        assert!(book.of("eve").starts_with("not sent"), "{reply}: {book:?}");
    }
}

#[tokio::test]
async fn a_lost_reply_is_unknown_and_the_next_mail_not_sent() {
    let sink = at_dot_of_bob(SmtpAct::close());
    let (end, book) = send(&sink, &["ada", "bob", "eve"]).await;
    assert_eq!(end, End::Broken(Trouble::Closed));
    assert_eq!(book.of("ada"), "accepted");
    assert_eq!(book.of("bob"), "unknown: the relay closed the connection");
    assert_eq!(book.of("eve"), "not sent: the relay closed the connection");
    let kept = sink.messages();
    assert!(!kept.last().unwrap().is_confirmed);
}

#[tokio::test]
async fn the_connection_ended_after_the_dot_refuses_this_mail_and_sends_no_other() {
    let sink = at_dot_of_bob(SmtpAct::reply("421 4.3.2 shutting down").and_close());
    let (end, book) = send(&sink, &["ada", "bob", "eve"]).await;
    assert!(
        matches!(end, End::Broken(Trouble::Ended(Stage::Dot, _))),
        "{end:?}"
    );
    assert_eq!(book.of("bob"), "Dot 421");
    assert!(book.of("eve").starts_with("not sent"), "{book:?}");
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_a_message_sent_nothing() {
    let act = SmtpAct::cut_body(4_000_000);
    let sink = SmtpSink::start_with(answering(SmtpAt::Body, "bob@uni.example", act));
    let mut mails = mails(&["ada", "bob", "eve"]);
    // Larger than what lies in the buffers between us.
    mails[1].message = b"0123456789 0123456789 0123456789 0123456789\r\n".repeat(220_000);
    let (end, book) = carry(connect(&sink).await, &mut mails).await;
    assert!(matches!(end, End::Broken(_)), "{end:?}");
    assert_eq!(book.of("ada"), "accepted");
    assert!(book.of("bob").starts_with("not sent"), "{}", book.of("bob"));
    assert_eq!(sink.messages().len(), 1);
}

#[tokio::test]
async fn a_mail_behind_a_failure_that_is_not_forgotten_begins_again() {
    // The relay keeps the failed transaction open: the next MAIL is one too many, until RSET.
    let script = SmtpScript::new().on(|moment| match (moment.at, moment.message) {
        (SmtpAt::Dot, 1) => Some(SmtpAct::reply("451 4.3.0 not now")),
        (SmtpAt::Mail, 2) => Some(SmtpAct::reply("503 5.5.1 sender already given")),
        _ => None,
    });
    let sink = SmtpSink::start_with(script);
    let (end, book) = send(&sink, &["ada", "bob"]).await;
    assert_eq!(end, End::Drained);
    assert_eq!(book.of("ada"), "Dot 451");
    assert_eq!(book.of("bob"), "accepted");
    assert_eq!((sink.resets(), sink.connections()), (1, 1));
}

#[tokio::test]
async fn a_relay_that_holds_on_to_the_mail_before_gets_no_empty_one() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let relay = Relay {
        port: listener.local_addr().unwrap().port(),
        ..relay(&SmtpSink::start())
    };
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufStream::new(stream);
        let mut heard = String::new();
        // What is said when a line with this beginning has come; MAIL is one too many the second time.
        for (until, say) in [
            ("", "220 hold\r\n"),
            ("EHLO", "250-hold\r\n250 PIPELINING\r\n"),
            ("DATA", "250 ok\r\n250 ok\r\n354 go\r\n"),
            (".", "451 4.3.0 not now\r\n"),
            ("DATA", "503 5.5.1 nested\r\n250 ok\r\n354 go\r\n"),
        ] {
            while !until.is_empty() {
                let begun = heard.len();
                stream.read_line(&mut heard).await.unwrap();
                if heard.get(begun..).unwrap().starts_with(until) {
                    break;
                }
            }
            stream.write_all(say.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
        let mut rest = String::new();
        // A connection that is dropped may end with a reset.
        let _ = stream.read_to_string(&mut rest).await;
        rest
    };
    let client = async {
        let session = Session::connect(&relay, &Timeouts::default()).await;
        carry(session.unwrap(), &mut mails(&["ada", "bob"])).await
    };
    let (rest, (end, book)) = tokio::join!(server, client);
    assert_eq!(rest, "");
    assert!(matches!(end, End::Broken(Trouble::Strange(_))), "{end:?}");
    assert_eq!(book.of("ada"), "Dot 451");
    assert!(book.of("bob").starts_with("not sent"), "{book:?}");
}
