//! The people of an organisation.

use serde_json::{Value, json};

use crate::server::{Api, Institution, registration, text};

/// Lets so many people join, and returns the link they came through.
async fn people(institution: &Institution, count: usize) -> Value {
    let link = institution.link(2, json!({ "tags": ["Law"] })).await;
    for number in 0..count {
        let email = format!("p{number}.{}@x.edu", institution.id.to_lowercase());
        let join = format!("/join/{}", text(&link["token"]));
        Api::public()
            .post(&join, registration(&email))
            .await
            .body(201);
    }
    link
}

async fn found(institution: &Institution, query: &str) -> usize {
    let page = institution.get(&format!("/users?{query}")).await.body(200);
    page["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn people_are_found_by_what_is_known_of_them() {
    let institution = Institution::found().await;
    let link = people(&institution, 3).await;
    let listed = institution.get("/users").await.body(200);
    let newest = &listed["items"][0];
    assert_eq!(
        (&newest["status"], &newest["door"]),
        (&json!("waiting"), &json!("link"))
    );
    assert_eq!(
        newest["link"],
        json!({ "id": link["id"], "name": "First year" })
    );
    assert_eq!(newest["plan"]["id"], link["plan_id"]);
    assert_eq!(newest["tags"], json!(["Law"]));
    let one = institution
        .get(&format!("/users/{}", text(&newest["id"])))
        .await;
    assert_eq!(one.body(200), *newest);

    assert_eq!(found(&institution, "status=assigned").await, 2);
    assert_eq!(found(&institution, "status=waiting&tag=Law").await, 1);
    assert_eq!(found(&institution, "q=P1.").await, 1);
    assert_eq!(found(&institution, "q=%25").await, 0);
    assert_eq!(found(&institution, "tag=Law&tag=Arts").await, 0);
    assert_eq!(found(&institution, "door=link&sort=name").await, 3);
    let since = "inactive_since=2126-01-01T00:00:00Z";
    assert_eq!(found(&institution, since).await, 3);
    let (link, plan) = (text(&link["id"]), text(&link["plan_id"]));
    assert_eq!(
        found(&institution, &format!("link={link}&plan={plan}")).await,
        3
    );
}

#[tokio::test]
async fn people_are_listed_page_by_page() {
    let institution = Institution::found().await;
    people(&institution, 3).await;
    let first = institution.get("/users?limit=2").await.body(200);
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let cursor = text(&first["next_cursor"]);
    let second = institution
        .get(&format!("/users?limit=2&cursor={cursor}"))
        .await;
    let second = second.body(200);
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert_eq!(second["next_cursor"], json!(null));
    assert_ne!(second["items"][0], first["items"][1]);
}

#[tokio::test]
async fn every_fault_of_a_filter_is_named() {
    let institution = Institution::found().await;
    let query = format!(
        "status=gone&tag=%20&tag=x&door=back&sort=size&inactive_since=ever&link=x&plan=y&limit=0&q={}",
        "x".repeat(101)
    );
    institution
        .get(&format!("/users?{query}"))
        .await
        .refused_fields(&[
            "door unknown",
            "inactive_since not-an-instant",
            "limit out-of-range",
            "link not-an-id",
            "plan not-an-id",
            "q too-long",
            "sort unknown",
            "status unknown",
            "tag[0] required",
        ]);
}
