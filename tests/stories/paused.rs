//! A batch that rests because too much of it came back: its page, the letter, and the click that lets it
//! go on.

use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::{BusKind, Engine, eventually, eventually_some};

use crate::{
    invited::Scene,
    mail::decoded,
    mailroom::{addresses, count},
    node::PATIENCE,
};

const PEOPLE: usize = 400;
const NOBODY: usize = 40;

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn whoever_is_written_to_that_a_batch_rests_finds_why_and_lets_it_go_on(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let settings = [("USHER_MAIL__PER_SECOND", "40")];
    let scene = Scene::within(engine, bus, 5, &settings).await;
    let people = addresses(0, PEOPLE);
    for nobody in &people[..NOBODY] {
        let reply = format!("550 5.1.1 <{nobody}> no such user");
        scene.relay.reject(nobody, &reply);
    }
    let (status, sent) = scene.invite(&people.join("\n"), false).await;
    assert_eq!(status, 202, "{sent}");
    let id = sent["batch_id"].as_str().unwrap();
    let batch = async || scene.owner.get(&format!("{}/batches/{id}", scene.at)).await;
    let until = async |what: &str, holds: &dyn Fn(&Value) -> bool| {
        eventually_some(PATIENCE, what, async || Some(batch().await).filter(holds)).await
    };
    let rests = until("the batch rests", &|batch| {
        batch["pause_reason"] == "bounces" && count(batch, "sending") == 0
    })
    .await;
    let said = &rests["pause_replies"][0];
    let expected = json!({
        "count": NOBODY, "state": "bounced", "code": "5.1.1", "text": "550 5.1.1 … no such user",
    });
    assert_eq!(said, &expected, "{rests}");
    let waiting = count(&rests, "queued");
    assert!(waiting > 0, "{rests}");

    let owner = scene.institution.email.as_str();
    let letters = || {
        let mails = scene.relay.messages();
        let letters = mails.iter().filter(|mail| {
            let is_owners = mail.recipients == [owner];
            is_owners && mail.text().contains("your e-mail invites are paused")
        });
        letters
            .map(|mail| decoded(&mail.text()))
            .collect::<Vec<_>>()
    };
    eventually(PATIENCE, "the owner is written to", async || {
        !letters().is_empty()
    })
    .await;
    let letter = letters().remove(0);
    let page = format!("/admin/{}/invites/{id}", scene.institution.id);
    assert!(letter.contains(&page), "{letter}");
    assert!(letter.contains("40 came back: 550 5.1.1"), "{letter}");

    let browser = &scene.institution.administrator;
    let page = browser.open(&page).await;
    let text = page.text();
    assert!(
        text.contains("Too many of its mailboxes do not exist."),
        "{text}"
    );
    assert!(text.contains("550 5.1.1 … no such user"), "{text}");
    assert_eq!(count(&batch().await, "queued"), waiting, "nothing leaves");
    browser.submit(&page, &page.form("/resume")).await;
    let ended = until("all have left", &|batch| !batch["finished_at"].is_null()).await;
    assert_eq!(count(&ended, "sent"), (PEOPLE - NOBODY) as u64, "{ended}");
    assert_eq!(ended["pause_replies"], json!([]));
    let mut got = BTreeMap::new();
    for mail in scene.relay.messages() {
        *got.entry(mail.recipients[0].clone()).or_insert(0) += 1;
    }
    let invited = people[NOBODY..].iter().map(|email| got.get(email));
    assert!(
        invited.into_iter().all(|count| count == Some(&1)),
        "{got:?}"
    );
    assert_eq!(letters().len(), 1, "one letter");
}
