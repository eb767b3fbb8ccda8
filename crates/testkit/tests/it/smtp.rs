use testkit::SmtpSink;

use crate::SOON;
use crate::wire::Wire;

fn greeted(sink: &SmtpSink) -> Wire {
    let mut wire = Wire::to(sink.address());
    assert!(wire.hear().starts_with("220 "));
    assert!(wire.ask("HELO there").starts_with("250 "));
    wire
}

/// Sends a message and returns the reply to its final dot, empty if there was none.
fn send(wire: &mut Wire, to: &[&str], body: &str) -> String {
    assert!(
        wire.ask("MAIL FROM:<usher@example.org> BODY=8BITMIME")
            .starts_with("250 ")
    );
    for recipient in to {
        wire.ask(&format!("RCPT TO:<{recipient}>"));
    }
    assert!(wire.ask("DATA").starts_with("354 "));
    wire.ask(&format!("Subject: hello\r\n\r\n{body}\r\n."))
}

#[tokio::test]
async fn a_message_is_kept_as_it_was_sent() {
    let sink = SmtpSink::start();
    let mut wire = greeted(&sink);
    assert!(send(&mut wire, &["ada@uni.example"], "..dots\r\nand text").starts_with("250 "));
    assert!(send(&mut wire, &["bob@uni.example"], "more").starts_with("250 "));
    assert!(wire.ask("QUIT").starts_with("221 "));

    let mails = sink.wait_for(2, SOON).await;
    let first = mails.first().unwrap();
    assert_eq!(first.from, "usher@example.org");
    assert_eq!(first.recipients, ["ada@uni.example"]);
    assert_eq!(first.text(), "Subject: hello\r\n\r\n.dots\r\nand text\r\n");
    assert_eq!(
        (sink.connections(), mails.last().unwrap().connection),
        (1, 1)
    );
}

#[test]
fn ehlo_announces_pipelining() {
    let sink = SmtpSink::start();
    let mut wire = Wire::to(sink.address());
    wire.hear();
    wire.say("EHLO there");
    let lines: Vec<String> = std::iter::from_fn(|| Some(wire.hear())).take(6).collect();
    assert!(lines.contains(&"250-PIPELINING".to_owned()), "{lines:?}");
    assert!(lines.last().unwrap().starts_with("250 "));
}

#[test]
fn a_recipient_is_refused_until_it_is_accepted_again() {
    let sink = SmtpSink::start();
    sink.reject("Ada@uni.example", "550 5.1.1 no such user");
    let mut wire = greeted(&sink);
    wire.ask("MAIL FROM:<>");
    assert_eq!(
        wire.ask("RCPT TO:<ada@uni.example>"),
        "550 5.1.1 no such user"
    );
    assert!(wire.ask("DATA").starts_with("554 "));
    assert!(wire.ask("RSET").starts_with("250 "));

    sink.accept("ada@uni.example");
    assert!(send(&mut wire, &["ada@uni.example"], "hello").starts_with("250 "));
    assert_eq!(sink.messages().len(), 1);
}

#[test]
fn a_message_can_be_refused_after_its_dot() {
    let sink = SmtpSink::start();
    sink.reject_message("ada@uni.example", "451 4.2.0 later");
    let mut wire = greeted(&sink);
    assert_eq!(
        send(&mut wire, &["ada@uni.example"], "hello"),
        "451 4.2.0 later"
    );
    assert!(sink.messages().is_empty());
    assert!(wire.ask("NOOP").starts_with("250 "));
}

#[tokio::test]
async fn a_connection_can_be_lost_in_place_of_the_reply() {
    let sink = SmtpSink::start();
    sink.vanish_after_dot("ada@uni.example");
    let mut wire = greeted(&sink);
    assert_eq!(send(&mut wire, &["ada@uni.example"], "hello"), "");
    assert_eq!(sink.wait_for(1, SOON).await.len(), 1);
}

#[test]
fn a_connection_takes_only_so_many_messages() {
    let sink = SmtpSink::start();
    sink.limit_per_connection(1);
    let mut wire = greeted(&sink);
    assert!(send(&mut wire, &["ada@uni.example"], "hello").starts_with("250 "));
    assert!(wire.ask("MAIL FROM:<>").starts_with("421 "));
    assert_eq!(wire.hear(), "");
}
