//! Whoever was erased is named in the trail no more; what happened stays.

use rstest::rstest;
use serde_json::json;
use store::Redaction;
use testkit::Engine;

use crate::{
    scene::{Scene, organisation},
    sql,
};

#[rstest]
#[tokio::test]
async fn addresses_are_taken_out_of_entries_and_nothing_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (ours, theirs) = (organisation(1), organisation(2));
    let mut tx = scene.write().await;
    let moved = json!({ "email": { "from": "ann@uni.edu", "to": "bob@uni.edu" }, "by": "letter" });
    for organisation in [ours, theirs] {
        tx.audit(
            organisation,
            "account.change-address",
            "mbr_1",
            moved.clone(),
        );
        tx.audit(
            organisation,
            "suppression.add",
            "ann@uni.edu",
            json!({ "reason": "manual" }),
        );
        tx.audit(
            organisation,
            "seat.admit",
            "mbr_2",
            json!({ "status": "held" }),
        );
    }
    tx.commit().await.unwrap();
    let before = scene.lines(&sql::AUDIT).await;
    let mut tx = scene.write().await;
    let of = [
        Redaction::of("mbr_1"),
        Redaction::of("mbr_2"),
        Redaction::renamed("ann@uni.edu", "x1@suppressed.invalid"),
    ];
    tx.redact(ours, &of).await.unwrap();
    tx.commit().await.unwrap();
    let after = scene.lines(&sql::AUDIT).await;
    let expected = [
        r#"operator account.change-address mbr_1 {"by":"letter"} req-1"#,
        r#"operator suppression.add x1@suppressed.invalid {"reason":"manual"} req-1"#,
        r#"operator seat.admit mbr_2 {"status":"held"} req-1"#,
    ];
    assert_eq!(after[..3], expected);
    assert_eq!(after[3..], before[3..], "another organisation's stay");
}
