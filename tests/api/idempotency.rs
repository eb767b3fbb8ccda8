//! What is posted again with its `Idempotency-Key` is done once.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Answer, Api, Institution, registration, text};

async fn post(api: &Api, path: &str, key: &str, body: Value) -> Answer {
    let request = api.request(Method::POST, path);
    Answer::of(request.header("idempotency-key", key).json(&body)).await
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_answered_again() {
    let institution = Institution::found().await;
    let (path, new) = (
        institution.path("/plans"),
        json!({ "name": "Law", "seats": 3 }),
    );
    let first = post(&institution.api, &path, "one", new.clone()).await;
    assert_eq!(first.header("idempotency-replayed"), "");
    for _ in 0..2 {
        let again = post(&institution.api, &path, "one", new.clone()).await;
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("content-type"), "application/json");
        assert_eq!((again.status, &again.body), (201, &first.body));
    }
    post(&institution.api, &path, "two", new).await.body(201);
    let plans = institution.get("/plans").await.body(200);
    assert_eq!(plans["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn many_at_once_make_one() {
    let institution = Institution::found().await;
    let path = institution.path("/plans");
    let new = json!({ "name": "Law", "seats": 3 });
    let sent = (0..20).map(|_| post(&institution.api, &path, "rush", new.clone()));
    let mut made = Vec::new();
    for answer in join_all(sent).await {
        if answer.status == 201 {
            made.push(answer.body["id"].clone());
        } else {
            answer.refused(409, "conflict");
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
    made.dedup();
    assert_eq!(made.len(), 1);
    let plans = institution.get("/plans").await.body(200);
    assert_eq!(plans["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_is_not_used_for_another_body() {
    let institution = Institution::found().await;
    let path = institution.path("/plans");
    let new = json!({ "name": "Law", "seats": 3 });
    post(&institution.api, &path, "k", new).await.body(201);
    let other = json!({ "name": "Law", "seats": 4 });
    let refused = post(&institution.api, &path, "k", other).await;
    refused.refused_fields(&["Idempotency-Key reused"]);
    let long = "x".repeat(256);
    for key in ["", "two words", &long] {
        let refused = post(&institution.api, &path, key, json!({})).await;
        refused.refused_fields(&["Idempotency-Key not-a-key"]);
    }
}

#[tokio::test]
async fn callers_and_routes_have_their_own_keys() {
    let (one, other) = (Institution::found().await, Institution::found().await);
    let new = json!({ "name": "Law", "seats": 3 });
    for institution in [&one, &other] {
        let made = post(
            &institution.api,
            &institution.path("/plans"),
            "k",
            new.clone(),
        )
        .await;
        assert_eq!(made.header("idempotency-replayed"), "");
        made.body(201);
    }
    let answer = post(&one.api, &one.path("/links"), "k", json!({})).await;
    answer.refused_fields(&["name required", "plan_id required"]);
    let nobody = post(&Api::public(), &one.path("/plans"), "k", new).await;
    nobody.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_refusal_leaves_the_key_free() {
    let institution = Institution::found().await;
    let path = institution.path("/plans");
    let faulty = post(&institution.api, &path, "k", json!({ "name": "Law" })).await;
    faulty.refused_fields(&["seats required"]);
    let good = json!({ "name": "Law", "seats": 1 });
    post(&institution.api, &path, "k", good).await.body(201);
}

#[tokio::test]
async fn a_replay_holds_no_secret() {
    let institution = Institution::found().await;
    let path = institution.path("/links");
    let new = json!({ "name": "First year", "plan_id": institution.plan(1).await });
    let first = post(&institution.api, &path, "k", new.clone())
        .await
        .body(201);
    let again = post(&institution.api, &path, "k", new).await.body(201);
    assert_eq!(
        (&again["token"], &again["url"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(again["id"], first["id"]);

    let path = institution.path("/administrators");
    let email = format!("{}@university.example", institution.id.to_lowercase());
    let new = json!({ "email": email, "role": "viewer" });
    let first = post(&institution.api, &path, "k", new.clone())
        .await
        .body(201);
    assert!(first["setup_url"].is_string());
    let again = post(&institution.api, &path, "k", new).await.body(201);
    let kept = json!({ "id": first["id"], "setup_url": null, "mailed": first["mailed"] });
    assert_eq!(again, kept);
}

#[tokio::test]
async fn joining_has_keys_of_each_link() {
    let institution = Institution::found().await;
    let form = registration(&format!("{}@x.edu", institution.id.to_lowercase()));
    let (one, other) = (
        institution.link(1, json!({})).await,
        institution.link(1, json!({})).await,
    );
    let path = |link: &Value| format!("/join/{}", text(&link["token"]));
    let first = post(&Api::public(), &path(&one), "k", form.clone()).await;
    let again = post(&Api::public(), &path(&one), "k", form.clone()).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.body(201), first.body(201));
    let elsewhere = post(&Api::public(), &path(&other), "k", form).await;
    assert_eq!(elsewhere.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_public_answer_is_given_again_only_to_the_whole_body() {
    let institution = Institution::found().await;
    let link = institution.link(1, json!({})).await;
    let form = registration(&format!("{}@x.edu", institution.id.to_lowercase()));
    let credentials = json!({ "email": form["email"], "password": form["password"] });
    let join = format!("/join/{}", text(&link["token"]));
    for (path, body) in [(join.as_str(), form), ("/session", credentials)] {
        let key = format!("{}-{path}", institution.id);
        post(&Api::public(), path, &key, body.clone())
            .await
            .body(201);
        let mut other = body.clone();
        other["password"] = json!("another password");
        let refused = post(&Api::public(), path, &key, other).await;
        refused.refused_fields(&["Idempotency-Key reused"]);
        let again = post(&Api::public(), path, &key, body).await;
        assert_eq!(again.header("idempotency-replayed"), "true", "{path}");
    }
}
