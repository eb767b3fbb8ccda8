//! The listener, spoken to over a socket.

use std::time::Duration;

use bounces::{
    Envelope, Reading, ReturnPath,
    listener::{Limits, NotKept},
    mail::read,
};
use testkit::eventually;
use tokio::net::TcpStream;

use crate::wire::{PATIENCE, Post};

#[tokio::test]
async fn a_report_that_is_sent_here_is_understood() {
    let post = Post::open(Limits::default()).await;
    let mut sender = post.sender().await;
    sender.ask("EHLO mx.example.edu", "250 SIZE 262144").await;
    sender
        .ask("MAIL FROM:<> SIZE=900 BODY=8BITMIME", "250 2.1.0")
        .await;
    sender
        .ask("RCPT TO:<b+tok@bounce.usher.test>", "250 2.1.5")
        .await;
    sender.ask("DATA", "354").await;
    sender
        .write(b"From: MAILER-DAEMON@x.test\r\nSubject: failure notice\r\n\r\n<bob@example.edu>:\r\nno such user (#5.1.1)\r\n.\r\n")
        .await;
    assert_eq!(sender.hear().await, "250 2.0.0 Kept");
    sender.ask("QUIT", "221").await;
    let taken = post.taken().remove(0);
    assert_eq!((&*taken.from, &*taken.to), ("", "b+tok@bounce.usher.test"));
    let envelope = Envelope {
        from: Some(&taken.from),
        to: Some(&taken.to),
    };
    let path = ReturnPath::parse("b@bounce.usher.test").unwrap();
    let Reading::Reports(reports) = read(&taken.bytes, envelope, &path) else {
        panic!("no report");
    };
    let about = bounces::About::Token("tok".to_owned());
    assert_eq!(reports[0].about, Some(about));
    assert_eq!(reports[0].kind, bounces::Kind::Hard);
}

#[tokio::test]
async fn it_is_a_relay_for_nobody() {
    let post = Post::open(Limits {
        connections: 64,
        ..Limits::default()
    })
    .await;
    for to in [
        "victim@elsewhere.test",
        "victim@usher.test",
        "root@bounce.usher.test",
        "victim%elsewhere.test@bounce.usher.test",
        "@bounce.usher.test:victim@elsewhere.test",
        "elsewhere.test!victim@bounce.usher.test",
        "b+t@bounce.usher.test@elsewhere.test",
        "b+t@elsewhere.test",
        "\"victim@elsewhere.test\"@bounce.usher.test",
        "b+victim@elsewhere.test@bounce.usher.test",
        "postmaster",
        "b",
        "",
    ] {
        let mut sender = post.sender().await;
        sender.ask("EHLO mx.example.edu", "250").await;
        sender.ask("MAIL FROM:<b@bounce.usher.test>", "250").await;
        let reply = sender.say(&format!("RCPT TO:<{to}>")).await;
        assert!(reply.starts_with("550 5.7.1"), "{to}: {reply}");
        sender.ask("DATA", "503").await;
    }
    assert!(post.taken().is_empty());
}

