//! Names that would be something else.

use contract::{
    mails::QueueMail,
    seats::Status,
    text::{Name, PersonName},
};
use rstest::rstest;
use testkit::{Engine, SmtpSink};

use crate::{
    message::HEADERS,
    mime::Read,
    scene::{Scene, confirmation},
};

/// Refused by the contract: they never become a name.
const BROKEN: [&str; 14] = [
    "Ann\r\nBcc: eve@evil.example",
    "Ann\nBcc: eve@evil.example",
    "Ann\rBcc: eve@evil.example",
    "Ann\r\n\r\n<html>",
    "Ann\r\n.\r\nMAIL FROM:<eve@evil.example>",
    "Ann\n.\nLee",
    "Ann\0Lee",
    "Ann\u{b}Bcc: eve@evil.example",
    "Ann\u{c}Lee",
    "Ann\u{85}Bcc: eve@evil.example",
    "Ann\u{2028}Bcc: eve@evil.example",
    "Ann\u{2029}Bcc: eve@evil.example",
    "Ann\u{202e}eeL",
    "Ann\u{200b}Lee",
];

/// Odd, and names all the same.
const ODD: [&str; 22] = [
    "Bcc: eve@evil.example",
    "Ann Bcc: eve@evil.example",
    "Ann%0d%0aBcc: eve@evil.example",
    "Ann\\r\\nBcc: eve@evil.example",
    "=?utf-8?q?Ann=0D=0ABcc:_eve@evil.example?=",
    "=?utf-8?b?QW5uDQpCY2M6IGV2ZUBldmlsLmV4YW1wbGU=?=",
    "\"Ann\" <eve@evil.example>",
    "Ann, eve@evil.example",
    "Ann; eve@evil.example",
    "<eve@evil.example>",
    "(comment) Ann",
    "Ann <script>alert(1)</script>",
    "</title><img src=x>",
    "{{ code }}{% raw %}",
    "&lt;b&gt;Ann&amp;",
    ".",
    "..",
    "--boundary--",
    "Content-Type: text/html",
    "Zoë 名前 🎓 𝓐",
    "=",
    "'; drop table mails; --",
];

#[test]
fn a_line_break_never_gets_into_a_name_not_even_by_the_bus() {
    for name in BROKEN {
        assert!(PersonName::parse(name).is_err(), "{name:?}");
        assert!(Name::parse(name).is_err(), "{name:?}");
        let sent = serde_json::json!({
            "key": "proof:1",
            "to": "ann@uni.edu",
            "letter": {
                "kind": "proof",
                "first_name": name,
                "proof_url": "https://usher.example/proofs/x",
                "code": "040506",
            },
        });
        assert!(
            serde_json::from_value::<QueueMail>(sent).is_err(),
            "{name:?}"
        );
    }
}

#[rstest]
#[actix_rt::test]
async fn whatever_somebody_is_called_it_is_one_message_with_the_same_headers_to_one_address(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let sink = SmtpSink::start();
    let scene = Scene::sending(engine, &sink).await;
    let (long, longer) = ("é".repeat(80), "x".repeat(80));
    let names = ODD.into_iter().chain([long.as_str(), longer.as_str()]);
    let names: Vec<_> = names.collect();
    for (n, name) in names.iter().enumerate() {
        let letter = confirmation(name, name, Status::Waiting, None);
        scene
            .queue_to(&format!("proof:{n}"), "ann@uni.edu", letter)
            .await;
    }
    scene.deliver().await;

    let mails = sink.messages();
    assert_eq!(mails.len(), names.len());
    for (mail, name) in mails.iter().zip(&names) {
        let text = mail.text();
        assert_eq!(mail.recipients, ["ann@uni.edu"], "{name}");
        assert!(mail.raw.is_ascii(), "{name}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{name}");
        let read = Read::of(&text);
        assert_eq!(read.names(), HEADERS, "{name}");
        assert_eq!(read.header("To"), "ann@uni.edu");
        assert_eq!(read.parts.len(), 2, "{name}");
        let (plain, html) = (&read.parts[0].1, &read.parts[1].1);
        assert!(
            plain.contains(&format!("registered with {name}.")),
            "{plain}"
        );
        for raw in ["<script", "<img", "</title><"] {
            assert!(!html.contains(raw), "{html}");
        }
    }
}
