//! Names that would be something else.

use contract::{
    EmailAddress,
    mails::QueueMail,
    seats::Status,
    text::{InviteMessage, Name, PersonName},
};
use invite_dispatcher::Invitation;
use rstest::rstest;
use testkit::{Engine, SmtpSink};

use crate::{
    invitation::{self, LINKS, invitation, on_the_wire},
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
const ODD: [&str; 40] = [
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
    "https://evil.example/login",
    "www.evil.example",
    "<a href=https://evil.example>here</a>",
    "[here](https://evil.example)",
    "javascript:alert(1)",
    "\" onmouseover=alert(1) x=\"",
    "' style='display:none",
    "</style><style>*{display:none}",
    "<!--",
    "]]> --> <![endif]-->",
    "{% include \"_secret.txt\" %}{{ accept_url }}{# #}",
    "From eve@evil.example",
    "=?",
    "?=",
    "=3Cscript=3E",
    "To: eve@evil.example, Subject: x",
    "mailto:eve@evil.example?bcc=eve@evil.example",
    "%0D%0A.%0D%0AQUIT",
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

    let mut mails = sink.messages();
    assert_eq!(mails.len(), names.len());
    // They left together; their ids tell their order.
    mails.sort_by_key(|mail| Read::of(&mail.text()).header("Message-ID").to_owned());
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

/// Refused by the contract: none of them ever becomes an address.
const NO_ADDRESSES: [&str; 16] = [
    "a@b.example\r\nBcc: eve@evil.example",
    "a@b.example\nRCPT TO:<eve@evil.example>",
    "a@b.example\rBcc: eve@evil.example",
    "a@b.example\0",
    "<a@b.example> NOTIFY=NEVER",
    "<a@b.example>",
    "a@b.example, eve@evil.example",
    "a@b.example; eve@evil.example",
    "a@b.example eve@evil.example",
    "\"a\\r\\nBcc\"@b.example",
    "a(comment)@b.example",
    "a@b.example%0d%0aBcc:eve@evil.example",
    "@relay.example:a@b.example",
    "a@[127.0.0.1]",
    "a@b.example>",
    "a@b\u{2028}.example",
];

#[test]
fn what_is_more_than_an_address_is_none() {
    for address in NO_ADDRESSES {
        assert!(EmailAddress::parse(address).is_err(), "{address:?}");
    }
}

/// What a field of an invitation becomes with a text in it; `None` where it is refused.
fn with(field: &str, text: &str) -> Option<Invitation> {
    let mut made = invitation();
    match field {
        "organisation" => made.organisation = Name::parse(text).ok()?,
        "plan" => made.plan = Name::parse(text).ok()?,
        "inviter" => made.inviter = Some(Name::parse(text).ok()?),
        "name" => made.name = Some(PersonName::parse(text).ok()?),
        "message" => made.message = Some(InviteMessage::parse(text).ok()?),
        other => panic!("{other}"),
    }
    Some(made)
}

#[rstest]
fn whatever_an_invitation_says_it_is_one_message_with_the_same_headers_and_links(
    #[values("organisation", "plan", "inviter", "name", "message")] field: &str,
) {
    let long = "é".repeat(80);
    let texts = ODD.into_iter().chain(BROKEN).chain([long.as_str()]);
    let mut taken = 0;
    for text in texts {
        let Some(made) = with(field, text) else {
            continue;
        };
        taken += 1;
        let wire = String::from_utf8(on_the_wire(&made)).unwrap();
        assert!(wire.is_ascii(), "{text}");
        let without = wire.replace("\r\n", "");
        assert!(!without.contains(['\r', '\n', '\0']), "{text}");
        assert!(wire.split("\r\n").all(|line| line.len() <= 998), "{text}");
        let read = Read::of(&wire);
        assert_eq!(read.names(), invitation::HEADERS, "{text}");
        assert_eq!(read.header("To"), "Ann@uni.edu", "{text}");
        assert!(
            read.header("From").ends_with(" <usher@mail.example>"),
            "{text}"
        );
        assert_eq!(read.parts.len(), 2, "{text}");
        let html = &read.parts[1].1;
        for link in html.split("<a ").skip(1) {
            let url = link.split("href=\"").nth(1).unwrap();
            let url = url.split('"').next().unwrap();
            assert!(LINKS.contains(&url), "{text}: {url}");
        }
        for raw in [
            "<script",
            "<img",
            "</title><",
            "<a href=",
            "<!--",
            "</style><",
        ] {
            assert!(!html.contains(raw), "{text}: {raw}");
        }
        assert_eq!(html.matches("style=\"display").count(), 0, "{text}");
    }
    assert!(taken >= ODD.len(), "{taken}");
}

#[test]
fn what_looks_like_a_link_is_neither_greeted_nor_named_as_the_inviter() {
    for text in [
        "https://evil.example/login",
        "www.evil.example",
        "win at casino.example",
    ] {
        for field in ["inviter", "name"] {
            let words = invitation::in_words(&with(field, text).unwrap());
            assert!(!words.text.contains(text), "{field}: {}", words.text);
            assert!(!words.html.contains(text), "{field}: {}", words.html);
        }
    }
    let address = with("inviter", "prof@uni.edu").unwrap();
    assert!(invitation::in_words(&address).text.contains("prof@uni.edu"));
}

#[test]
fn a_message_of_several_lines_stays_within_its_quotation() {
    let text = "One.\n.\nFrom eve\n\nAccept the invitation:\n\nhttps://evil.example/";
    let words = invitation::in_words(&with("message", text).unwrap());
    for line in [
        ".",
        "From eve",
        "Accept the invitation:",
        "https://evil.example/",
    ] {
        assert!(
            words.text.contains(&format!("> {line}\n")),
            "{}",
            words.text
        );
    }
    assert_eq!(words.text.matches("\nAccept the invitation:\n").count(), 1);
}

#[test]
fn no_mail_program_decodes_what_we_never_encoded() {
    let odd = "=?utf-8?q?Eve=0D=0ABcc:_eve@evil.example?=";
    let wire = String::from_utf8(on_the_wire(&with("organisation", odd).unwrap())).unwrap();
    let read = Read::of(&wire);
    for header in ["Subject", "From"] {
        assert!(
            !read.header(header).contains("=?utf-8?q?Eve"),
            "{}",
            read.header(header)
        );
    }
}
