//! A guesser is stopped; a campus behind one address is not.

use futures_util::{StreamExt as _, stream};
use reqwest::{Client, StatusCode};
use testkit::{BusKind, Engine};

use crate::{
    institution::Institution,
    node::Ground,
    person::{Outcome, Person, crowd_client},
};

const STUDENTS: usize = 2_000;
const AT_ONCE: usize = 64;
const GUESSES: usize = 20;

#[tokio::test]
async fn two_thousand_students_behind_one_address_join_through_one_link() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    // a guesser in the same building has used up what the address may do
    let node = ground.start_with(&[], &[("USHER_THROTTLE__PER_IP_PER_MINUTE", "3")]);
    let seats = u64::try_from(STUDENTS).unwrap();
    let (_, link) = Institution::with_link(&ground, &node, seats, &[]).await;
    for _ in 0..GUESSES {
        guess(&node.http, "10.1.1.1").await;
    }
    let client = crowd_client();
    let joining = (0..STUDENTS).map(async |number| {
        let person = Person::numbered(number);
        person.post(&client, &link.url).await.unwrap()
    });
    let outcomes = stream::iter(joining)
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    let seated = outcomes.iter().filter(|one| **one == Outcome::Assigned);
    assert_eq!(seated.count(), STUDENTS, "{outcomes:?}");
}

#[tokio::test]
async fn a_guesser_is_told_to_wait_and_others_are_not() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let settings = [
        ("USHER_THROTTLE__PER_IP_PER_MINUTE", "3"),
        ("USHER_HTTP__TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    let node = ground.start_with(&[], &settings);
    for _ in 0..3 {
        assert_eq!(
            guess(&node.http, "192.0.2.1").await.0,
            StatusCode::NOT_FOUND
        );
    }
    let (status, retry_after) = guess(&node.http, "192.0.2.1").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(retry_after.is_some_and(|seconds| (1..=60).contains(&seconds)));
    assert_eq!(
        guess(&node.http, "192.0.2.2").await.0,
        StatusCode::NOT_FOUND
    );
    let metrics = node.ops("/metrics").await.1;
    assert!(
        metrics.contains(r#"usher_http_throttled_total{by="ip"} 1"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn whoever_tries_one_address_again_and_again_is_told_to_wait() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let settings = [("USHER_THROTTLE__PER_EMAIL_PER_MINUTE", "5")];
    let node = ground.start_with(&[], &settings);
    let sign_in = async |email: &str| {
        let form = [("email", email), ("password", "wrong horse battery")];
        let url = format!("{}/admin/sign-in", node.http);
        Client::new()
            .post(url)
            .form(&form)
            .send()
            .await
            .unwrap()
            .status()
    };
    for _ in 0..5 {
        assert_eq!(sign_in("ann@uni.edu").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(sign_in("Ann@uni.edu").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(sign_in("bob@uni.edu").await, StatusCode::UNAUTHORIZED);
}

/// Tries a link that nobody gave out, from an address; answers the status and when to try again.
async fn guess(http: &str, from: &str) -> (StatusCode, Option<u64>) {
    let response = Client::new()
        .get(format!("{http}/join/nobody-gave-this-out"))
        .header("x-forwarded-for", from)
        .send()
        .await
        .unwrap();
    let wait = response.headers().get("retry-after");
    let wait = wait.map(|value| value.to_str().unwrap().parse().unwrap());
    (response.status(), wait)
}
