//! Joining through an access link, and proving an address.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Answer, Api, Institution, registration, text};

fn path(link: &Value) -> String {
    format!("/join/{}", text(&link["token"]))
}

fn address(institution: &Institution) -> String {
    format!("{}@x.edu", institution.id.to_lowercase())
}

#[tokio::test]
async fn somebody_joins_and_joining_again_answers_the_same() {
    let institution = Institution::found().await;
    let link = institution.link(2, json!({})).await;
    let form = registration(&address(&institution));
    let joined = Api::public()
        .post(&path(&link), form.clone())
        .await
        .body(201);
    assert_eq!(joined["seat"]["status"], "assigned");
    assert!(joined["seat"]["proof_due_at"].is_string());
    assert_eq!(joined["user"]["first_name"], "Ann");
    assert!(text(&joined["proof_id"]).starts_with("prf_"));
    let again = Api::public().post(&path(&link), form).await.body(201);
    assert_eq!(
        (&again["user"], &again["seat"]),
        (&joined["user"], &joined["seat"])
    );
    let link = institution
        .get(&format!("/links/{}", text(&link["id"])))
        .await;
    assert_eq!(link.body(200)["uses"], 1);
}

#[tokio::test]
async fn looking_at_a_link_changes_nothing() {
    let institution = Institution::found().await;
    let link = institution
        .link(1, json!({ "allowed_domains": ["x.edu"] }))
        .await;
    let face = Api::public().get(&path(&link)).await.body(200);
    assert_eq!(face["allowed_domains"], json!(["x.edu"]));
    assert_eq!(
        (&face["closed"], &face["has_free_seat"]),
        (&json!(null), &json!(true))
    );
    let head = Api::public().request(Method::HEAD, &path(&link));
    assert_eq!(Answer::of(head).await.status, 200);
    let now = institution
        .get(&format!("/links/{}", text(&link["id"])))
        .await;
    assert_eq!(now.body(200), link);
}

#[tokio::test]
async fn who_comes_late_waits_and_who_comes_too_late_is_refused() {
    let institution = Institution::found().await;
    let link = institution.link(0, json!({})).await;
    let form = registration(&address(&institution));
    let joined = Api::public().post(&path(&link), form).await.body(201);
    assert_eq!(joined["seat"]["status"], "waiting");

    let used_up = institution.link(5, json!({ "max_uses": 1 })).await;
    let form = registration(&format!("b.{}", address(&institution)));
    Api::public().post(&path(&used_up), form).await.body(201);
    let form = registration(&format!("c.{}", address(&institution)));
    let refused = Api::public().post(&path(&used_up), form).await;
    refused.refused(409, "link-used-up");
}

#[tokio::test]
async fn an_address_of_another_domain_is_refused() {
    let institution = Institution::found().await;
    let link = institution
        .link(1, json!({ "allowed_domains": ["y.edu"] }))
        .await;
    let form = registration(&address(&institution));
    let refused = Api::public().post(&path(&link), form).await;
    refused.refused(422, "domain-not-allowed");
    assert_eq!(refused.body["errors"][0]["field"], "email");
}

#[tokio::test]
async fn an_account_is_not_opened_by_another_password() {
    let institution = Institution::found().await;
    let link = institution.link(2, json!({})).await;
    let mut form = registration(&address(&institution));
    Api::public()
        .post(&path(&link), form.clone())
        .await
        .body(201);
    form["password"] = json!("some other words");
    let refused = Api::public().post(&path(&link), form).await;
    refused.refused(409, "account-exists");
}

#[tokio::test]
async fn every_fault_of_a_registration_is_named() {
    let institution = Institution::found().await;
    let link = institution.link(1, json!({})).await;
    let form = json!({
        "first_name": 7, "last_name": "", "email": "ann", "password": "short", "accept_terms": false,
        "role": "owner",
    });
    let refused = Api::public().post(&path(&link), form).await;
    refused.refused_fields(&[
        "accept_terms required",
        "email not-an-address",
        "first_name wrong-type",
        "last_name required",
        "password too-short",
        "role unknown-field",
    ]);
    let empty = Api::public().post(&path(&link), json!({})).await;
    empty.refused_fields(&[
        "accept_terms required",
        "email required",
        "first_name required",
        "last_name required",
        "password required",
    ]);
    let seats = institution.get("/users").await.body(200);
    assert_eq!(seats["items"], json!([]));
}

#[tokio::test]
async fn an_unknown_link_is_unknown_whatever_is_sent() {
    for token in ["nothing", &"x".repeat(500), "%20"] {
        let join = format!("/join/{token}");
        Api::public().get(&join).await.refused(404, "link-unknown");
        let form = registration("ann@x.edu");
        Api::public()
            .post(&join, form)
            .await
            .refused(404, "link-unknown");
        let wrong = Api::public().post(&join, json!({ "first_name": 1 })).await;
        wrong.refused(404, "link-unknown");
    }
}

#[tokio::test]
async fn asking_for_a_proof_answers_alike_for_known_and_unknown_addresses() {
    let institution = Institution::found().await;
    let link = institution.link(1, json!({})).await;
    let known = address(&institution);
    Api::public()
        .post(&path(&link), registration(&known))
        .await
        .body(201);
    for email in [known.as_str(), "nobody@nowhere.example"] {
        let answer = Api::public()
            .post("/proofs", json!({ "email": email }))
            .await;
        let started = answer.body(202);
        assert_eq!(started.as_object().unwrap().len(), 1);
        assert!(text(&started["id"]).starts_with("prf_"));
    }
    let wrong = Api::public()
        .post("/proofs", json!({ "email": "ann" }))
        .await;
    wrong.refused_fields(&["email not-an-address"]);
}

#[tokio::test]
async fn a_wrong_code_proves_nothing() {
    let proof = "/proofs/prf_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let refused = Api::public()
        .post(proof, json!({ "code": "123 456" }))
        .await;
    refused.refused(422, "proof-refused");
    let refused = Api::public().post(proof, json!({ "code": "12345" })).await;
    refused.refused_fields(&["code not-a-code"]);
    let refused = Api::public()
        .post("/proofs/none", json!({ "code": "123456" }))
        .await;
    refused.refused(404, "not-found");
}
