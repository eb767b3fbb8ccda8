//! Organisations and what they decide.

use contract::{
    Kind, PageRequest, Problem, Role,
    organisations::{
        CreateOrganisation, GetOrganisation, JoinProof, ListOrganisations, Policies,
        PoliciesChange, UpdateOrganisation,
    },
    text::Name,
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{Scene, draft};

fn fields(problem: &Problem) -> Vec<&str> {
    problem
        .errors
        .iter()
        .map(|error| error.field.as_str())
        .collect()
}

#[rstest]
#[actix_rt::test]
async fn an_organisation_begins_its_own_history(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let made = scene.organisation("Uni").await;
    let get = GetOrganisation {
        organisation: made.id,
    };
    assert_eq!(
        scene.ask_as(Role::Viewer, made.id, get).await.unwrap(),
        made
    );
    let rows = scene.rows().await;
    let event = format!("event {} 1 ", made.id);
    assert!(
        rows.iter()
            .any(|row| row.starts_with(&event) && row.contains("organisation-created")),
        "{rows:#?}"
    );
    assert!(
        rows.iter()
            .any(|row| row.contains(" operator organisation.create ")),
        "{rows:#?}"
    );
}

#[rstest]
#[actix_rt::test]
async fn only_the_operator_makes_and_lists_organisations(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let id = scene.organisation("Uni").await.id;
    let refused = scene
        .ask_as(Role::Owner, id, draft("Mine"))
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::Forbidden);
    let list = ListOrganisations {
        page: PageRequest::default(),
    };
    assert_eq!(
        scene.ask_as(Role::Owner, id, list).await.unwrap_err().kind,
        Kind::Forbidden
    );
}

#[rstest]
#[actix_rt::test]
async fn a_product_address_and_days_that_cannot_be_are_named(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let refused = scene
        .operate(CreateOrganisation {
            product_url: "http://read.example/".parse().unwrap(),
            policies: Policies {
                proof_days: 0,
                ..Policies::default()
            },
            ..draft("Uni")
        })
        .await
        .unwrap_err();
    assert_eq!(fields(&refused), ["product_url", "policies.proof_days"]);
    let id = scene.organisation("Uni").await.id;
    let rows = scene.rows().await;
    let change = UpdateOrganisation {
        organisation: id,
        name: None,
        product_url: Some("http://read.example/".parse().unwrap()),
        policies: Some(PoliciesChange {
            proof_days: Some(91),
            ..PoliciesChange::default()
        }),
    };
    let refused = scene.ask_as(Role::Owner, id, change).await.unwrap_err();
    assert_eq!(fields(&refused), ["product_url", "policies.proof_days"]);
    assert_eq!(scene.rows().await, rows);
}

#[rstest]
#[actix_rt::test]
async fn an_owner_changes_what_they_name_and_a_manager_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let before = scene.organisation("Uni").await;
    let change = UpdateOrganisation {
        organisation: before.id,
        name: None,
        product_url: None,
        policies: Some(PoliciesChange {
            join_proof: Some(JoinProof::First),
            proof_days: Some(90),
            ..PoliciesChange::default()
        }),
    };
    let refused = scene
        .ask_as(Role::Manager, before.id, change.clone())
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::Forbidden);
    let after = scene
        .ask_as(Role::Owner, before.id, change.clone())
        .await
        .unwrap();
    assert_eq!(
        (after.policies.join_proof, after.policies.proof_days),
        (JoinProof::First, 90)
    );
    assert_eq!(
        (&after.name, &after.product_url),
        (&before.name, &before.product_url)
    );
    let rows = scene.rows().await;
    assert!(
        rows.iter()
            .any(|row| row.contains(" organisation.update ") && row.contains("from"))
    );
    assert!(rows.iter().any(|row| row.contains("organisation-updated")));
    scene.ask_as(Role::Owner, before.id, change).await.unwrap();
    assert_eq!(scene.rows().await, rows, "nothing changed, nothing written");
}

#[rstest]
#[actix_rt::test]
async fn of_two_owners_who_decide_at_once_neither_undoes_what_the_other_did(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let organisation = scene.organisation("Uni").await.id;
    let change = |policies| UpdateOrganisation {
        organisation,
        name: None,
        product_url: None,
        policies: Some(policies),
    };
    let seats = change(PoliciesChange {
        proof_days: Some(90),
        ..PoliciesChange::default()
    });
    let invites = change(PoliciesChange {
        invite_days: Some(60),
        ..PoliciesChange::default()
    });
    let (one, other) = futures_util::join!(
        scene.ask_as(Role::Owner, organisation, seats),
        scene.ask_as(Role::Owner, organisation, invites),
    );
    let answers = [one.unwrap().policies, other.unwrap().policies];
    let both = Policies {
        proof_days: 90,
        invite_days: 60,
        ..Policies::default()
    };
    assert!(answers.contains(&both), "{answers:?}");
    let get = GetOrganisation { organisation };
    let now = scene.ask_as(Role::Viewer, organisation, get).await.unwrap();
    assert_eq!(now.policies, both);
    let rows = scene.rows().await;
    for change in [
        r#"{"proof_days":{"from":7,"to":90}}"#,
        r#"{"invite_days":{"from":30,"to":60}}"#,
    ] {
        assert!(rows.iter().any(|row| row.contains(change)), "{rows:?}");
    }
}

#[rstest]
#[actix_rt::test]
async fn organisations_are_paged_by_name_and_equal_names_are_all_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    for name in [
        "beta uni", "alpha", "Beta", "beta uni", "éa", "alpha 2", "beta uni",
    ] {
        scene.organisation(name).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest {
            cursor,
            limit: Some(2),
        };
        let page = scene.operate(ListOrganisations { page }).await.unwrap();
        seen.extend(page.items.iter().map(|row| row.name.to_string()));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(
        seen,
        [
            "Beta", "alpha", "alpha 2", "beta uni", "beta uni", "beta uni", "éa"
        ]
    );
    let foreign = PageRequest {
        cursor: Some(contract::Cursor("x".to_owned())),
        limit: None,
    };
    let refused = scene
        .operate(ListOrganisations { page: foreign })
        .await
        .unwrap_err();
    assert_eq!(fields(&refused), ["cursor"]);
}

#[rstest]
#[actix_rt::test]
async fn another_organisation_is_not_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (ours, theirs) = (
        scene.organisation("Ours").await,
        scene.organisation("Theirs").await,
    );
    let get = GetOrganisation {
        organisation: ours.id,
    };
    assert_eq!(
        scene
            .ask_as(Role::Owner, theirs.id, get)
            .await
            .unwrap_err()
            .kind,
        Kind::NotFound
    );
    let rename = UpdateOrganisation {
        organisation: ours.id,
        name: Some(Name::parse("Mine").unwrap()),
        product_url: None,
        policies: None,
    };
    let refused = scene
        .ask_as(Role::Owner, theirs.id, rename)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
}
