//! What happened: the audit trail, and the events for programs.

use serde_json::{Value, json};

use crate::server::{Institution, text};

fn words<'a>(page: &'a Value, key: &str) -> Vec<&'a str> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| text(&item[key])).collect()
}

#[tokio::test]
async fn the_audit_trail_says_who_did_what() {
    let institution = Institution::found().await;
    let link = institution.link(1, json!({})).await;
    let trail = institution.get("/audit").await.body(200);
    let actions = words(&trail, "action");
    let expected = [
        "link.create",
        "plan.create",
        "token.create",
        "organisation.create",
    ];
    assert_eq!(actions, expected);
    let newest = &trail["items"][0];
    assert_eq!(newest["target"], link["id"]);
    assert!(text(&newest["actor"]).starts_with("token:tok_"));
    assert!(!trail.to_string().contains(text(&link["token"])));
    let page = institution.get("/audit?limit=1").await.body(200);
    assert_eq!(words(&page, "action"), ["link.create"]);
    let cursor = text(&page["next_cursor"]);
    let next = institution
        .get(&format!("/audit?limit=1&cursor={cursor}"))
        .await;
    assert_eq!(words(&next.body(200), "action"), ["plan.create"]);
}

#[tokio::test]
async fn events_are_read_from_where_one_was() {
    let institution = Institution::found().await;
    institution.link(1, json!({})).await;
    let all = institution.get("/events").await.body(200);
    assert_eq!(
        words(&all, "type"),
        ["organisation-created", "plan-created", "link-created"]
    );
    assert_eq!(all["next_after"], 3);
    let rest = institution.get("/events?after=2").await.body(200);
    assert_eq!(words(&rest, "type"), ["link-created"]);
    let none = institution.get("/events?after=3").await.body(200);
    assert_eq!(none, json!({ "items": [], "next_after": 3 }));
    let wrong = institution.get("/events?after=-1&limit=999").await;
    wrong.refused_fields(&["after not-a-number", "limit out-of-range"]);
}
