//! API tokens.

use contract::{
    Clock as _, Kind, Problem, Role, Secret, Timestamp,
    ids::{OrganisationId, Ulid},
    text::Name,
    tokens::{AuthenticateToken, CreateToken, TokenGrant},
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

fn draft(organisation: Option<OrganisationId>, expires_at: Option<Timestamp>) -> CreateToken {
    CreateToken {
        organisation,
        name: Name::parse("import").unwrap(),
        role: Role::Manager,
        expires_at,
    }
}

impl Scene {
    async fn grant(&self, token: &Secret) -> Result<TokenGrant, Problem> {
        self.ask(AuthenticateToken {
            token: token.clone(),
        })
        .await
    }
}

#[rstest]
#[actix_rt::test]
async fn a_token_is_its_organisations_or_the_operators(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let uni = scene.organisation("Uni").await.id;
    for organisation in [Some(uni), None] {
        let made = scene.operate(draft(organisation, None)).await.unwrap();
        let grant = scene.grant(&made.token).await.unwrap();
        assert_eq!(
            grant,
            TokenGrant {
                id: made.id,
                organisation,
                role: Role::Manager
            }
        );
        let rows = scene.rows().await;
        assert!(rows.iter().all(|row| !row.contains(made.token.expose())));
    }
    let rows = scene.rows().await;
    assert_eq!(
        rows.iter()
            .filter(|row| row.contains(" operator token.create "))
            .count(),
        1
    );
}

#[rstest]
#[actix_rt::test]
async fn an_ended_token_is_nobodys(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let scene = Scene::open(engine).await;
    let end = scene.clock.now().plus_seconds(60);
    let made = scene.operate(draft(None, Some(end))).await.unwrap();
    assert!(scene.grant(&made.token).await.is_ok());
    scene.clock.advance_seconds(60);
    let ended = scene.grant(&made.token).await.unwrap_err();
    assert_eq!(ended.kind, Kind::Unauthenticated);
    assert_eq!(
        ended,
        scene.grant(&Secret::new("never one")).await.unwrap_err()
    );
    let refused = scene.operate(draft(None, Some(end))).await.unwrap_err();
    assert_eq!(refused.errors[0].field, "expires_at");
}

#[rstest]
#[actix_rt::test]
async fn a_revoked_token_is_nobodys(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let scene = Scene::open(engine).await;
    let made = scene.operate(draft(None, None)).await.unwrap();
    scene.revoke(made.id).await;
    assert_eq!(
        scene.grant(&made.token).await.unwrap_err().kind,
        Kind::Unauthenticated
    );
}

#[rstest]
#[actix_rt::test]
async fn a_token_needs_an_organisation_that_exists(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let nowhere = OrganisationId::new(Ulid::nil());
    let refused = scene.operate(draft(Some(nowhere), None)).await.unwrap_err();
    assert_eq!(refused.errors[0].field, "organisation");
}
