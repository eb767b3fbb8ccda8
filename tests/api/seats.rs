//! What a manager does with people's seats: one by one and all at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{Api, Institution, registration, text};

/// Lets people of these names join, and returns them as they stand, the first one first.
async fn people(institution: &Institution, seats: u64, names: &[&str]) -> Vec<Value> {
    let link = institution.link(seats, json!({ "tags": ["Law"] })).await;
    for (number, name) in names.iter().enumerate() {
        let email = format!("p{number}.{}@x.edu", institution.id.to_lowercase());
        let mut join = registration(&email);
        join["first_name"] = json!(name);
        let path = format!("/join/{}", text(&link["token"]));
        Api::public().post(&path, join).await.body(201);
    }
    let listed = institution.get("/users?sort=oldest").await.body(200);
    listed["items"].as_array().unwrap().clone()
}

fn at(person: &Value, rest: &str) -> String {
    format!("/users/{}{rest}", text(&person["id"]))
}

/// The job once it is finished.
async fn finished(institution: &Institution, job: &Value) -> Value {
    let path = format!("/users/bulk/{}", text(&job["job_id"]));
    let begun = Instant::now();
    loop {
        let job = institution.get(&path).await.body(200);
        if !job["finished_at"].is_null() {
            return job;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{job}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_seat_is_revoked_and_given_back() {
    let institution = Institution::found().await;
    let people = people(&institution, 1, &["Ann", "Bob"]).await;
    let (ann, bob) = (&people[0], &people[1]);
    assert_eq!(
        (&ann["status"], &bob["status"]),
        (&json!("assigned"), &json!("waiting"))
    );
    let plan = text(&ann["plan"]["id"]);
    let queue = institution.get(&format!("/plans/{plan}/waiting")).await;
    let queue = queue.body(200);
    assert_eq!(
        (&queue["items"][0]["position"], &queue["items"][0]["id"]),
        (&json!(1), &bob["id"])
    );

    let revoked = institution.post(&at(ann, "/revoke"), json!({})).await;
    assert_eq!(revoked.body(200)["status"], "revoked");
    let bob_now = institution.get(&at(bob, "")).await.body(200);
    assert_eq!(bob_now["status"], "assigned");
    institution
        .post(&at(ann, "/reassign"), json!({}))
        .await
        .refused(409, "no-seats");
    institution
        .patch(&format!("/plans/{plan}"), json!({ "seats": 2 }))
        .await
        .body(200);
    let given = institution.post(&at(ann, "/reassign"), json!({})).await;
    assert_eq!(given.body(200)["status"], "assigned");

    let ledger = institution.get(&format!("/plans/{plan}/ledger")).await;
    let ledger = ledger.body(200);
    assert_eq!(
        ledger["seats"],
        json!({ "purchased": 2, "free": 0, "held": 0, "assigned": 2 })
    );
    let items = ledger["items"].as_array().unwrap();
    let changes: Vec<_> = items.iter().map(|entry| text(&entry["change"])).collect();
    assert_eq!(changes.first(), Some(&"reassign"));
    assert_eq!(changes.last(), Some(&"purchase"));
    let then = text(&items.last().unwrap()["at"]);
    let before = institution
        .get(&format!("/plans/{plan}/ledger?at={then}"))
        .await
        .body(200);
    assert_eq!(
        (&before["seats"]["free"], &before["waiting"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn tags_of_a_person_are_added_and_taken_away() {
    let institution = Institution::found().await;
    let people = people(&institution, 1, &["Ann"]).await;
    let change = json!({ "add_tags": ["2026", "Night"], "remove_tags": ["Law"] });
    let changed = institution.patch(&at(&people[0], ""), change).await;
    assert_eq!(changed.body(200)["tags"], json!(["2026", "Night"]));
    let found = institution.get("/users?tag=2026&tag=Night").await.body(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    institution
        .patch(
            &at(&people[0], ""),
            json!({ "add_tags": [" "], "tags": [] }),
        )
        .await
        .refused_fields(&["add_tags[0] required", "tags unknown-field"]);
}

#[tokio::test]
async fn who_is_erased_is_gone_and_their_seat_free() {
    let institution = Institution::found().await;
    let people = people(&institution, 1, &["Ann"]).await;
    let ann = &people[0];
    let path = institution.path(&at(ann, ""));
    assert_eq!(institution.api.delete(&path).await.status, 204);
    institution
        .get(&at(ann, ""))
        .await
        .refused(404, "not-found");
    let plan = text(&ann["plan"]["id"]);
    let plan = institution.get(&format!("/plans/{plan}")).await.body(200);
    assert_eq!(plan["seats"]["free"], 1);
}

#[tokio::test]
async fn a_change_for_many_is_counted_first_and_then_done() {
    let institution = Institution::found().await;
    let people = people(&institution, 3, &["Ann", "Bob", "Cat"]).await;
    let revoke = json!({ "filter": { "q": "p1.", "tags": ["Law"] }, "action": "revoke" });
    let with = |more: Value| {
        let mut body = revoke.clone();
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let dry = institution
        .post("/users/bulk", with(json!({ "dry_run": true })))
        .await;
    assert_eq!(dry.body(200), json!({ "count": 1 }));
    institution
        .post("/users/bulk", with(json!({ "expected_count": 2 })))
        .await
        .refused(409, "conflict");
    let answer = institution
        .post("/users/bulk", with(json!({ "expected_count": 1 })))
        .await;
    let location = format!("!{}", answer.header("location"));
    let job = answer.body(202);
    assert_eq!(job["count"], 1);
    let done = finished(&institution, &job).await;
    assert_eq!((&done["done"], &done["refused"]), (&json!(1), &json!(0)));
    assert_eq!(institution.api.get(&location).await.body(200), done);
    let revoked = institution.get("/users?status=revoked").await.body(200);
    assert_eq!(revoked["items"][0]["id"], people[1]["id"]);

    let ids: Vec<_> = people.iter().map(|person| &person["id"]).collect();
    let retag = json!({
        "ids": ids, "action": "retag", "add_tags": ["2026"], "remove_tags": ["Law"],
        "expected_count": 3,
    });
    let job = institution.post("/users/bulk", retag).await.body(202);
    finished(&institution, &job).await;
    let found = institution.get("/users?tag=2026").await.body(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_change_for_many_is_counted_by_whoever_may_make_it_alone() {
    let institution = Institution::found().await;
    let people = people(&institution, 1, &["Ann"]).await;
    let (viewer, manager) = (
        institution.token("viewer").await,
        institution.token("manager").await,
    );
    let path = institution.path("/users/bulk");
    for whom in [json!({ "filter": {} }), json!({ "ids": [people[0]["id"]] })] {
        let mut dry = whom.clone();
        (dry["action"], dry["dry_run"]) = (json!("revoke"), json!(true));
        let refused = viewer.post(&path, dry.clone()).await;
        refused.refused(403, "forbidden");
        let counted = manager.post(&path, dry).await.body(200);
        assert_eq!(counted, json!({ "count": 1 }));
    }
}

#[tokio::test]
async fn every_fault_of_a_change_for_many_is_named() {
    let institution = Institution::found().await;
    for (body, faults) in [
        (
            json!({}),
            vec![
                "action required",
                "expected_count required",
                "filter required",
            ],
        ),
        (
            json!({ "filter": { "status": "gone", "x": 1 }, "action": "fly", "dry_run": true }),
            vec![
                "action unknown",
                "filter.status unknown",
                "filter.x unknown-field",
            ],
        ),
        (
            json!({ "filter": {}, "ids": [], "action": "revoke", "add_tags": ["a"], "dry_run": true }),
            vec!["add_tags unexpected", "ids unexpected"],
        ),
        (
            json!({ "ids": [], "action": "retag", "add_tags": [], "dry_run": true }),
            vec!["add_tags required"],
        ),
        (
            json!({ "ids": ["x"], "action": "revoke", "dry_run": 1, "expected_count": -1 }),
            vec![
                "dry_run wrong-type",
                "expected_count wrong-type",
                "ids[0] not-an-id",
            ],
        ),
    ] {
        let answer = institution.post("/users/bulk", body).await;
        answer.refused_fields(&faults);
    }
}

#[tokio::test]
async fn the_table_has_everybody_who_is_filtered_and_no_formula() {
    let institution = Institution::found().await;
    let names = ["=HYPERLINK(1)", "Zoë \"Z\"", "Cat"];
    let people = people(&institution, 3, &names).await;
    institution
        .post(&at(&people[2], "/revoke"), json!({}))
        .await
        .body(200);
    let path = institution.path("/users.csv?status=assigned&sort=oldest");
    let request = institution.api.request(reqwest::Method::GET, &path);
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        header("content-disposition"),
        "attachment; filename=\"users.csv\""
    );
    let table = answer.text().await.unwrap();
    let lines: Vec<_> = table.split_terminator("\r\n").collect();
    assert!(lines[0].starts_with("id,first_name,last_name,email,status,"));
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[1].contains(",\"'=HYPERLINK(1)\",Lee,p0."), "{table}");
    assert!(lines[2].contains(",\"Zoë \"\"Z\"\"\",Lee,p1."), "{table}");
    institution
        .get("/users.csv?status=gone&cursor=x")
        .await
        .refused_fields(&["cursor unknown-field", "status unknown"]);
}
