//! Addresses that get no invites.

use serde_json::{Value, json};

use crate::server::{Institution, text};

async fn add(institution: &Institution, email: &str, reason: &str) -> Value {
    let new = json!({ "email": email, "reason": reason });
    institution.post("/suppressions", new).await.body(201)
}

/// The addresses of a list.
async fn listed(institution: &Institution, query: &str) -> Vec<String> {
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/suppressions?limit=1{query}{cursor}");
        let page = institution.get(&path).await.body(200);
        let rows = page["items"].as_array().unwrap().iter();
        listed.extend(rows.map(|row| text(&row["email"]).to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return listed,
        }
    }
}

#[tokio::test]
async fn addresses_are_suppressed_listed_by_page_and_filter_and_lifted() {
    let (own, other) = (Institution::found().await, Institution::found().await);
    let added = add(&own, "Bob_1@hill.edu", "manual").await;
    assert_eq!(
        (&added["email"], &added["reason"]),
        (&json!("Bob_1@hill.edu"), &json!("manual"))
    );
    assert!(text(&added["created_by"]).starts_with("token:"), "{added}");
    add(&own, "ann@hill.edu", "bounce").await;
    let unsaid = json!({ "email": "cy@dale.edu" });
    let unsaid = own.post("/suppressions", unsaid).await.body(201);
    assert_eq!(unsaid["reason"], "manual");
    // an older reason stays
    let again = add(&own, "BOB_1@hill.edu", "bounce").await;
    assert_eq!(again["reason"], "manual");

    let all = ["ann@hill.edu", "Bob_1@hill.edu", "cy@dale.edu"];
    assert_eq!(listed(&own, "").await, all);
    assert_eq!(listed(&own, "&q=b_").await, ["Bob_1@hill.edu"]);
    assert_eq!(listed(&own, "&reason=bounce").await, ["ann@hill.edu"]);
    assert_eq!(
        listed(&own, "&reason=manual&q=hill").await,
        ["Bob_1@hill.edu"]
    );
    assert!(listed(&other, "").await.is_empty());

    let link = own.link(1, json!({})).await;
    let new = json!({ "link_id": link["id"], "addresses": "ann@hill.edu", "dry_run": true });
    let draft = own.post("/invites", new).await.body(202);
    assert_eq!(draft["refused"][0]["reason"], "suppressed", "{draft}");

    for _ in 0..2 {
        let lift = own.path("/suppressions?email=bob_1@hill.edu");
        assert_eq!(own.api.delete(&lift).await.status, 204);
    }
    let lift = other.path("/suppressions?email=ann@hill.edu");
    assert_eq!(other.api.delete(&lift).await.status, 204, "theirs: none");
    assert_eq!(listed(&own, "").await, ["ann@hill.edu", "cy@dale.edu"]);
    let audit = own.get("/audit").await.body(200);
    let told = |action: &str| {
        let entries = audit["items"].as_array().unwrap().iter();
        entries.filter(|entry| entry["action"] == action).count()
    };
    assert_eq!(
        (told("suppression.add"), told("suppression.lift")),
        (3, 1),
        "{audit}"
    );
}

#[tokio::test]
async fn what_an_owner_said_is_not_an_administrators_to_take_back() {
    let own = Institution::found().await;
    add(&own, "ann@hill.edu", "manual").await;
    let said = add(&own, "ann@hill.edu", "unsubscribed").await;
    assert_eq!(said["reason"], "unsubscribed");
    let lift = own.path("/suppressions?email=ann@hill.edu");
    own.api.delete(&lift).await.refused(409, "conflict");
    assert_eq!(listed(&own, "").await, ["ann@hill.edu"]);
}

#[tokio::test]
async fn every_fault_is_named_and_a_viewer_only_looks() {
    let own = Institution::found().await;
    let wrong = json!({ "email": "ann", "reason": "whim", "note": "x" });
    let refused = own.post("/suppressions", wrong).await;
    refused.refused_fields(&[
        "email not-an-address",
        "note unknown-field",
        "reason unknown",
    ]);
    let errors = refused.body["errors"].to_string();
    assert!(!errors.contains("complaint"), "{errors}");
    let complaint = json!({ "email": "ann@hill.edu", "reason": "complaint" });
    let refused = own.post("/suppressions", complaint).await;
    refused.refused_fields(&["reason unexpected"]);
    let query = own.get("/suppressions?reason=whim&limit=0").await;
    query.refused_fields(&["limit out-of-range", "reason unknown"]);
    let lift = own.api.delete(&own.path("/suppressions")).await;
    lift.refused_fields(&["email required"]);

    let viewer = own.token("viewer").await;
    let path = own.path("/suppressions");
    viewer.get(&path).await.body(200);
    let new = json!({ "email": "ann@hill.edu" });
    viewer.post(&path, new).await.refused(403, "forbidden");
    let lift = format!("{path}?email=ann@hill.edu");
    viewer.delete(&lift).await.refused(403, "forbidden");
    assert!(listed(&own, "").await.is_empty());
}
