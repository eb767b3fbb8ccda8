//! Access links.

use serde_json::json;

use crate::{
    later::change,
    server::{Api, Institution, registration, text},
};

store::statements! {
    /// Accounts for whoever joined through a link.
    PUT_ACCOUNTS = "
        insert into accounts (id, email, email_key, first_name, last_name, name_key, created_at)
        select 'acc_' || substr($1, 5, 22) || rows.value, $1 || rows.value || '@hill.edu',
            lower($1) || rows.value || '@hill.edu', 'Ann', 'Lee', 'ann lee', 0
        from rows($2)";
    /// They joined.
    PUT_PEOPLE = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, link_id,
            redeemed_at, created_at, name_key, name_sort, email_key)
        select 'mbr_' || substr(l.id, 5, 22) || rows.value, l.organisation_id,
            'acc_' || substr(l.id, 5, 22) || rows.value, l.plan_id, 'assigned', 'link', l.id, 1, 1,
            'ann lee', 'ann lee', lower(l.id) || rows.value || '@hill.edu'
        from rows($2)
        join links l on l.id = $1";
}

#[tokio::test]
async fn a_link_is_made_found_and_listed_with_its_url() {
    let institution = Institution::found().await;
    let plan = institution.plan(3).await;
    let new = json!({
        "name": "First year", "plan_id": plan, "tags": ["Law", "2026", "Law"], "max_uses": 2,
        "expires_at": "2126-01-01T00:00:00Z", "allowed_domains": ["X.edu"],
    });
    let answer = institution.post("/links", new).await;
    let location = format!("!{}", answer.header("location"));
    let made = answer.body(201);
    assert!(text(&made["url"]).ends_with(&format!("/join/{}", text(&made["token"]))));
    assert_eq!((&made["uses"], &made["max_uses"]), (&json!(0), &json!(2)));
    assert_eq!(made["tags"], json!(["2026", "Law"]));
    assert_eq!(made["allowed_domains"], json!(["x.edu"]));
    assert_eq!(institution.api.get(&location).await.body(200), made);
    let listed = institution.get("/links").await.body(200);
    assert_eq!(listed, json!({ "items": [made], "next_cursor": null }));
}

#[tokio::test]
async fn a_change_leaves_what_is_absent_and_clears_what_is_null() {
    let institution = Institution::found().await;
    let made = institution
        .link(
            1,
            json!({ "max_uses": 5, "expires_at": "2126-01-01T00:00:00Z", "tags": ["Law"] }),
        )
        .await;
    let path = format!("/links/{}", text(&made["id"]));
    let changed = institution
        .patch(&path, json!({ "max_uses": null }))
        .await
        .body(200);
    assert_eq!(changed["max_uses"], json!(null));
    assert_eq!(changed["expires_at"], made["expires_at"]);
    assert_eq!(changed["tags"], made["tags"]);
    let same = institution.patch(&path, json!({})).await.body(200);
    assert_eq!(same, changed);
}

#[tokio::test]
async fn tags_change_for_those_who_join_later_or_for_all() {
    let institution = Institution::found().await;
    let link = institution.link(3, json!({ "tags": ["Law"] })).await;
    let join = format!("/join/{}", text(&link["token"]));
    let email = format!("{}@x.edu", institution.id.to_lowercase());
    Api::public()
        .post(&join, registration(&email))
        .await
        .body(201);
    let path = format!("/links/{}", text(&link["id"]));
    let tags = async || institution.get("/users").await.body(200)["items"][0]["tags"].clone();

    let changed = institution.patch(&path, json!({ "tags": ["Arts"] })).await;
    assert_eq!(changed.body(200)["job_id"], json!(null));
    assert_eq!(tags().await, json!(["Law"]));
    let change = json!({ "tags": ["History"], "apply_tags": "all" });
    let changed = institution.patch(&path, change).await.body(200);
    assert_eq!(tags().await, json!(["History", "Law"]));
    let job = format!("/users/bulk/{}", text(&changed["job_id"]));
    let job = institution.get(&job).await.body(200);
    assert_eq!(job["action"], "retag");
    assert_eq!((&job["count"], &job["done"]), (&json!(1), &json!(1)));
    assert!(job["finished_at"].is_string());
}

