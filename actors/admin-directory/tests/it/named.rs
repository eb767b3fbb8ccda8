//! Who they are that the audit trail names.

use contract::{
    Kind, Problem, Role,
    administrators::RemoveAdministrator,
    audit::{ACTORS_MOST, ActorNames, NameActors},
    ids::{AdministratorId, OrganisationId, TokenId, Ulid},
    text::Name,
    tokens::{CreateToken, RevokeToken},
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

impl Scene {
    async fn token(&self, organisation: Option<OrganisationId>, name: &str) -> TokenId {
        let create = CreateToken {
            organisation,
            name: Name::parse(name).unwrap(),
            role: Role::Viewer,
            expires_at: None,
        };
        self.operate(create).await.unwrap().id
    }

    /// Asks as somebody who may only look.
    async fn names(
        &self,
        organisation: OrganisationId,
        administrators: &[AdministratorId],
        tokens: &[TokenId],
    ) -> Result<ActorNames, Problem> {
        let name = NameActors {
            organisation,
            administrators: administrators.iter().copied().collect(),
            tokens: tokens.iter().copied().collect(),
        };
        self.ask_as(Role::Viewer, organisation, name).await
    }
}

#[rstest]
#[actix_rt::test]
async fn an_organisation_learns_the_names_of_its_own_and_of_nobody_elses(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (ours, theirs) = (
        scene.organisation("Ours").await.id,
        scene.organisation("Theirs").await.id,
    );
    let appoint = async |organisation, email, role| {
        let appointed = scene.appoint(organisation, email, role).await;
        appointed.unwrap().id
    };
    let ada = appoint(ours, "ada@hill.edu", Role::Owner).await;
    let eve = appoint(theirs, "eve@dale.edu", Role::Owner).await;
    let both = appoint(ours, "both@hill.edu", Role::Viewer).await;
    assert_eq!(appoint(theirs, "both@hill.edu", Role::Viewer).await, both);
    let report = scene.token(Some(ours), "Nightly report").await;
    let foreign = scene.token(Some(theirs), "Their secret plan").await;
    let operators = scene.token(None, "Platform").await;
    let nobody = AdministratorId::new(Ulid::nil());

    let (administrators, tokens) = ([ada, eve, both, nobody], [report, foreign, operators]);
    let names = scene.names(ours, &administrators, &tokens).await.unwrap();
    let emails = names.administrators.iter();
    let emails = emails.map(|one| (one.id, one.email.to_string()));
    assert_eq!(
        emails.collect::<Vec<_>>(),
        [
            (ada, "ada@hill.edu".to_owned()),
            (both, "both@hill.edu".to_owned())
        ]
    );
    let known: Vec<_> = names
        .tokens
        .iter()
        .map(|one| (one.id, one.name.to_string()))
        .collect();
    assert_eq!(known, [(report, "Nightly report".to_owned())]);

    // whoever leaves is nobody here, though they work elsewhere; a revoked token keeps its name
    let remove = RemoveAdministrator {
        organisation: ours,
        id: both,
    };
    scene.ask_as(Role::Owner, ours, remove).await.unwrap();
    let revoke = RevokeToken {
        organisation: Some(ours),
        id: report,
    };
    scene.ask_as(Role::Owner, ours, revoke).await.unwrap();
    let names = scene.names(ours, &administrators, &tokens).await.unwrap();
    let ids = |names: &ActorNames| {
        names
            .administrators
            .iter()
            .map(|one| one.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&names), [ada]);
    assert_eq!(names.tokens.len(), 1);
    let names = scene.names(theirs, &administrators, &tokens).await.unwrap();
    assert_eq!(ids(&names), [eve, both]);

    // nor is another organisation asked about
    let name = NameActors {
        organisation: ours,
        administrators: [ada].into(),
        tokens: [report].into(),
    };
    let refused = scene.ask_as(Role::Owner, theirs, name).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
}

#[actix_rt::test]
async fn as_many_are_named_as_a_page_names_and_no_more() {
    let scene = Scene::open(Engine::Sqlite).await;
    let ours = scene.organisation("Ours").await.id;
    let tokens: Vec<_> = (0..=ACTORS_MOST)
        .map(|number| TokenId::new(Ulid::from_parts(1, number as u128)))
        .collect();
    let most = scene.names(ours, &[], &tokens[1..]).await.unwrap();
    assert_eq!(most, ActorNames::default());
    let refused = scene.names(ours, &[], &tokens).await.unwrap_err();
    assert_eq!(refused.errors[0].code, "too-many");
}
