//! Batches of e-mail invites and their rows.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually_some;

use crate::server::{Institution, text};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// What is posted to invite these.
pub(crate) fn invitation(link: &Value, addresses: &str) -> Value {
    json!({ "link_id": link["id"], "addresses": addresses })
}

/// So many addresses, one a line.
pub(crate) fn many(count: usize) -> String {
    let addresses = (0..count).map(|number| format!("p{number}@hill.edu"));
    addresses.collect::<Vec<_>>().join("\n")
}

/// A path below a batch.
pub(crate) fn of(batch: &Value, rest: &str) -> String {
    let id = batch.get("batch_id").unwrap_or(&batch["id"]);
    format!("/batches/{}{rest}", text(id))
}

/// How many rows are in a state.
pub(crate) fn count(batch: &Value, state: &str) -> u64 {
    batch["states"][state].as_u64().unwrap_or_default()
}

/// Every row of a list, a page after the other.
pub(crate) async fn all(institution: &Institution, path: &str, limit: usize) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    let mark = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = format!("{path}{mark}limit={limit}{cursor}");
        let page = institution.get(&page).await.body(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit, "{page}");
        rows.extend(items.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

/// The batch once nothing of it waits any more.
pub(crate) async fn settled(institution: &Institution, batch: &Value) -> Value {
    eventually_some(PATIENCE, "every mail is settled", async || {
        let batch = institution.get(&of(batch, "")).await.body(200);
        adds_up(&batch);
        let waiting = ["draft", "queued", "sending", "deferred"].map(|state| count(&batch, state));
        (waiting.iter().sum::<u64>() == 0).then_some(batch)
    })
    .await
}

/// Every row that was handed in is somewhere, and once.
#[track_caller]
pub(crate) fn adds_up(batch: &Value) {
    let sum = |counts: &Value| {
        let counts = counts.as_object().unwrap().values();
        counts.map(|count| count.as_u64().unwrap()).sum::<u64>()
    };
    let rows = sum(&batch["states"]) + sum(&batch["refused"]);
    assert_eq!(Some(rows), batch["given"].as_u64(), "{batch}");
}

#[tokio::test]
async fn rows_are_told_in_their_order_and_by_state_and_reason() {
    let institution = Institution::found().await;
    let link = institution.link(3, json!({})).await;
    let pasted = "ann@hill.edu\nnobody\nbob@hill.edu\nANN@hill.edu\ncat@hill.edu\nno one\n";
    let draft = json!({ "link_id": link["id"], "addresses": pasted, "dry_run": true });
    let draft = institution.post("/invites", draft).await.body(202);
    let rows = all(&institution, &of(&draft, "/rows"), 2).await;
    let numbers: Vec<_> = rows
        .iter()
        .map(|row| row["row"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..rows.len() as u64).collect::<Vec<_>>());
    let whole = institution.get(&of(&draft, "/rows")).await.body(200);
    assert_eq!(whole["items"], json!(rows));
    let batch = institution.get(&of(&draft, "")).await.body(200);
    adds_up(&batch);
    assert_eq!(batch["given"], rows.len());

    let inputs = async |filter: &str| {
        let rows = all(&institution, &of(&draft, &format!("/rows?{filter}")), 1).await;
        let inputs = rows.iter().map(|row| text(&row["input"]).to_owned());
        inputs.collect::<Vec<_>>()
    };
    let taken = ["ann@hill.edu", "bob@hill.edu", "cat@hill.edu"];
    assert_eq!(inputs("state=draft").await, taken);
    assert_eq!(inputs("reason=duplicate").await, ["ANN@hill.edu"]);
    let refused = inputs("state=refused").await;
    assert_eq!(refused.len() + taken.len(), rows.len());
    assert_eq!(
        inputs("state=refused&reason=not-an-address").await.len() as u64,
        batch["refused"]["not-an-address"].as_u64().unwrap()
    );
    assert!(inputs("state=sent").await.is_empty());

    let sent = institution.post(&of(&draft, "/send"), json!({})).await;
    sent.body(200);
    settled(&institution, &draft).await;
    assert_eq!(inputs("state=sent").await, taken);
    assert_eq!(inputs("state=refused").await, refused);
    institution
        .get(&of(
            &draft,
            "/rows?state=gone&reason=No+slug&limit=0&cursor=",
        ))
        .await
        .refused_fields(&[
            "cursor not-a-cursor",
            "limit out-of-range",
            "reason unknown",
            "state unknown",
        ]);
    let foreign = Institution::found().await;
    let theirs = foreign.get(&of(&draft, "/rows")).await;
    theirs.refused(404, "not-found");
}

#[tokio::test]
async fn what_changed_since_the_dry_run_is_told_when_it_is_sent() {
    let institution = Institution::found().await;
    let link = institution.link(3, json!({})).await;
    let draft = json!({
        "link_id": link["id"], "addresses": "ann@hill.edu bob@hill.edu", "dry_run": true,
    });
    let draft = institution.post("/invites", draft).await.body(202);
    let other = institution.post("/invites", invitation(&link, "bob@hill.edu"));
    settled(&institution, &other.await.body(202)).await;
    institution
        .post(&of(&draft, "/send"), json!({}))
        .await
        .body(200);
    let batch = settled(&institution, &draft).await;
    assert_eq!(batch["states"], json!({ "sent": 1, "skipped": 1 }));
    let skipped = institution.get(&of(&draft, "/rows?state=skipped")).await;
    let skipped = skipped.body(200);
    let row = &skipped["items"][0];
    assert_eq!(
        (&row["input"], &row["reason"]),
        (&json!("bob@hill.edu"), &json!("already-invited"))
    );
}
