//! Administrators.

use serde_json::json;

use crate::server::{Institution, text};

#[tokio::test]
async fn an_administrator_gets_a_set_up_url() {
    let institution = Institution::found().await;
    let email = format!("{}@university.example", institution.id.to_lowercase());
    let new = json!({ "email": email, "role": "manager" });
    let made = institution.post("/administrators", new).await.body(201);
    assert!(text(&made["id"]).starts_with("adm_"));
    assert!(text(&made["setup_url"]).contains("/admin/set-up/"));
}

#[tokio::test]
async fn a_role_is_one_of_three() {
    let institution = Institution::found().await;
    let new = json!({ "email": "nobody", "role": "king" });
    let answer = institution.post("/administrators", new).await;
    answer.refused_fields(&["email not-an-address", "role unknown"]);
}
