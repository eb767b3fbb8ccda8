//! What another organisation learns.

use contract::{
    Kind,
    seats::Status,
    text::Tag,
    users::{GetUser, ListUsers},
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

#[rstest]
#[actix_rt::test]
async fn nobody_sees_the_people_of_another_organisation(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let ours = scene.person("Ann Lee", Status::Assigned, &["law"]).await;
    scene
        .member(scene.theirs, "Bob Lee", Status::Assigned, &["law"])
        .await;
    let (we, they) = (scene.ours.id, scene.theirs.id);

    let refused = scene.ask_as(they, scene.everybody()).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
    for organisation in [we, they] {
        let get = GetUser {
            organisation,
            membership_id: ours,
        };
        assert_eq!(
            scene.ask_as(they, get).await.unwrap_err().kind,
            Kind::NotFound
        );
    }
    let all = ListUsers {
        tag: Some(Tag::parse("law").unwrap()),
        ..scene.everybody()
    };
    assert_eq!(scene.found(all.clone()).await, ["Ann"]);
    // Filters by what is theirs find nothing of theirs.
    let by_link = ListUsers {
        link: Some(scene.theirs.link),
        ..all.clone()
    };
    let by_plan = ListUsers {
        plan: Some(scene.theirs.plan),
        ..all
    };
    assert_eq!(scene.found(by_link).await, [""; 0]);
    assert_eq!(scene.found(by_plan).await, [""; 0]);
}
