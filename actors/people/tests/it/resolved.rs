//! Whose password a link sets.

use contract::{EmailAddress, Kind, Problem, Secret, accounts::ResolveReset};
use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

impl Scene {
    async fn resolve(&self, token: &Secret) -> Result<EmailAddress, Problem> {
        let token = token.clone();
        Ok(self.ask(ResolveReset { token }).await?.email)
    }
}

#[rstest]
#[actix_rt::test]
async fn whoever_holds_the_link_of_a_reset_learns_whose_password_it_sets_as_long_as_it_does(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let refused = async |token: &Secret| {
        let refused = scene.resolve(token).await.unwrap_err();
        assert_eq!(refused.kind, Kind::ProofRefused);
        refused
    };
    let (_, proof) = scene.registered("ann@uni.edu").await;
    let unknown = refused(&Secret::new("nobody's")).await;
    assert_eq!(refused(&proof.token).await, unknown, "another purpose");
    let first = scene.reset("ann@uni.edu").await.unwrap();
    // as often as somebody looks
    for _ in 0..2 {
        let email = scene.resolve(&first.token).await.unwrap();
        assert_eq!(email.as_str(), "ann@uni.edu");
    }
    scene.clock.advance_seconds(60);
    let second = scene.reset("ann@uni.edu").await.unwrap();
    assert_eq!(refused(&first.token).await, unknown, "a newer one");
    scene.resolve(&second.token).await.unwrap();
    scene.finish(&second, "another horse").await.unwrap();
    assert_eq!(refused(&second.token).await, unknown, "used");
    scene.clock.advance_seconds(60);
    let third = scene.reset("ann@uni.edu").await.unwrap();
    scene.clock.advance_seconds(3_600);
    assert_eq!(refused(&third.token).await, unknown, "over");
}
