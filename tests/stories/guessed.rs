//! Somebody's password is guessed at from many networks, or letters are asked for again and again: it is
//! told, and whose the address is gets in.

use reqwest::StatusCode;
use testkit::{BusKind, Engine};

use crate::{
    accounts::sent,
    institution::Institution,
    node::Ground,
    person::Person,
    program::Program,
    throttle::{Door, post, unled},
};

const BEHIND_A_PROXY: (&str, &str) = ("USHER_HTTP__TRUSTED_PROXIES", "127.0.0.0/8");

#[tokio::test]
async fn guesses_from_many_networks_are_told_though_none_of_them_is_stopped() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start_with(&[], &[BEHIND_A_PROXY]);
    let (institution, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let ann = Person::numbered(1);
    ann.join(&node.browser(), &link.url).await;
    let wrong = Door::person(&node, &ann).wrong();
    for network in 1..=3 {
        let guessed = wrong.send(&format!("10.0.{network}.1")).await;
        assert_eq!(guessed.status(), StatusCode::UNAUTHORIZED);
    }
    let program = Program::of(&ground, &node, &institution);
    let trail = format!("/organisations/{}/audit", institution.id);
    let trail = program.all(&trail).await;
    let told = trail
        .iter()
        .filter(|entry| entry["action"] == "account.refuse-sign-in");
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn whoever_is_guessed_at_from_everywhere_gets_in_by_a_letter() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let one = ("USHER_THROTTLE__PER_EMAIL_PER_MINUTE", "1");
    let node = ground.start_with(&[], &[BEHIND_A_PROXY, one]);
    let (_, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let ann = Person::numbered(1);
    ann.join(&node.browser(), &link.url).await;
    let wrong = Door::person(&node, &ann).wrong();
    let mut answers = Vec::new();
    for network in 1..=200 {
        let guessed = wrong.send(&format!("10.0.{network}.1")).await;
        answers.push(guessed.status());
        if guessed.status() == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!(answers.last(), Some(&StatusCode::TOO_MANY_REQUESTS));

    let browser = node.browser();
    browser.post("/reset", &[("email", &ann.email)]).await;
    let letter = sent(&ground, &ann.email, "/reset/").await;
    let page = browser.open(&letter.path).await;
    let form = page.form("").fill("new_password", "a few other words");
    let page = browser.submit(&page, &form).await;
    assert_eq!(page.heading(), "Your password is set");
    assert_eq!(browser.open("/").await.heading(), "Hello Ann");
}

#[tokio::test]
async fn letters_that_are_refused_where_somebody_asks_too_often_are_not_counted_elsewhere() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let settings = [
        BEHIND_A_PROXY,
        ("USHER_THROTTLE__PER_IP_PER_MINUTE", "3"),
        ("USHER_THROTTLE__PER_EMAIL_PER_MINUTE", "5"),
    ];
    let node = ground.start_with(&[], &settings);
    for (number, path) in ["/reset", "/admin/reset", "/proofs/again"]
        .iter()
        .enumerate()
    {
        let ask = async |from: &str| {
            let email = format!("ann.{number}@hill.edu");
            let url = format!("{}{path}", node.http);
            post(&unled(), &url, from, &[("email", &email)])
                .await
                .status()
        };
        let insistent = format!("10.0.{number}.1");
        for _ in 0..3 {
            assert_eq!(ask(&insistent).await, StatusCode::OK, "{path}");
        }
        for _ in 0..9 {
            let refused = ask(&insistent).await;
            assert_eq!(refused, StatusCode::TOO_MANY_REQUESTS, "{path}");
        }
        assert_eq!(ask("10.9.9.9").await, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn who_guesses_for_an_address_shuts_it_neither_elsewhere_nor_for_a_letter() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let settings = [
        ("USHER_THROTTLE__PER_EMAIL_PER_MINUTE", "5"),
        BEHIND_A_PROXY,
    ];
    let node = ground.start_with(&[], &settings);
    let (_, link) = Institution::with_link(&ground, &node, 3, &[]).await;
    let ann = Person::numbered(1);
    ann.join(&node.browser(), &link.url).await;
    let door = Door::person(&node, &ann);
    for _ in 0..20 {
        door.wrong().send("192.0.2.1").await;
    }
    let there = door.send("192.0.2.1").await.status();
    assert_eq!(there, StatusCode::TOO_MANY_REQUESTS);
    let elsewhere = door.send("198.51.100.1").await.status();
    assert_eq!(elsewhere, StatusCode::SEE_OTHER);
    let reset = format!("{}/reset", node.http);
    let letter = post(&unled(), &reset, "198.51.100.1", &[("email", &ann.email)]).await;
    assert!(!letter.status().is_client_error(), "{}", letter.status());
}
