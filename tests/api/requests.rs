//! What holds for every route: bodies, parameters, methods, paths.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Answer, Api, Institution, printed};

async fn raw(institution: &Institution, content_type: &str, body: impl Into<String>) -> Answer {
    let path = institution.path("/plans");
    let request = institution.api.request(Method::POST, &path);
    let request = request.header("content-type", content_type);
    Answer::of(request.body(body.into())).await
}

#[tokio::test]
async fn a_body_must_be_json_and_say_so() {
    let institution = Institution::found().await;
    let good = json!({ "name": "Law", "seats": 1 }).to_string();
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
    ] {
        let answer = raw(&institution, content_type, good.clone()).await;
        assert_eq!(answer.status, 201, "{content_type}");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let answer = raw(&institution, content_type, good.clone()).await;
        answer.refused(415, "unsupported-media-type");
    }
    for body in ["", "{", "{\"name\": }", "\u{feff}{}", "nothing"] {
        let answer = raw(&institution, "application/json", body).await;
        answer.refused(400, "malformed");
    }
    let ambiguous = r#"{"name": "Law", "seats": 1, "seats": 2}"#;
    let answer = raw(&institution, "application/json", ambiguous).await;
    answer.refused(400, "malformed");
    for body in ["[]", "null", "1", "\"text\""] {
        let answer = raw(&institution, "application/json", body).await;
        answer.refused_fields(&[" wrong-type"]);
    }
}

