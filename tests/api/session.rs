//! A person signs in and out.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Answer, Api, Institution, registration, text};

/// Somebody who has joined: their address and what they sign in with.
async fn joined() -> Value {
    let institution = Institution::found().await;
    let link = institution.link(1, json!({})).await;
    let form = registration(&format!("{}@x.edu", institution.id.to_lowercase()));
    let path = format!("/join/{}", text(&link["token"]));
    Api::public().post(&path, form.clone()).await.body(201);
    json!({ "email": form["email"], "password": form["password"] })
}

/// The cookie of an answer, as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").split(';').next();
    cookie.unwrap().to_owned()
}

/// Who is signed in sees their account at `/`, anybody else a form.
async fn account_page(cookie: &str) -> String {
    let request = Api::public().request(Method::GET, "!/");
    let response = request.header("cookie", cookie).send().await.unwrap();
    response.text().await.unwrap()
}

#[tokio::test]
async fn a_session_is_answered_and_kept_in_the_cookie_of_the_pages_until_it_is_ended() {
    let credentials = joined().await;
    let opened = Api::public().post("/session", credentials.clone()).await;
    let (session, cookie) = (opened.clone().body(201), cookie(&opened));
    assert!(session["expires_at"].is_string(), "{session}");
    let attributes = opened.header("set-cookie");
    assert!(
        attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"),
        "{attributes}"
    );
    let email = text(&credentials["email"]);
    assert!(account_page(&cookie).await.contains(email));

    let person = Api::with(text(&session["token"]));
    let ended = person.delete("/session").await;
    assert_eq!(ended.status, 204);
    assert!(ended.header("set-cookie").contains("Max-Age=0"));
    assert!(!account_page(&cookie).await.contains(email));
    let again = person.delete("/session").await;
    again.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_session_is_ended_by_its_cookie_as_well_and_by_nothing_else() {
    let credentials = joined().await;
    let one = Api::public().post("/session", credentials.clone()).await;
    let other = Api::public().post("/session", credentials).await;
    let request = Api::public().request(Method::DELETE, "/session");
    let ended = Answer::of(request.header("cookie", cookie(&one))).await;
    assert_eq!(ended.status, 204);
    for api in [Api::public(), Api::operator()] {
        api.delete("/session").await.refused(401, "unauthenticated");
    }
    let other = Api::with(text(&other.body(201)["token"]));
    assert_eq!(other.delete("/session").await.status, 204);
}

#[tokio::test]
async fn a_wrong_password_and_an_address_that_nobody_has_answer_alike() {
    let right = joined().await;
    let mut refusals = Vec::new();
    for (email, password) in [
        (&right["email"], json!("not the one that was set")),
        (&json!("nobody@x.edu"), right["password"].clone()),
        (&json!("no address"), right["password"].clone()),
        (&json!(""), json!("")),
    ] {
        let tried = json!({ "email": email, "password": password });
        let answer = Api::public().post("/session", tried).await;
        answer.refused(401, "sign-in-refused");
        assert_eq!(answer.header("set-cookie"), "");
        let mut body = answer.body;
        body["instance"].take();
        refusals.push(body);
    }
    assert!(refusals.iter().all(|body| *body == refusals[0]));
    let empty = Api::public().post("/session", json!({})).await;
    empty.refused_fields(&["email required", "password required"]);
}

#[tokio::test]
async fn a_sign_in_that_is_sent_again_shows_no_token_again() {
    let credentials = joined().await;
    let once = || {
        let request = Api::public().request(Method::POST, "/session");
        let key = text(&credentials["email"]);
        Answer::of(request.header("idempotency-key", key).json(&credentials))
    };
    let first = once().await;
    assert!(first.body["token"].is_string());
    let again = once().await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("set-cookie"), "");
    assert_eq!(again.body(201)["token"], Value::Null);
}
