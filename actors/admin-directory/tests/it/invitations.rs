//! Becoming an administrator.

use contract::{Kind, Role};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{PASSWORD, Scene, office};

#[rstest]
#[actix_rt::test]
async fn a_set_up_link_works_once_and_signs_in(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let uni = scene.organisation("Uni").await;
    let made = scene
        .appoint(uni.id, "Ann@x.edu", Role::Owner)
        .await
        .unwrap();
    let token = made.setup_token.unwrap();
    let session = scene.set_up(&token, PASSWORD).await.unwrap();
    let signed_in = scene.whose(&session).await.unwrap();
    assert_eq!(
        (signed_in.administrator, signed_in.email.as_str()),
        (made.id, "Ann@x.edu")
    );
    assert_eq!(signed_in.organisations.len(), 1);
    assert_eq!(signed_in.organisations[0].organisation, uni.id);
    assert_eq!(signed_in.organisations[0].role, Role::Owner);

    let refused = scene.set_up(&token, "another password").await.unwrap_err();
    assert_eq!(refused.kind, Kind::SetUpRefused);
    assert_eq!(
        refused,
        scene
            .set_up(&contract::Secret::new("x"), PASSWORD)
            .await
            .unwrap_err()
    );
    assert!(scene.sign_in("ann@X.EDU", PASSWORD).await.is_ok());
    assert_eq!(
        scene
            .sign_in("ann@x.edu", "another password")
            .await
            .unwrap_err()
            .kind,
        Kind::SignInRefused
    );
}

#[rstest]
#[actix_rt::test]
async fn a_set_up_link_ends_after_seven_days(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let uni = scene.organisation("Uni").await;
    let made = scene
        .appoint(uni.id, "ann@x.edu", Role::Owner)
        .await
        .unwrap();
    let token = made.setup_token.unwrap();
    scene.clock.advance_seconds(7 * 86_400);
    assert_eq!(
        scene.set_up(&token, PASSWORD).await.unwrap_err().kind,
        Kind::SetUpRefused
    );
}

#[rstest]
#[actix_rt::test]
async fn a_refused_password_does_not_use_the_link_up(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let uni = scene.organisation("Uni").await;
    let made = scene
        .appoint(uni.id, "anna.lee@x.edu", Role::Owner)
        .await
        .unwrap();
    let token = made.setup_token.unwrap();
    for (password, code) in [
        ("eleven char", "too-short"),
        ("x Anna.Lee 2026", "contains-address"),
        ("x".repeat(257).as_str(), "too-long"),
    ] {
        let refused = scene.set_up(&token, password).await.unwrap_err();
        assert_eq!(refused.errors[0].code, code);
    }
    assert!(scene.set_up(&token, PASSWORD).await.is_ok());
}

#[rstest]
#[actix_rt::test]
async fn a_fresh_set_up_link_kills_the_one_before(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let uni = scene.organisation("Uni").await;
    let first = scene
        .appoint(uni.id, "ann@x.edu", Role::Viewer)
        .await
        .unwrap();
    let draft = office(uni.id, "ANN@x.edu", Role::Manager);
    let second = scene.ask_as(Role::Owner, uni.id, draft).await.unwrap();
    assert_eq!(first.id, second.id);
    let refused = scene
        .set_up(&first.setup_token.unwrap(), PASSWORD)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::SetUpRefused);
    let session = scene
        .set_up(&second.setup_token.unwrap(), PASSWORD)
        .await
        .unwrap();
    assert_eq!(
        scene.whose(&session).await.unwrap().organisations[0].role,
        Role::Manager
    );

    let again = scene
        .appoint(uni.id, "ann@x.edu", Role::Owner)
        .await
        .unwrap_err();
    assert_eq!(again.kind, Kind::Conflict);
}

#[rstest]
#[actix_rt::test]
async fn the_operator_gives_one_address_offices_in_two_organisations(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (zeta, alpha) = (
        scene.organisation("Zeta").await,
        scene.organisation("Alpha").await,
    );
    let made = scene
        .appoint(zeta.id, "ann@x.edu", Role::Owner)
        .await
        .unwrap();
    scene
        .set_up(&made.setup_token.unwrap(), PASSWORD)
        .await
        .unwrap();
    let again = scene
        .appoint(alpha.id, "ann@x.edu", Role::Viewer)
        .await
        .unwrap();
    assert_eq!((again.id, again.setup_token.is_none()), (made.id, true));
    let session = scene.sign_in("ann@x.edu", PASSWORD).await.unwrap();
    let offices = scene.whose(&session).await.unwrap().organisations;
    let offices: Vec<_> = offices
        .iter()
        .map(|office| (office.name.as_str(), office.role))
        .collect();
    assert_eq!(offices, [("Alpha", Role::Viewer), ("Zeta", Role::Owner)]);
}

/// Otherwise the owner of one organisation enters an address, sets its password, and waits until
/// another organisation makes it an administrator.
#[rstest]
#[actix_rt::test]
async fn an_owner_gets_no_hold_of_an_address_of_another_organisation(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] has_password: bool,
) {
    let scene = Scene::open(engine).await;
    let (ours, theirs) = (
        scene.organisation("Ours").await,
        scene.organisation("Theirs").await,
    );
    let made = scene
        .appoint(ours.id, "ann@x.edu", Role::Owner)
        .await
        .unwrap();
    let token = made.setup_token.unwrap();
    if has_password {
        scene.set_up(&token, PASSWORD).await.unwrap();
    }
    // twice is once, and neither link opens anything
    let mut ids = Vec::new();
    for _ in 0..2 {
        let draft = office(theirs.id, "ann@x.edu", Role::Owner);
        let told = scene.ask_as(Role::Owner, theirs.id, draft).await.unwrap();
        assert!(told.is_elsewhere && told.id != made.id);
        let link = told.setup_token.unwrap();
        let refused = scene.set_up(&link, PASSWORD).await.unwrap_err();
        assert_eq!(refused.kind, Kind::SetUpRefused);
        ids.push(told.id);
    }
    assert_eq!(ids[0], ids[1]);
    let listed = scene.colleagues(theirs.id).await;
    assert_eq!((listed.len(), listed[0].role), (1, Role::Owner));
    assert!(listed[0].setup_expires_at.is_some(), "as whoever is new");
    if !has_password {
        assert!(
            scene.set_up(&token, PASSWORD).await.is_ok(),
            "the link is still theirs"
        );
    }
    // the operator can tell who it is: then there is an office, and nobody stands in for it
    let added = scene.appoint(theirs.id, "ann@x.edu", Role::Viewer).await;
    let added = added.unwrap();
    assert!(added.id == made.id && !added.is_elsewhere);
    let listed = scene.colleagues(theirs.id).await;
    assert_eq!((listed.len(), listed[0].id), (1, made.id));
}

#[rstest]
#[actix_rt::test]
async fn only_an_owner_of_the_organisation_makes_administrators(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (ours, theirs) = (
        scene.organisation("Ours").await,
        scene.organisation("Theirs").await,
    );
    let draft = || office(ours.id, "ann@x.edu", Role::Viewer);
    let refused = scene
        .ask_as(Role::Manager, ours.id, draft())
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::Forbidden);
    let refused = scene
        .ask_as(Role::Owner, theirs.id, draft())
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
    let nowhere = contract::ids::OrganisationId::new(contract::ids::Ulid::nil());
    let refused = scene
        .appoint(nowhere, "ann@x.edu", Role::Viewer)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
}