/// What is named by a refusal: field and code of each.
fn named(answer: &Answer) -> Vec<(&str, &str)> {
    let errors = answer.body["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| (text_of(&error["field"]), text_of(&error["code"])))
        .collect()
}

#[tokio::test]
async fn a_header_that_is_there_twice_is_named_and_refused() {
    let institution = Institution::found().await;
    let path = institution.path("/plans");
    for name in [
        "Authorization",
        "Content-Type",
        "Origin",
        "Referer",
        "Sec-Fetch-Site",
        "Idempotency-Key",
    ] {
        for method in [Method::GET, Method::POST] {
            let request = Api::public().request(method, &path);
            let answer = Answer::of(request.header(name, "x").header(name, "x")).await;
            answer.refused(400, "malformed");
            assert_eq!(named(&answer), [(name, "repeated")]);
        }
    }
    // the second is as good as the first, and neither is taken
    let request = institution.api.request(Method::GET, &path);
    let answer = Answer::of(request.bearer_auth("another")).await;
    answer.refused(400, "malformed");
    let form = Api::public().request(Method::POST, "!/sign-in");
    let form = form
        .header("sec-fetch-site", "same-origin")
        .header("sec-fetch-site", "cross-site")
        .form(&[("email", "ann@hill.edu"), ("password", "x")]);
    let page = form.send().await.unwrap();
    assert_eq!(page.status(), 400);
    let page = page.text().await.unwrap();
    assert!(
        page.contains("Sec-Fetch-Site can be given only once"),
        "{page}"
    );
}

#[tokio::test]
async fn a_body_that_is_packed_is_refused_as_such() {
    let institution = Institution::found().await;
    let packed = |method, coding: &str| {
        let request = institution.api.request(method, &institution.path("/plans"));
        let request = request.header("content-encoding", coding);
        Answer::of(request.json(&json!({ "name": "Law", "seats": 1 })))
    };
    for coding in ["gzip", "br", "identity, gzip"] {
        let answer = packed(Method::POST, coding).await;
        answer.refused(415, "unsupported-media-type");
        assert_eq!(named(&answer), [("Content-Encoding", "not-taken")]);
        assert_eq!(answer.header("accept-encoding"), "identity");
    }
    packed(Method::POST, "identity").await.body(201);
    // nobody reads the body of a question
    packed(Method::GET, "gzip").await.body(200);
}

#[tokio::test]
async fn a_body_is_bounded_in_length_and_depth() {
    let institution = Institution::found().await;
    let long = json!({ "name": "x".repeat(65 << 10), "seats": 1 }).to_string();
    let answer = raw(&institution, "application/json", long).await;
    answer.refused(413, "too-large");
    let deep = format!("{{\"name\": {}{}}}", "[".repeat(200), "]".repeat(200));
    let answer = raw(&institution, "application/json", deep).await;
    answer.refused(400, "malformed");
}

#[tokio::test]
async fn every_fault_of_a_body_is_named_at_once() {
    let institution = Institution::found().await;
    let faulty = json!({
        "name": "  ", "seats": -1, "ends_at": "tomorrow", "colour": "red", "size": {},
    });
    institution.post("/plans", faulty).await.refused_fields(&[
        "colour unknown-field",
        "ends_at not-an-instant",
        "name required",
        "seats wrong-type",
        "size unknown-field",
    ]);
    let empty = institution.post("/plans", json!({})).await;
    empty.refused_fields(&["name required", "seats required"]);
}

#[tokio::test]
async fn parameters_are_checked_like_fields() {
    let institution = Institution::found().await;
    for (query, expected) in [
        ("limit=0", "limit out-of-range"),
        ("limit=201", "limit out-of-range"),
        ("limit=ten", "limit not-a-number"),
        ("cursor=", "cursor not-a-cursor"),
        ("cursor=nonsense", "cursor not-a-cursor"),
        ("colour=red", "colour unknown-field"),
        ("limit=5&limit=6", "limit repeated"),
        ("limit=&limit=", "limit repeated"),
        ("colour=red&colour=red", "colour unknown-field"),
    ] {
        let answer = institution.get(&format!("/links?{query}")).await;
        answer.refused_fields(&[expected]);
    }
    let long = format!("/links?cursor={}&limit=0", "x".repeat(513));
    let answer = institution.get(&long).await;
    answer.refused_fields(&["cursor not-a-cursor", "limit out-of-range"]);
    let twice = institution.get("/users?sort=name&sort=name&q=a&q=b").await;
    twice.refused_fields(&["q repeated", "sort repeated"]);
    let detail = text_of(&twice.body["errors"][0]["detail"]);
    assert_eq!(detail, "can be given only once");
    institution.get("/users?tag=a&tag=b").await.body(200);
    let page = institution.get("/links?limit=200").await.body(200);
    assert_eq!(page, json!({ "items": [], "next_cursor": null }));
}

#[tokio::test]
async fn a_wrong_method_is_told_which_are_right() {
    let institution = Institution::found().await;
    for (method, path, allowed) in [
        (Method::PUT, institution.path("/plans"), "GET, HEAD, POST"),
        (Method::DELETE, institution.path(""), "GET, HEAD, PATCH"),
        (Method::OPTIONS, "/openapi.json".to_owned(), "GET, HEAD"),
        (Method::GET, "/proofs".to_owned(), "POST"),
    ] {
        let answer = Answer::of(institution.api.request(method, &path)).await;
        answer.refused(405, "method-not-allowed");
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
}

#[tokio::test]
async fn a_page_that_does_not_take_the_method_says_so_in_words() {
    let request = Api::public().request(Method::PUT, "!/admin/reset");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 405);
    let allowed = response.headers()["allow"].to_str().unwrap().to_owned();
    assert!(
        allowed.split(", ").any(|method| method == "HEAD"),
        "{allowed}"
    );
    assert_ne!(response.text().await.unwrap(), "");
}

#[tokio::test]
async fn a_form_that_is_too_large_or_is_none_is_refused_as_such() {
    for (content_type, length, status) in [
        ("application/x-www-form-urlencoded", 1 << 20, 413),
        ("text/plain", 8, 415),
    ] {
        let request = Api::public().request(Method::POST, "!/sign-in");
        let request = request
            .header("content-type", content_type)
            .header("sec-fetch-site", "same-origin")
            .body("x".repeat(length));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{content_type}");
    }
}

#[tokio::test]
async fn an_address_that_names_nothing_is_not_found() {
    let institution = Institution::found().await;
    for path in [
        "/nothing",
        "/organisations/",
        "/organisations/none",
        "/organisations/lnk_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/organisations/org_01ARZ3NDEKTSV4RRFFQ69G5FAV/plans",
        "/organisations/%00%ff/plans",
    ] {
        Api::operator().get(path).await.refused(404, "not-found");
    }
    for rest in [
        "/plans/x",
        "/links/x",
        "/users/x",
        "/plans/pln_01ARZ3NDEKTSV4RRFFQ69G5FAV",
    ] {
        institution.get(rest).await.refused(404, "not-found");
    }
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let institution = Institution::found().await;
    let head = institution
        .api
        .request(Method::HEAD, &institution.path("/plans"));
    let answer = Answer::of(head).await;
    assert_eq!((answer.status, &answer.body), (200, &Value::Null));
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn the_description_and_the_kinds_of_problems_are_public() {
    let description = Api::public().get("/openapi.json").await.body(200);
    assert!(text_of(&description["openapi"]).starts_with("3.1."));
    let kind = Api::public().get("!/problems/link-unknown").await.body(200);
    assert_eq!(kind["type"], "/problems/link-unknown");
    assert_eq!(kind["status"], 404);
    Api::public()
        .get("!/problems/none")
        .await
        .refused(404, "not-found");
}

#[tokio::test]
async fn the_command_prints_the_description_that_is_served() {
    let printed: Value = serde_json::from_str(&printed(&["openapi"])).unwrap();
    assert_eq!(Api::public().get("/openapi.json").await.body(200), printed);
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn a_whole_number_is_one_however_it_is_written() {
    let institution = Institution::found().await;
    for (seats, read) in [(json!(3.0), 3), (json!(2e3), 2_000)] {
        let new = json!({ "name": "Law", "seats": seats });
        let plan = institution.post("/plans", new).await.body(201);
        assert_eq!(plan["seats"]["purchased"], read);
    }
    for seats in [json!(-3.0), json!(1e300)] {
        let new = json!({ "name": "Law", "seats": seats });
        let answer = institution.post("/plans", new).await;
        answer.refused_fields(&["seats wrong-type"]);
    }
}
