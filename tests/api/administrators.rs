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

#[tokio::test]
async fn administrators_are_listed_change_their_role_and_are_removed() {
    let institution = Institution::found().await;
    let invite = async |name: &str, role: &str| {
        let email = format!(
            "{name}.{}@university.example",
            institution.id.to_lowercase()
        );
        let new = json!({ "email": email, "role": role });
        let made = institution.post("/administrators", new).await.body(201);
        (text(&made["id"]).to_owned(), email)
    };
    let (owner, _) = invite("ann", "owner").await;
    let (viewer, email) = invite("bob", "viewer").await;
    let page = institution.get("/administrators?limit=1").await.body(200);
    assert_eq!(page["items"][0]["id"], owner.as_str());
    let cursor = text(&page["next_cursor"]);
    let page = institution
        .get(&format!("/administrators?cursor={cursor}"))
        .await
        .body(200);
    let listed = &page["items"][0];
    assert_eq!(
        (&listed["email"], &listed["role"]),
        (&json!(email), &json!("viewer"))
    );
    assert!(listed["setup_expires_at"].is_string());
    assert_eq!(page["next_cursor"], json!(null));

    let one = format!("/administrators/{viewer}");
    for (change, refused) in [
        (json!({}), "role required"),
        (json!({ "role": "king" }), "role unknown"),
        (json!({ "role": null }), "role required"),
    ] {
        institution
            .patch(&one, change)
            .await
            .refused_fields(&[refused]);
    }
    let manager = json!({ "role": "manager" });
    let changed = institution.patch(&one, manager.clone()).await.body(200);
    assert_eq!(
        (&changed["id"], &changed["role"]),
        (&json!(viewer), &manager["role"])
    );

    let path = institution.path(&one);
    assert_eq!(institution.api.delete(&path).await.status, 204);
    let rest = institution.get("/administrators").await.body(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    institution
        .patch(&one, manager)
        .await
        .refused(404, "not-found");
    // whoever is no administrator is removed already
    assert_eq!(institution.api.delete(&path).await.status, 204);
}

#[tokio::test]
async fn the_last_owner_stays_one() {
    let institution = Institution::found().await;
    let email = format!("{}@university.example", institution.id.to_lowercase());
    let new = json!({ "email": email, "role": "owner" });
    let made = institution.post("/administrators", new).await.body(201);
    let one = format!("/administrators/{}", text(&made["id"]));
    let demoted = institution.patch(&one, json!({ "role": "viewer" })).await;
    let removed = institution.api.delete(&institution.path(&one)).await;
    for answer in [demoted, removed] {
        answer.refused(409, "conflict");
        assert_eq!(answer.body["errors"][0]["field"], "role");
        assert_eq!(answer.body["errors"][0]["code"], "last-owner");
    }
    let listed = institution.get("/administrators").await.body(200);
    assert_eq!(listed["items"][0]["role"], "owner");
    // whom one has invited by mistake goes again, though nobody has signed in yet
    let new = json!({ "email": format!("no.{email}"), "role": "owner" });
    let made = institution.post("/administrators", new).await.body(201);
    let other = institution.path(&format!("/administrators/{}", text(&made["id"])));
    assert_eq!(institution.api.delete(&other).await.status, 204);
    let listed = institution.get("/administrators").await.body(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn only_owners_change_who_administers() {
    let institution = Institution::found().await;
    let email = format!("{}@university.example", institution.id.to_lowercase());
    let new = json!({ "email": email, "role": "owner" });
    let made = institution
        .post("/administrators", new.clone())
        .await
        .body(201);
    let one = institution.path(&format!("/administrators/{}", text(&made["id"])));
    for role in ["viewer", "manager"] {
        let api = institution.token(role).await;
        let listed = api.get(&institution.path("/administrators")).await;
        listed.body(200);
        let path = institution.path("/administrators");
        api.post(&path, new.clone()).await.refused(403, "forbidden");
        let change = json!({ "role": "viewer" });
        api.patch(&one, change).await.refused(403, "forbidden");
        api.delete(&one).await.refused(403, "forbidden");
    }
}

#[tokio::test]
async fn an_address_that_administers_elsewhere_is_answered_and_listed_like_a_new_one() {
    let (here, elsewhere) = (Institution::found().await, Institution::found().await);
    let address = |name: &str| format!("{name}.{}@university.example", here.id.to_lowercase());
    let office = json!({ "email": address("ann"), "role": "owner" });
    elsewhere.post("/administrators", office).await.body(201);
    let told = async |email: String| {
        let office = json!({ "email": email, "role": "manager" });
        let made = here.post("/administrators", office.clone()).await.body(201);
        let again = here.post("/administrators", office).await.body(201);
        assert_eq!(made["id"], again["id"]);
        let one = format!("/administrators/{}", text(&made["id"]));
        let viewer = json!({ "role": "viewer" });
        let mut listed = here.patch(&one, viewer).await.body(200);
        for name in ["id", "created_at", "setup_expires_at"] {
            assert!(listed[name].is_string(), "{listed}");
            listed[name] = json!("some");
        }
        let page = here.get("/administrators").await.body(200);
        let mut items = page["items"].as_array().unwrap().iter();
        assert!(items.any(|item| item["id"] == made["id"]), "{page}");
        assert_eq!(listed["email"], json!(email));
        listed["email"] = json!("some");
        let names: Vec<_> = made.as_object().unwrap().keys().cloned().collect();
        (names, text(&made["setup_url"]).len(), listed)
    };
    assert_eq!(told(address("ann")).await, told(address("bob")).await);
    let invite = async |name: &str, role: &str| {
        let office = json!({ "email": address(name), "role": role });
        here.post("/administrators", office).await
    };
    let stays = async |name: &str| {
        let less = invite(name, "viewer").await;
        less.refused(409, "conflict");
        less.body["errors"].clone()
    };
    invite("ann", "owner").await.body(201);
    let ann = stays("ann").await;
    invite("bob", "owner").await.body(201);
    invite("ann", "viewer").await.body(201);
    assert_eq!(ann, stays("bob").await);
}
