//! What goes over the wire.

use contract::seats::Status;
use rstest::rstest;
use testkit::{Engine, SmtpSink};

use crate::{
    mime::Read,
    scene::{CODE, NOON, Scene, TOKEN, confirmation},
};

/// The headers of every letter; none other, and each once.
pub(crate) const HEADERS: [&str; 9] = [
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "From",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
    "X-Auto-Response-Suppress",
];

#[rstest]
#[actix_rt::test]
async fn a_letter_is_one_plain_message_with_a_text_and_the_same_as_html(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    let due = Some(NOON.plus_days(7));
    let letter = confirmation("Zoë", "Université d'Été", Status::Assigned, due);
    let id = scene.queue_to("proof:1", "Ann@uni.edu", letter).await;
    scene.deliver().await;

    let mails = sink.messages();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].from, "usher@mail.example");
    assert_eq!(mails[0].recipients, ["Ann@uni.edu"]);
    assert!(mails[0].raw.is_ascii(), "a relay without 8BITMIME takes it");
    let text = mails[0].text();
    assert!(text.split("\r\n").all(|line| line.len() <= 998));
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']));

    let read = Read::of(&text);
    assert_eq!(read.names(), HEADERS);
    assert_eq!(read.header("From"), "Usher <usher@mail.example>");
    assert_eq!(read.header("To"), "Ann@uni.edu");
    assert_eq!(read.header("Date"), "Tue, 24 Nov 2026 12:00:00 +0000");
    assert_eq!(read.header("Message-ID"), format!("<{id}@mail.example>"));
    assert_eq!(read.header("Auto-Submitted"), "auto-generated");
    assert_eq!(read.header("X-Auto-Response-Suppress"), "All");
    let kind = read.header("Content-Type");
    assert!(kind.starts_with("multipart/alternative;"), "{kind}");

    let kinds: Vec<_> = read.parts.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["text/plain; charset=utf-8", "text/html; charset=utf-8"]
    );
    let url = format!("https://usher.example/proofs/{TOKEN}");
    for (_, part) in &read.parts {
        for told in [
            url.as_str(),
            CODE,
            "Zoë",
            "1 December 2026",
            "https://read.example/",
        ] {
            assert!(part.contains(told), "{told}: {part}");
        }
    }
    let html = &read.parts[1].1;
    for foreign in ["<img", "<script", "<link", "@import", "url("] {
        assert!(!html.contains(foreign), "nothing is fetched: {foreign}");
    }
}
