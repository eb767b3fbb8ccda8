//! Who is invited and has not answered, among the people of the organisation.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually_some;

use crate::server::{Institution, text};

const PATIENCE: Duration = Duration::from_mins(1);

/// Invites addresses; answers once all of them are pending.
async fn invited(institution: &Institution, addresses: &[&str]) -> Value {
    let link = institution.link(2, json!({ "tags": ["Law"] })).await;
    let new = json!({ "link_id": link["id"], "addresses": addresses.join(" ") });
    let sent = institution.post("/invites", new).await.body(202);
    assert_eq!(sent["accepted"], addresses.len(), "{sent}");
    let query = format!("/users?status=invite_pending&link={}", text(&link["id"]));
    eventually_some(PATIENCE, "all are pending", async || {
        let page = institution.get(&query).await.body(200);
        let is_there = page["items"].as_array().unwrap().len() == addresses.len();
        is_there.then_some(())
    })
    .await;
    link
}

async fn found(institution: &Institution, query: &str) -> Vec<String> {
    let path = format!("/users?status=invite_pending&{query}");
    let page = institution.get(&path).await.body(200);
    let rows = page["items"].as_array().unwrap().iter();
    rows.map(|row| text(&row["email"]).to_owned()).collect()
}

#[tokio::test]
async fn who_is_invited_is_listed_with_what_the_invite_gives() {
    let institution = Institution::found().await;
    let link = invited(&institution, &["ann@hill.edu", "bob@hill.edu"]).await;
    let page = institution.get("/users?status=invite_pending").await;
    let row = page.body(200)["items"][0].clone();
    let invites = institution.get("/invites").await.body(200);
    assert_eq!(row["id"], invites["items"][0]["id"]);
    assert_eq!(row["expires_at"], invites["items"][0]["expires_at"]);
    for (field, expected) in [
        ("email", json!("bob@hill.edu")),
        ("status", json!("invite_pending")),
        ("first_name", Value::Null),
        ("last_name", Value::Null),
        ("redeemed_at", Value::Null),
        ("last_active_at", Value::Null),
        ("proof_due_at", Value::Null),
        ("tags", json!(["Law"])),
        ("door", json!("invite")),
        ("link", json!({ "id": link["id"], "name": "First year" })),
        ("plan", json!({ "id": link["plan_id"], "name": "Law" })),
    ] {
        assert_eq!(row[field], expected, "{field}");
    }
    // no seat is taken, and nobody is there yet
    let plan = format!("/plans/{}", text(&link["plan_id"]));
    let plan = institution.get(&plan).await.body(200);
    assert_eq!(plan["seats"]["free"], 2, "{plan}");
    let users = institution.get("/users").await.body(200);
    assert_eq!(users["items"], json!([]));
    let viewer = institution.token("viewer").await;
    let path = institution.path("/users?status=invite_pending");
    assert_eq!(viewer.get(&path).await.body(200)["items"][0], row);
}

#[tokio::test]
async fn pending_invites_are_filtered_sorted_and_paged_like_people() {
    let institution = Institution::found().await;
    let first = invited(
        &institution,
        &["bob@hill.edu", "ann@hill.edu", "cat@hill.edu"],
    )
    .await;
    invited(&institution, &["dan@hill.edu"]).await;
    let all = [
        "ann@hill.edu",
        "bob@hill.edu",
        "cat@hill.edu",
        "dan@hill.edu",
    ];
    assert_eq!(found(&institution, "sort=email").await, all);
    assert_eq!(
        found(&institution, "sort=oldest&limit=1").await,
        ["bob@hill.edu"]
    );
    assert_eq!(found(&institution, "q=CAT").await, ["cat@hill.edu"]);
    assert_eq!(found(&institution, "tag=Law&tag=Arts").await, [""; 0]);
    assert_eq!(found(&institution, "door=link").await, [""; 0]);
    assert_eq!(found(&institution, "door=invite").await.len(), 4);
    let (link, plan) = (text(&first["id"]), text(&first["plan_id"]));
    let both = format!("link={link}&plan={plan}&sort=name");
    assert_eq!(found(&institution, &both).await, all[..3]);

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/users?status=invite_pending&sort=email&limit=2{cursor}");
        let page = institution.get(&path).await.body(200);
        let rows = page["items"].as_array().unwrap().iter();
        seen.extend(rows.map(|row| text(&row["email"]).to_owned()));
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, all);
    let path = format!("/users?status=invite_pending&sort=name{cursor}");
    institution
        .get(&path)
        .await
        .refused_fields(&["cursor not-a-cursor"]);
}

#[tokio::test]
async fn who_is_invited_is_exported_as_filtered() {
    let institution = Institution::found().await;
    invited(&institution, &["ann@hill.edu", "bob@hill.edu"]).await;
    let path = institution.path("/users.csv?status=invite_pending&q=ann");
    let request = institution.api.request(reqwest::Method::GET, &path);
    let csv = request.send().await.unwrap().text().await.unwrap();
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines.len(), 2, "{csv}");
    let ann = "ann@hill.edu,invite_pending,Law,,,Law,invite,First year";
    assert!(
        lines[1].starts_with("inv_") && lines[1].ends_with(ann),
        "{csv}"
    );
}

#[tokio::test]
async fn whoever_answered_or_was_taken_back_is_not_pending() {
    let institution = Institution::found().await;
    invited(&institution, &["ann@hill.edu", "bob@hill.edu"]).await;
    let invites = institution.get("/invites?q=ann").await.body(200);
    let cancel = format!("/invites/{}/cancel", text(&invites["items"][0]["id"]));
    institution.post(&cancel, json!({})).await.body(200);
    assert_eq!(found(&institution, "").await, ["bob@hill.edu"]);
    // A bulk change is about people who are there.
    let bulk = json!({
        "filter": { "status": "invite_pending" }, "action": "revoke", "dry_run": true,
    });
    let refused = institution.post("/users/bulk", bulk).await;
    refused.refused_fields(&["filter.status unknown"]);
    let id = text(&invites["items"][0]["id"]).to_owned();
    institution
        .get(&format!("/users/{id}"))
        .await
        .refused(404, "not-found");
}
