//! Reports that come by mail: from a maildir, and by SMTP.

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use contract::{Secret, ids::InviteId};
use invite_dispatcher::{Mailbox, MailboxOptions};
use kernel::{Pace, Work as _};
use rstest::rstest;
use store::vault::Vault;
use testkit::{Engine, eventually};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{invited::Invited, suppressions::suppressed};

fn mailbox(on: &Invited, bounces: &str) -> Mailbox {
    let options = MailboxOptions::parse("b@bounce.example.edu", bounces);
    let vault = Vault::new(&Secret::new("sealing key")).unwrap();
    let (db, clock) = (on.scene.db.clone(), on.scene.clock.clone());
    Mailbox::new(db, clock, vault, options.unwrap().unwrap())
}

/// What a mail server writes when a mailbox does not exist.
fn bounce(token: &str) -> String {
    format!(
        "Return-Path: <>\r\n\
         Delivered-To: b+{token}@bounce.example.edu\r\n\
         From: MAILER-DAEMON@mx.example.net\r\n\
         To: b+{token}@bounce.example.edu\r\n\
         Subject: Undelivered Mail Returned to Sender\r\n\
         Message-ID: <1@mx.example.net>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"x\"\r\n\
         \r\n\
         --x\r\n\
         Content-Type: text/plain\r\n\
         \r\n\
         I am sorry.\r\n\
         --x\r\n\
         Content-Type: message/delivery-status\r\n\
         \r\n\
         Reporting-MTA: dns; mx.example.net\r\n\
         \r\n\
         Final-Recipient: rfc822; ann@uni.edu\r\n\
         Action: failed\r\n\
         Status: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\
         \r\n\
         --x--\r\n"
    )
}

fn maildir(at: &Path) {
    for folder in ["new", "cur", "tmp"] {
        fs::create_dir(at.join(folder)).unwrap();
    }
}

#[rstest]
#[actix_rt::test]
async fn a_bounce_in_a_maildir_is_taken_once_and_put_aside(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (good, bad): (InviteId, _) = (
        on.invite(on.a, "good@uni.edu", "sent").await,
        on.invite(on.a, "ann@uni.edu", "sent").await,
    );
    let directory = tempfile::tempdir().unwrap();
    maildir(directory.path());
    let new = directory.path().join("new");
    fs::write(
        new.join("1.a"),
        "From: a@b.edu\r\nSubject: Out of office\r\n\r\nBye\r\n",
    )
    .unwrap();
    fs::write(new.join("2.b"), bounce(&on.return_path(bad, 1))).unwrap();
    fs::write(new.join("3.c"), bounce(&on.return_path(good, 7))).unwrap();
    let mut mailbox = mailbox(&on, &format!("maildir:{}", directory.path().display()));
    while mailbox.work().await.unwrap() == Pace::Again {}
    assert_eq!(on.state(bad).await, "bounced");
    assert_eq!(on.state(good).await, "sent", "forged");
    assert_eq!(suppressed(&on, on.a).await, ["ann@uni.edu"]);
    assert_eq!(fs::read_dir(new).unwrap().count(), 0);
    assert_eq!(on.events(on.a, "invite-bounced").await, 1);
}

/// Sends one mail as a mail server does; answers the last reply.
async fn deliver(address: SocketAddr, token: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut reply = String::new();
    let body = format!("{}.\r\n", bounce(token));
    let to = format!("RCPT TO:<b+{token}@bounce.example.edu>\r\n");
    for command in [
        "",
        "HELO mx.example.net\r\n",
        "MAIL FROM:<>\r\n",
        &to,
        "DATA\r\n",
        &body,
    ] {
        stream.write_all(command.as_bytes()).await.unwrap();
        reply.clear();
        while !reply.ends_with("\r\n") {
            let mut bytes = [0; 512];
            let read = stream.read(&mut bytes).await.unwrap();
            assert!(read > 0, "hung up after {command:?}");
            reply.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
    }
    reply
}

#[rstest]
#[actix_rt::test]
async fn a_bounce_that_is_sent_here_is_answered_when_it_is_kept(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let invite = on.invite(on.a, "ann@uni.edu", "sent").await;
    let address = {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        free.local_addr().unwrap()
    };
    let mut mailbox = mailbox(&on, &format!("smtp://{address}"));
    assert!(matches!(mailbox.work().await.unwrap(), Pace::Rest(_)));
    let reply = deliver(address, &on.return_path(invite, 1)).await;
    assert!(reply.starts_with("250"), "{reply}");
    assert_eq!(on.state(invite).await, "bounced", "before it was answered");
    assert!(
        matches!(mailbox.work().await.unwrap(), Pace::Rest(_)),
        "still listens"
    );
    drop(mailbox);
    eventually(
        Duration::from_secs(10),
        "the address is free again",
        async || TcpListener::bind(address).await.is_ok(),
    )
    .await;
}
