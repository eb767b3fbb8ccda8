//! Accounts that nobody proved.

use rstest::rstest;
use testkit::Engine;

use crate::{scene::Scene, sql};

const A_DAY: i64 = 86_400;
const PASSWORD: &str = "correct horse";

impl Scene {
    /// Whose accounts there are, in order.
    async fn addresses(&self) -> Vec<String> {
        let rows = self.rows().await;
        let accounts = rows.iter().filter(|row| row.starts_with("account "));
        let mut emails: Vec<_> = accounts
            .map(|row| row.split(' ').nth(2).unwrap().to_owned())
            .collect();
        emails.sort();
        emails
    }
}

#[rstest]
#[actix_rt::test]
async fn an_account_that_nobody_proved_and_on_which_nothing_hangs_is_forgotten_and_no_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    scene.registered("ann@uni.edu").await;
    scene.proved("proved@uni.edu").await;
    let (seated, _) = scene.registered("seated@uni.edu").await;
    scene.seat(seated).await;
    scene.registered("signed-in@uni.edu").await;
    scene.registered("waits@uni.edu").await;
    scene.clock.advance_seconds(30 * A_DAY);
    scene.sign_in("signed-in@uni.edu", PASSWORD).await.unwrap();
    assert!(scene.start("waits@uni.edu").await.proof.is_some());
    scene.clock.advance_seconds(7 * A_DAY + 1);
    scene.sweep().await;
    let all = scene.addresses().await;
    let stay = ["proved", "seated", "signed-in", "waits"].map(|name| format!("{name}@uni.edu"));
    assert_eq!(all, stay);

    // Whoever comes late begins anew; a session that ended and a letter that is forgotten keep nobody.
    scene.registered("ann@uni.edu").await;
    scene.clock.advance_seconds(30 * A_DAY);
    scene.sweep().await;
    let all = scene.addresses().await;
    assert_eq!(all, ["ann@uni.edu", "proved@uni.edu", "seated@uni.edu"]);
    assert_eq!(scene.count(&sql::COUNT_CREDENTIALS).await, 3);
}
