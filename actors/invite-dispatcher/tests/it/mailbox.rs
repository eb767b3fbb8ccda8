//! Reports that come by mail: from a maildir, and by SMTP.

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use contract::{Secret, ids::InviteId};
use invite_dispatcher::{Invitation, Mailbox, MailboxMetrics, MailboxOptions, compose_invitation};
use kernel::{Pace, Work as _};
use rstest::rstest;
use store::vault::Vault;
use testkit::{Engine, eventually};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    invitation::{in_words, invitation, sender},
    invited::Invited,
    scene::NOON,
    suppressions::suppressed,
};

/// An address of the return path without a token.
const BARE: &str = "b@bounce.example.edu";

fn mailbox(on: &Invited, bounces: &str) -> (Mailbox, MailboxMetrics) {
    let options = MailboxOptions::parse("b@bounce.example.edu", bounces);
    let vault = Vault::new(&Secret::new("sealing key")).unwrap();
    let (db, clock) = (on.scene.db.clone(), on.scene.clock.clone());
    let metrics = MailboxMetrics::unscraped().unwrap();
    let options = options.unwrap().unwrap();
    let mailbox = Mailbox::new(db, clock, vault, options, metrics.clone());
    (mailbox, metrics)
}

fn to(token: &str) -> String {
    format!("b+{token}@bounce.example.edu")
}

/// What a mail server writes to this address when a mailbox does not exist; with these headers of our
/// mail.
fn bounce(to: &str, original: &str) -> String {
    format!(
        "Return-Path: <>\r\n\
         Delivered-To: {to}\r\n\
         From: MAILER-DAEMON@mx.example.net\r\n\
         To: {to}\r\n\
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
         --x\r\n\
         Content-Type: text/rfc822-headers\r\n\
         \r\n\
         {original}\r\n\
         --x--\r\n"
    )
}

/// What a provider of mailboxes sends when somebody calls a mail unwanted.
fn complaint(kind: &str, original: &str) -> String {
    format!(
        "Return-Path: <fbl@isp.example>\r\n\
         From: fbl@isp.example\r\n\
         To: {BARE}\r\n\
         Subject: FW: invited\r\n\
         Message-ID: <{kind}@isp.example>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"x\"\r\n\
         \r\n\
         --x\r\n\
         Content-Type: message/feedback-report\r\n\
         \r\n\
         Feedback-Type: {kind}\r\n\
         User-Agent: FBL/1\r\n\
         Version: 1\r\n\
         \r\n\
         --x\r\n\
         Content-Type: message/rfc822\r\n\
         \r\n\
         {original}\r\n\
         --x--\r\n"
    )
}

/// The headers of the mail of an invite, as it leaves, but those that begin with one of these.
fn headers(on: &Invited, invite: InviteId, without: &[&str]) -> String {
    let invitation = Invitation {
        id: invite,
        ..invitation()
    };
    let by_mail = format!(
        "mailto:{}?subject=unsubscribe",
        to(&on.return_path(invite, 1))
    );
    let (words, sender) = (in_words(&invitation), sender());
    let message = compose_invitation(&invitation, &words, &sender, Some(&by_mail), NOON);
    let wire = String::from_utf8(message.unwrap().formatted()).unwrap();
    let (headers, _) = wire.split_once("\r\n\r\n").unwrap();
    let mut kept = String::new();
    let mut is_kept = true;
    for line in headers.split_inclusive("\r\n") {
        if !line.starts_with(' ') {
            is_kept = !without.iter().any(|name| line.starts_with(name));
        }
        kept.push_str(if is_kept { line } else { "" });
    }
    kept
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
    let bounced = |invite, generation| bounce(&to(&on.return_path(invite, generation)), "");
    fs::write(new.join("2.b"), bounced(bad, 1)).unwrap();
    fs::write(new.join("3.c"), bounced(good, 7)).unwrap();
    let (mut mailbox, _) = mailbox(&on, &format!("maildir:{}", directory.path().display()));
    while mailbox.work().await.unwrap() == Pace::Again {}
    assert_eq!(on.state(bad).await, "bounced");
    assert_eq!(on.state(good).await, "sent", "forged");
    assert_eq!(suppressed(&on, on.a).await, ["ann@uni.edu"]);
    assert_eq!(fs::read_dir(new).unwrap().count(), 0);
    assert_eq!(on.events(on.a, "invite-bounced").await, 1);
}

