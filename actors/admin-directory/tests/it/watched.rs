//! What a node's log says of the operator's tokens.

use admin_directory::TokenWatch;
use contract::{
    Role,
    ids::OrganisationId,
    text::Name,
    tokens::{CreateToken, RevokeToken, TokenCreated},
};
use kernel::Work as _;
use rstest::rstest;
use testkit::{Engine, Log};

use crate::scene::Scene;

/// What a look logs.
async fn look(watch: &mut TokenWatch) -> String {
    let log = Log::of("admin_directory");
    let _listening = log.listen();
    watch.work().await.unwrap();
    log.text()
}

impl Scene {
    async fn make(&self, organisation: Option<OrganisationId>) -> TokenCreated {
        let draft = CreateToken {
            organisation,
            name: Name::parse("backup").unwrap(),
            role: Role::Owner,
            expires_at: None,
        };
        self.operate(draft).await.unwrap()
    }
}

#[rstest]
#[actix_rt::test]
async fn a_node_says_which_tokens_of_the_operator_are_made_and_revoked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let old = scene.make(None).await;
    let mut watch = TokenWatch::new(scene.db.clone());
    let begun = look(&mut watch).await;
    assert!(
        begun.contains("good: 1") && !begun.contains("was"),
        "{begun}"
    );

    let uni = scene.organisation("Uni").await.id;
    scene.make(Some(uni)).await;
    assert_eq!(look(&mut watch).await, "", "the trail has those");

    let new = scene.make(None).await;
    let told = look(&mut watch).await;
    let made = format!(
        "an operator token was made, token: {}, name: backup",
        new.id
    );
    assert!(told.contains(&made), "{told}");
    assert!(!told.contains(new.token.expose()));

    let id = old.id;
    let revoke = RevokeToken {
        organisation: None,
        id,
    };
    scene.operate(revoke).await.unwrap();
    let told = look(&mut watch).await;
    let revoked = format!("an operator token was revoked, token: {id}, name: backup");
    assert!(told.contains(&revoked), "{told}");
    assert_eq!(look(&mut watch).await, "", "once");
}
