//! Who may ask at all.

use reqwest::Method;
use serde_json::json;

use crate::server::{Answer, Api, Institution};

#[tokio::test]
async fn nobody_asks_without_a_valid_token() {
    let institution = Institution::found().await;
    let plans = institution.path("/plans");
    for api in [
        Api::public(),
        Api::with("nonsense"),
        Api::with(&"x".repeat(5_000)),
    ] {
        let answer = api.get(&plans).await;
        answer.refused(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"usher\"");
    }
    let basic = Api::public().request(Method::GET, &plans);
    let basic = basic.header("authorization", "Basic dXNlcjpwYXNz");
    Answer::of(basic).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn who_may_not_ask_learns_that_before_anything_else() {
    let institution = Institution::found().await;
    let (plans, wrong) = (
        institution.path("/plans?colour=red"),
        json!({ "colour": 1 }),
    );
    Api::public()
        .post(&plans, wrong)
        .await
        .refused(401, "unauthenticated");
    let malformed = Api::public().get("/organisations/none").await;
    malformed.refused(401, "unauthenticated");
}

#[tokio::test]
async fn an_institution_does_not_see_another() {
    let (own, other) = (Institution::found().await, Institution::found().await);
    let link = other.link(1, json!({})).await;
    let link = link["id"].as_str().unwrap();
    for rest in ["", "/plans", "/links", "/users", "/audit", "/events"] {
        let answer = own.api.get(&other.path(rest)).await;
        answer.refused(404, "not-found");
    }
    // nor by the id of its own in another's place
    own.get(&format!("/links/{link}"))
        .await
        .refused(404, "not-found");
    let rotate = own.path(&format!("/links/{link}/rotate"));
    own.api
        .post(&rotate, json!({}))
        .await
        .refused(404, "not-found");
}

#[tokio::test]
async fn only_the_operator_makes_organisations_and_others_see_their_own_alone() {
    let institution = Institution::found().await;
    let new = json!({ "name": "Mine", "product_url": "https://x.example/" });
    let made = institution.api.post("/organisations", new).await;
    made.refused(403, "forbidden");
    let own = institution.api.get("/organisations").await.body(200);
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
    assert_eq!(own["items"][0]["id"], json!(institution.id));
    assert!(own["next_cursor"].is_null());
}

#[tokio::test]
async fn the_operator_acts_in_every_institution() {
    let institution = Institution::found().await;
    let plan = json!({ "name": "Law", "seats": 5 });
    let made = Api::operator()
        .post(&institution.path("/plans"), plan)
        .await;
    made.body(201);
    let plans = institution.get("/plans").await.body(200);
    assert_eq!(plans["items"].as_array().unwrap().len(), 1);
}
