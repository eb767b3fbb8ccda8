//! Somebody comes in by both doors.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{BusKind, Engine, eventually_some};

use crate::{
    institution::Institution,
    node::{Ground, PATIENCE},
    person::Person,
    program::Program,
    tab::{Manner, Tab},
};

/// Where the invite leads that was mailed.
async fn invited(ground: &Ground) -> String {
    eventually_some(PATIENCE, "the invite was mailed", async || {
        let letters = ground.letters().into_iter();
        let mut texts = letters.filter_map(|letter| {
            let letter: Value = serde_json::from_str(&letter).unwrap();
            let (_, path) = letter["text"].as_str()?.split_once("/invite/")?;
            Some(format!("/invite/{}", path.split_whitespace().next()?))
        });
        texts.next()
    })
    .await
}

#[rstest]
#[tokio::test]
async fn somebody_joins_by_a_link_and_later_accepts_an_invite(
    #[values(Manner::Usual, Manner::Scriptless)] manner: Manner,
) {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (_, link) = Institution::with_link(&ground, &node, 5, &[]).await;
    let tab = Tab::at(&node.http, manner).await;
    assert_eq!(tab.runs_scripts().await, manner == Manner::Usual);
    let ann = Person::at("ann@hill.edu");
    tab.open(&link.url).await;
    tab.fill("First name", &ann.first_name).await;
    tab.fill("Last name", &ann.last_name).await;
    tab.fill("E-mail address", &ann.email).await;
    tab.fill("Password", &ann.password).await;
    tab.tick("I accept the terms of use").await;
    tab.press("Join").await;
    tab.until_headed("Welcome, Ann").await;
    let letter = ann.letter(&ground).await;
    tab.fill("Code from the letter", &letter.code).await;
    tab.press("Confirm").await;
    tab.until_headed("Your address is confirmed").await;

    let (other, link) = Institution::with_link(&ground, &node, 5, &[]).await;
    let program = Program::of(&ground, &node, &other);
    let body = json!({ "link_id": link.id, "addresses": ann.email });
    let invites = format!("/organisations/{}/invites", other.id);
    let (status, sent) = program.send(Method::POST, &invites, &body).await;
    assert_eq!(status, 202, "{sent}");
    tab.open(&invited(&ground).await).await;
    tab.fill("First name", &ann.first_name).await;
    tab.fill("Last name", &ann.last_name).await;
    tab.fill("Password", &ann.password).await;
    tab.tick("I accept the terms of use").await;
    tab.press("Accept").await;
    tab.until_headed("Welcome, Ann").await;
    tab.close().await;
}
