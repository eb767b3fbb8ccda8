//! Plans.

use serde_json::json;

use crate::server::Institution;

#[tokio::test]
async fn a_plan_is_made_found_and_changed() {
    let institution = Institution::found().await;
    let new = json!({ "name": "Law", "seats": 30, "ends_at": "2126-08-31T22:00:00+02:00" });
    let answer = institution.post("/plans", new).await;
    let location = format!("!{}", answer.header("location"));
    let made = answer.body(201);
    let seats = json!({ "purchased": 30, "free": 30, "held": 0, "assigned": 0 });
    assert_eq!((&made["seats"], &made["waiting"]), (&seats, &json!(0)));
    assert_eq!(made["ends_at"], "2126-08-31T20:00:00Z");
    assert_eq!(institution.api.get(&location).await.body(200), made);
    let listed = institution.get("/plans").await.body(200);
    assert_eq!(listed["items"], json!([made]));

    let change = json!({ "seats": 40 });
    let changed = institution.api.patch(&location, change).await.body(200);
    assert_eq!(
        (&changed["seats"]["free"], &changed["name"]),
        (&json!(40), &json!("Law"))
    );
    assert_eq!(changed["ends_at"], made["ends_at"], "absent leaves it");
    let change = json!({ "ends_at": null });
    let changed = institution.api.patch(&location, change).await.body(200);
    assert_eq!(changed["ends_at"], json!(null), "null clears it");
}

#[tokio::test]
async fn every_fault_of_a_plan_is_named() {
    let institution = Institution::found().await;
    let plan = institution.plan(1).await;
    for (field, value, code) in [
        ("seats", json!(10_000_001), "out-of-range"),
        ("seats", json!(1.5), "wrong-type"),
        ("seats", json!("5"), "wrong-type"),
        ("seats", json!(null), "required"),
        ("name", json!("x".repeat(121)), "too-long"),
        ("name", json!("a\u{202e}b"), "control-character"),
        ("ends_at", json!("2126-02-30T00:00:00Z"), "not-an-instant"),
    ] {
        let mut change = json!({});
        change[field] = value;
        let answer = institution.patch(&format!("/plans/{plan}"), change).await;
        answer.refused_fields(&[&format!("{field} {code}")]);
    }
    let past = json!({ "name": "", "seats": 1, "ends_at": "2020-01-01T00:00:00Z" });
    institution
        .post("/plans", past)
        .await
        .refused_fields(&["ends_at past", "name required"]);
}
