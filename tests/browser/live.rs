//! An administrator watches a batch leave.

use testkit::{BusKind, Engine, SmtpSink, TcpProxy};

use crate::{
    institution::Institution,
    node::{Ground, PATIENCE},
    tab::{Manner, Tab},
};

#[tokio::test]
async fn a_batch_is_watched_without_a_reload_and_the_page_says_when_it_is_over() {
    let relay = SmtpSink::start();
    let wire = TcpProxy::start(relay.address().to_string());
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let mail = format!("smtp://{}", wire.address());
    let settings = [
        ("USHER_MAIL__URL", mail.as_str()),
        ("USHER_MAIL__PER_SECOND", "100"),
        ("USHER_MAIL__CONNECTIONS", "1"),
    ];
    let node = ground.start_with(&[], &settings);
    let (institution, _) = Institution::with_link(&ground, &node, 9, &[]).await;
    let tab = Tab::at(&node.http, Manner::Usual).await;
    tab.sign_in(&institution).await;
    tab.follow("E-mail invites").await;
    tab.follow("Send e-mail invites").await;
    let people = (1..=9).map(|n| format!("p{n}@hill.edu"));
    let people = people.collect::<Vec<_>>().join(" ");
    tab.fill("Addresses", &people).await;
    tab.press("Check the addresses").await;
    tab.until_headed("Invites to First year").await;

    // The relay falls silent at the first of them, and again at the fifth.
    wire.hold_replies_after("RCPT TO:");
    tab.press("Send 9 invites").await;
    wire.wait_held(PATIENCE).await;
    tab.until_says("0 of 9 are settled").await;
    tab.run("window.isTheSame = true").await;
    for _ in 0..4 {
        wire.hold_replies_after("RCPT TO:");
        wire.wait_held(PATIENCE).await;
    }
    tab.until_text("progress", |text| {
        text.contains(" of 9 are settled") && !text.contains("0 of 9")
    })
    .await;
    assert_eq!(tab.run("return window.isTheSame").await, true);

    wire.restore();
    let said = tab
        .until_text("end", |text| text.contains("Finished"))
        .await;
    assert!(said.contains("Sent: 9"), "{said}");
    assert!(!said.contains("are settled"), "{said}");
    tab.close().await;
}