#[tokio::test]
async fn tags_are_there_for_hundreds_when_their_change_is_answered() {
    let institution = Institution::found().await;
    let link = institution.link(500, json!({ "tags": ["Law"] })).await;
    for put in [&PUT_ACCOUNTS, &PUT_PEOPLE] {
        let put = put.bind(text(&link["id"]));
        change(put.bind_rows(&(1000..1450).collect::<Vec<_>>())).await;
    }
    let path = format!("/links/{}", text(&link["id"]));
    let change = json!({ "tags": ["Arts"], "apply_tags": "all" });
    let changed = institution.patch(&path, change).await.body(200);
    let count = async |tag: &str| {
        let find = format!("/users?tag={tag}&limit=200");
        let page = institution.get(&find).await.body(200);
        (
            page["items"].as_array().unwrap().len(),
            page["next_cursor"].is_null(),
        )
    };
    assert_eq!(count("Arts").await, (200, false));
    let job = format!("/users/bulk/{}", text(&changed["job_id"]));
    let job = institution.get(&job).await.body(200);
    assert_eq!((&job["count"], &job["done"]), (&json!(450), &json!(450)));
    assert!(job["finished_at"].is_string());
}

#[tokio::test]
async fn a_rotated_link_leaves_its_old_url_dead() {
    let institution = Institution::found().await;
    let link = institution.link(1, json!({})).await;
    let rotate = format!("/links/{}/rotate", text(&link["id"]));
    let rotated = institution.post(&rotate, json!({})).await.body(200);
    assert_ne!(rotated["token"], link["token"]);
    let face = async |link: &serde_json::Value| {
        Api::public()
            .get(&format!("/join/{}", text(&link["token"])))
            .await
    };
    face(&link).await.refused(404, "link-unknown");
    face(&rotated).await.body(200);
}

#[tokio::test]
async fn a_link_is_disabled_enabled_and_deleted() {
    let institution = Institution::found().await;
    let link = institution.link(1, json!({})).await;
    let path = format!("/links/{}", text(&link["id"]));
    let join = format!("/join/{}", text(&link["token"]));

    let disabled = institution
        .post(&format!("{path}/disable"), json!({}))
        .await;
    assert!(disabled.body(200)["disabled_at"].is_string());
    Api::public().get(&join).await.refused(404, "link-unknown");
    let enabled = institution.post(&format!("{path}/enable"), json!({})).await;
    assert_eq!(enabled.body(200)["disabled_at"], json!(null));
    Api::public().get(&join).await.body(200);

    for _ in 0..2 {
        let deleted = institution.api.delete(&institution.path(&path)).await;
        assert_eq!(deleted.body(204), json!(null));
    }
    Api::public().get(&join).await.refused(404, "link-unknown");
    assert!(institution.get(&path).await.body(200)["archived_at"].is_string());
    assert_eq!(
        institution.get("/links").await.body(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn every_fault_of_a_link_is_named() {
    let institution = Institution::found().await;
    let new = json!({
        "name": "", "plan_id": "lnk_01ARZ3NDEKTSV4RRFFQ69G5FAV", "tags": ["ok", " ", "x".repeat(51)],
        "max_uses": 0, "allowed_domains": ["localhost"], "expires_at": 5, "token": "mine",
    });
    institution.post("/links", new).await.refused_fields(&[
        "allowed_domains[0] not-a-domain",
        "expires_at wrong-type",
        "max_uses out-of-range",
        "name required",
        "plan_id not-an-id",
        "tags[1] required",
        "tags[2] too-long",
        "token unknown-field",
    ]);
    let many: Vec<_> = (0..21).map(|n| n.to_string()).collect();
    let new = json!({ "name": "x", "plan_id": institution.plan(1).await, "tags": many });
    institution
        .post("/links", new)
        .await
        .refused_fields(&["tags too-many"]);
    let other = Institution::found().await.plan(1).await;
    let new = json!({ "name": "x", "plan_id": other });
    institution
        .post("/links", new)
        .await
        .refused_fields(&["plan_id unknown"]);
}