/// What whoever knows an invite can write: its id is in lists, and its Message-ID is made of that.
fn forged(invite: InviteId) -> [String; 5] {
    let original = format!(
        "Message-ID: <{invite}@mail.example>\r\n\
         Feedback-ID: bat_1:{invite}:invite:usher\r\n\
         List-Unsubscribe: <https://usher.example/unsubscribe/{invite}>, <mailto:{BARE}>\r\n"
    );
    let answer = bounce(BARE, "").replacen(
        "Subject:",
        &format!("In-Reply-To: <{invite}@mail.example>\r\nSubject:"),
        1,
    );
    [
        bounce(BARE, &original),
        bounce("b+x@bounce.example.edu", &original),
        answer,
        complaint("abuse", &original),
        complaint("opt-out", &original),
    ]
}

#[rstest]
#[actix_rt::test]
async fn a_mail_that_had_none_of_ours_suppresses_nobody_and_settles_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let invite = on.invite(on.a, "ann@uni.edu", "sent").await;
    let directory = tempfile::tempdir().unwrap();
    maildir(directory.path());
    let new = directory.path().join("new");
    for (n, mail) in forged(invite).iter().enumerate() {
        fs::write(new.join(format!("{n}.x")), mail).unwrap();
    }
    let (mut mailbox, metrics) = mailbox(&on, &format!("maildir:{}", directory.path().display()));
    while mailbox.work().await.unwrap() == Pace::Again {}
    assert_eq!(fs::read_dir(new).unwrap().count(), 0, "put aside");
    let seen = on.get(on.a, invite).await.unwrap();
    assert_eq!(
        (on.state(invite).await.as_str(), seen.last_reply),
        ("sent", None)
    );
    assert!(suppressed(&on, on.a).await.is_empty());
    assert_eq!(on.wishes("ann@uni.edu").await, 0);
    assert_eq!(metrics.unproved(), 4, "and one had a token that is none");
}

#[rstest]
#[actix_rt::test]
async fn a_complaint_is_believed_for_what_our_own_mail_had_in_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let directory = tempfile::tempdir().unwrap();
    maildir(directory.path());
    let new = directory.path().join("new");
    let (ann, bob) = (
        on.invite(on.a, "ann@uni.edu", "sent").await,
        on.invite(on.a, "bob@uni.edu", "sent").await,
    );
    // Who it was for is left out, and its Message-ID.
    let redacted = headers(&on, ann, &["To:", "Message-ID:"]);
    assert!(!redacted.contains(&ann.to_string()), "{redacted}");
    fs::write(new.join("1.a"), complaint("abuse", &redacted)).unwrap();
    let stripped = headers(&on, bob, &["List-Unsubscribe:"]);
    fs::write(new.join("2.b"), complaint("fraud", &stripped)).unwrap();
    let (mut mailbox, metrics) = mailbox(&on, &format!("maildir:{}", directory.path().display()));
    while mailbox.work().await.unwrap() == Pace::Again {}
    assert_eq!(on.state(ann).await, "complained");
    assert_eq!(on.wishes("ann@uni.edu").await, 1, "everywhere");
    assert_eq!(on.state(bob).await, "sent");
    assert_eq!(on.wishes("bob@uni.edu").await, 0);
    assert_eq!(metrics.unproved(), 1);
}

/// Sends one mail as a mail server does; answers the last reply.
async fn deliver(address: SocketAddr, to: &str, mail: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut reply = String::new();
    let body = format!("{mail}.\r\n");
    let to = format!("RCPT TO:<{to}>\r\n");
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
    let (mut mailbox, metrics) = mailbox(&on, &format!("smtp://{address}"));
    assert!(matches!(mailbox.work().await.unwrap(), Pace::Rest(_)));
    for mail in forged(invite) {
        let reply = deliver(address, BARE, &mail).await;
        assert!(
            reply.starts_with("250"),
            "nobody is to send it again: {reply}"
        );
    }
    assert_eq!(on.state(invite).await, "sent");
    assert!(metrics.unproved() >= 4);
    let to = to(&on.return_path(invite, 1));
    let reply = deliver(address, &to, &bounce(&to, "")).await;
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
