//! What is never written down.

use contract::{Secret, people::ConfirmProof};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{Scene, confirm, token, wrong};

#[rstest]
#[actix_rt::test]
async fn no_password_token_or_code_is_in_any_row_and_no_hash_outside_its_own(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let proof = scene.registered_in("his browser", "his own horse").await;
    let known = scene.enrol("ann@uni.edu", "his own horse").await.unwrap();
    scene.seat(known.account_id).await;
    let refused = scene.enrol("ann@uni.edu", "another horse").await;
    scene.ask(confirm(wrong(&proof, 1))).await.unwrap_err();
    let chosen = ConfirmProof {
        registrant: Some(Secret::new("her browser")),
        new_password: Some(Secret::new("correct horse")),
        ..confirm(token(&proof))
    };
    scene.ask(chosen).await.unwrap();

    let rows = scene.rows().await;
    for row in &rows {
        for secret in ["horse", "browser", proof.token.expose()] {
            assert!(!row.contains(secret), "{row}");
        }
        let mut words = row.split(|c: char| !c.is_alphanumeric());
        assert!(words.all(|word| word != proof.code.expose()), "{row}");
    }
    let hash = |row: &&String| row.contains("$argon2id$");
    let hashed: Vec<_> = rows.iter().filter(hash).collect();
    assert_eq!(hashed.len(), 1);
    assert!(hashed[0].starts_with("credential "));
    let told = serde_json::to_string(&refused.unwrap_err()).unwrap();
    assert!(!told.contains("argon2") && !told.contains("horse"));
    let debugged = format!("{proof:?}");
    assert!(!debugged.contains(proof.token.expose()) && !debugged.contains(proof.code.expose()));
}
