//! The API tokens of an institution.

use reqwest::Method;
use serde_json::json;

use crate::server::{Answer, Api, Institution, text};

#[tokio::test]
async fn a_token_works_until_it_is_revoked() {
    let institution = Institution::found().await;
    let new = json!({ "name": "Nightly report", "role": "viewer" });
    let made = institution.post("/tokens", new).await;
    let (location, made) = (made.header("location").to_owned(), made.body(201));
    let id = text(&made["id"]).to_owned();
    let path = institution.path(&format!("/tokens/{id}"));
    assert_eq!(location, format!("/api/v1{path}"));
    let api = Api::with(text(&made["token"]));
    api.get(&institution.path("/plans")).await.body(200);

    let listed = institution.get("/tokens").await.body(200);
    let ours = &listed["items"][0];
    assert_eq!(
        (&ours["id"], &ours["name"], &ours["role"]),
        (&json!(id), &json!("Nightly report"), &json!("viewer"))
    );
    assert_eq!(
        (&ours["expires_at"], &ours["revoked_at"]),
        (&json!(null), &json!(null))
    );
    assert!(!listed.to_string().contains(text(&made["token"])));

    // twice is the same as once
    for _ in 0..2 {
        assert_eq!(institution.api.delete(&path).await.status, 204);
        let refused = api.get(&institution.path("/plans")).await;
        refused.refused(401, "unauthenticated");
    }
    let listed = institution.get("/tokens").await.body(200);
    assert!(listed["items"][0]["revoked_at"].is_string());
}

#[tokio::test]
async fn a_token_may_what_its_role_may() {
    let institution = Institution::found().await;
    let plan = institution.plan(1).await;
    let (plans, links) = (institution.path("/plans"), institution.path("/links"));
    let (new_plan, new_link) = (
        json!({ "name": "More", "seats": 1 }),
        json!({ "name": "First year", "plan_id": plan }),
    );
    for (role, link, plan) in [
        ("viewer", 403, 403),
        ("manager", 201, 403),
        ("owner", 201, 201),
    ] {
        let api = institution.token(role).await;
        api.get(&plans).await.body(200);
        assert_eq!(
            api.post(&links, new_link.clone()).await.status,
            link,
            "{role}"
        );
        assert_eq!(
            api.post(&plans, new_plan.clone()).await.status,
            plan,
            "{role}"
        );
    }
    // nor does it make itself a better one
    let better = json!({ "name": "Mine", "role": "owner" });
    for role in ["viewer", "manager"] {
        let api = institution.token(role).await;
        let tokens = institution.path("/tokens");
        api.post(&tokens, better.clone())
            .await
            .refused(403, "forbidden");
        api.get(&tokens).await.refused(403, "forbidden");
    }
}

#[tokio::test]
async fn a_token_ends_in_the_future_or_never() {
    let institution = Institution::found().await;
    for (end, code) in [
        ("2020-01-01T00:00:00Z", "expires_at past"),
        ("tomorrow", "expires_at not-an-instant"),
    ] {
        let new = json!({ "name": "Report", "role": "viewer", "expires_at": end });
        institution
            .post("/tokens", new)
            .await
            .refused_fields(&[code]);
    }
    let empty = institution.post("/tokens", json!({})).await;
    empty.refused_fields(&["name required", "role required"]);
    let new = json!({ "name": "Report", "role": "viewer", "expires_at": "2099-01-01T00:00:00Z" });
    institution.post("/tokens", new).await.body(201);
    let listed = institution.get("/tokens").await.body(200);
    assert_eq!(listed["items"][0]["expires_at"], "2099-01-01T00:00:00Z");
}

#[tokio::test]
async fn a_replay_leaves_the_token_out() {
    let institution = Institution::found().await;
    let new = json!({ "name": "Report", "role": "viewer" });
    let post = async || {
        let request = institution
            .api
            .request(Method::POST, &institution.path("/tokens"));
        Answer::of(request.header("idempotency-key", "k").json(&new)).await
    };
    let first = post().await.body(201);
    assert!(first["token"].is_string());
    let again = post().await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.body(201), json!({ "id": first["id"], "token": null }));
}

#[tokio::test]
async fn a_token_of_another_institution_is_not_there() {
    let (own, other) = (Institution::found().await, Institution::found().await);
    let new = json!({ "name": "Report", "role": "viewer" });
    let made = other.post("/tokens", new).await.body(201);
    let path = own.path(&format!("/tokens/{}", text(&made["id"])));
    own.api.delete(&path).await.refused(404, "not-found");
    let api = Api::with(text(&made["token"]));
    api.get(&other.path("/plans")).await.body(200);
}
