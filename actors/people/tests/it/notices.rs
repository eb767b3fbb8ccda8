//! The mailbox that an account had is to be told that it has another one.

use rstest::rstest;
use testkit::Engine;

use crate::{
    scene::{Scene, token},
    sql,
};

const PASSWORD: &str = "correct horse";

impl Scene {
    async fn notices(&self) -> Vec<String> {
        let rows = self.rows().await.into_iter();
        rows.filter(|row| row.starts_with("notice ")).collect()
    }
}

#[rstest]
#[actix_rt::test]
async fn that_a_mailbox_is_to_be_told_is_noted_with_the_change_until_the_letter_is_queued(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let account = scene.proved("ann@uni.edu").await;
    let session = scene.sign_in("ann@uni.edu", PASSWORD).await.unwrap();
    let mut noted = Vec::new();
    for (from, to) in [
        ("ann@uni.edu", "new@uni.edu"),
        ("new@uni.edu", "ann@uni.edu"),
    ] {
        scene.clock.advance_seconds(60);
        let change = scene.start_change(account, to).await.unwrap().unwrap();
        assert_eq!(scene.notices().await, noted, "nothing has changed yet");
        // Each request has the same id here: that is no reason to tell less.
        let changed = scene.finish_change(account, token(&change), &session).await;
        assert!(changed.unwrap().is_noted);
        let again = scene.finish_change(account, token(&change), &session).await;
        again.unwrap_err();
        noted.push(format!(
            "notice address-changed:{} {account} {from}",
            change.id
        ));
        noted.sort();
        assert_eq!(scene.notices().await, noted);
    }
    scene.sweep().await;
    assert_eq!(scene.notices().await, noted, "nobody was told yet");
    let mut tx = scene.begin().await;
    sql::QUEUE_NOTICES.query().execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    scene.sweep().await;
    assert_eq!(scene.notices().await, [""; 0]);
}