#[tokio::test]
async fn commands_come_in_their_order() {
    let post = Post::open(Limits::default()).await;
    let mut sender = post.sender().await;
    for (line, reply) in [
        ("MAIL FROM:<>", "503 5.5.1"),
        ("HELO mx.example.edu", "250 bounce.usher.test"),
        ("RCPT TO:<b+t@bounce.usher.test>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("MAIL FROM:<a@x.test>", "250 2.1.0"),
        ("MAIL FROM:<a@x.test>", "503 5.5.1"),
        ("RCPT TO:<b+t@bounce.usher.test>", "250 2.1.5"),
        ("RCPT TO:<b+u@bounce.usher.test>", "452 4.5.3"),
        ("RSET", "250 2.0.0"),
        ("DATA", "503 5.5.1"),
        ("NOOP", "250 2.0.0"),
        ("STARTTLS", "502 5.5.1"),
        ("AUTH PLAIN AAAA", "502 5.5.1"),
        ("VRFY b", "502 5.5.1"),
        ("QUIT", "221 2.0.0"),
    ] {
        sender.ask(line, reply).await;
    }
    assert_eq!(sender.rest().await, "");
}

#[tokio::test]
async fn whoever_only_makes_mistakes_is_hung_up_on() {
    let post = Post::open(Limits::default()).await;
    let mut sender = post.sender().await;
    for _ in 0..9 {
        sender.ask("GET / HTTP/1.1", "500").await;
    }
    sender.ask("Host: x", "500").await;
    assert_eq!(sender.rest().await, "421 4.7.0 Too many errors\r\n");
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_and_after_it_was_sent() {
    let limits = Limits {
        bytes: 1_000,
        ..Limits::default()
    };
    let post = Post::open(limits).await;
    let mut sender = post.sender().await;
    sender.ask("EHLO mx", "250 SIZE 1000").await;
    sender.ask("MAIL FROM:<> SIZE=1001", "552 5.3.4").await;

    let mut sender = post.sender_with_data().await;
    for _ in 0..20 {
        sender
            .write(&[[b'x'; 98].as_slice(), b"\r\n"].concat())
            .await;
    }
    sender.write(b".\r\n").await;
    assert_eq!(sender.hear().await, "552 5.3.4 Message too big");
    sender.ask("NOOP", "250").await;

    let mut sender = post.sender_with_data().await;
    sender.write(&[b'x'; 8_500]).await;
    assert_eq!(sender.hear().await, "552 5.3.4 Message too big");
    assert_eq!(sender.rest().await, "");
    assert!(post.taken().is_empty());
}

#[tokio::test]
async fn a_line_is_bounded_in_commands_and_in_mail() {
    let post = Post::open(Limits::default()).await;
    let mut sender = post.sender().await;
    sender.write(&[b'x'; 1_100]).await;
    assert_eq!(sender.hear().await, "500 5.5.6 Line too long");

    let mut sender = post.sender_with_data().await;
    sender.write(&vec![b'x'; 17_000]).await;
    sender.write(b"\r\n.\r\n").await;
    assert_eq!(sender.hear().await, "554 5.6.0 Line too long");
    assert!(post.taken().is_empty());
}

#[tokio::test]
async fn whoever_is_silent_or_slow_is_hung_up_on() {
    let limits = Limits {
        silence: Duration::from_millis(100),
        ..Limits::default()
    };
    let post = Post::open(limits).await;
    let sender = post.sender().await;
    assert_eq!(sender.rest().await, "421 4.4.2 Timeout\r\n");
    let mut sender = post.sender_with_data().await;
    sender.write(b"half a mail\r\n.").await;
    assert_eq!(sender.rest().await, "421 4.4.2 Timeout\r\n");

    // A byte now and then is not silence; the session has an end of its own.
    let limits = Limits {
        session: Duration::from_millis(200),
        ..Limits::default()
    };
    let slow = Post::open(limits).await;
    let mut sender = slow.sender().await;
    sender.write(b"NO").await;
    assert_eq!(sender.rest().await, "421 4.4.2 Timeout\r\n");
    assert!(post.taken().is_empty());
}

#[tokio::test]
async fn a_mail_that_is_not_kept_is_the_senders_again() {
    let post = Post::with(Limits::default(), |_| async { Err(NotKept) }).await;
    let mut sender = post.sender_with_data().await;
    sender.write(b"x\r\n.\r\n").await;
    assert_eq!(sender.hear().await, "451 4.3.0 Not kept, try again later");
    assert_eq!(post.taken().len(), 1);

    let limits = Limits {
        handling: Duration::from_millis(50),
        ..Limits::default()
    };
    let post = Post::with(limits, |_| std::future::pending()).await;
    let mut sender = post.sender_with_data().await;
    sender.write(b"x\r\n.\r\n").await;
    assert_eq!(sender.hear().await, "451 4.3.0 Not kept, try again later");
}

#[tokio::test]
async fn a_panic_of_the_handler_answers_nothing_and_ends_only_its_session() {
    let post = Post::with(Limits::default(), |incoming| async move {
        assert!(!incoming.bytes.starts_with(b"bad"));
        Ok(())
    })
    .await;
    let mut sender = post.sender_with_data().await;
    sender.write(b"bad\r\n.\r\n").await;
    assert_eq!(sender.rest().await, "");
    let mut sender = post.sender_with_data().await;
    sender.write(b"good\r\n.\r\n").await;
    assert_eq!(sender.hear().await, "250 2.0.0 Kept");
}

#[tokio::test]
async fn one_connection_too_many_is_turned_away_until_another_ends() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let post = Post::open(limits).await;
    let mut first = post.sender().await;
    let mut second = TcpStream::connect(post.address).await.unwrap();
    let mut said = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut second, &mut said)
        .await
        .unwrap();
    assert!(said.starts_with("421 4.3.2"), "{said}");
    first.ask("QUIT", "221").await;
    drop(first);
    eventually(PATIENCE, "there is room again", async || {
        let mut third = TcpStream::connect(post.address).await.unwrap();
        let mut code = [0; 3];
        tokio::io::AsyncReadExt::read_exact(&mut third, &mut code)
            .await
            .is_ok_and(|_| code == *b"220")
    })
    .await;
}

#[tokio::test]
async fn whoever_stops_it_waits_for_the_mail_that_is_on_its_way() {
    let mut post = Post::open(Limits::default()).await;
    let idle = post.sender().await;
    let mut sender = post.sender_with_data().await;
    post.tell_to_stop();
    assert_eq!(idle.rest().await, "421 4.3.2 Shutting down\r\n");
    sender.write(b"x\r\n.\r\n").await;
    assert_eq!(sender.hear().await, "250 2.0.0 Kept");
    assert_eq!(sender.rest().await, "421 4.3.2 Shutting down\r\n");
    assert_eq!(post.taken().len(), 1);
    let address = post.address;
    post.stopped().await;
    assert!(TcpStream::connect(address).await.is_err());
}
