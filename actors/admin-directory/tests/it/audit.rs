//! The audit trail, read.

use contract::{
    EmailAddress, Kind, PageRequest, Role,
    administrators::NoteRefusedAdministrator,
    audit::{AuditEntry, ListAudit},
    organisations::UpdateOrganisation,
    text::Name,
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

#[rstest]
#[actix_rt::test]
async fn the_trail_is_read_from_its_end_and_only_by_its_organisation(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (ours, theirs) = (
        scene.organisation("Ours").await.id,
        scene.organisation("Theirs").await.id,
    );
    for number in 0..5 {
        scene.clock.advance_seconds(1);
        let rename = UpdateOrganisation {
            organisation: ours,
            name: Some(Name::parse(&format!("Name {number}")).unwrap()),
            product_url: None,
            policies: None,
        };
        scene.ask_as(Role::Owner, ours, rename).await.unwrap();
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest {
            cursor,
            limit: Some(4),
        };
        let page = scene.ask_as(
            Role::Viewer,
            ours,
            ListAudit {
                organisation: ours,
                page,
            },
        );
        let page = page.await.unwrap();
        seen.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let actions: Vec<_> = seen.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions[..5], ["organisation.update"; 5]);
    assert_eq!(actions[5..], ["organisation.create"]);
    assert!(seen.is_sorted_by(|one, next| one.at > next.at));
    assert_eq!(seen[0].change["name"]["to"], "Name 4");
    assert_eq!(
        (seen[0].target.as_str(), seen[0].request_id.as_str()),
        (ours.to_string().as_str(), "request-1")
    );

    let page = PageRequest::default();
    let foreign = ListAudit {
        organisation: ours,
        page,
    };
    let refused = scene
        .ask_as(Role::Owner, theirs, foreign)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
}

#[rstest]
#[actix_rt::test]
async fn that_sign_ins_were_refused_is_told_once_an_hour_in_each_organisation(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let (one, two) = (
        scene.organisation("One").await.id,
        scene.organisation("Two").await.id,
    );
    scene.owner(one, "ada@x.edu").await;
    let second = scene.appoint(two, "ada@x.edu", Role::Owner).await;
    second.unwrap();
    let note = async |email: &str| {
        let email = EmailAddress::parse(email).unwrap();
        scene.ask(NoteRefusedAdministrator { email }).await.unwrap();
    };
    let told = async |organisation| {
        let page = PageRequest::default();
        let list = ListAudit { organisation, page };
        let page = scene
            .ask_as(Role::Viewer, organisation, list)
            .await
            .unwrap();
        let refused = |entry: &&AuditEntry| entry.action == "administrator.refuse-sign-in";
        let refused: Vec<_> = page.items.iter().filter(refused).cloned().collect();
        assert!(refused.iter().all(|entry| entry.actor == "public"));
        refused.len()
    };
    note("nobody@x.edu").await;
    assert_eq!((told(one).await, told(two).await), (0, 0));
    for _ in 0..5 {
        note("Ada@X.edu").await;
    }
    assert_eq!((told(one).await, told(two).await), (1, 1));
    scene.clock.advance_seconds(3_600);
    note("ada@x.edu").await;
    assert_eq!((told(one).await, told(two).await), (2, 2));
}
