//! What another organisation learns.

use contract::{
    Kind, PageRequest,
    seats::Status,
    text::Tag,
    users::{GetUser, ListUserIds, ListWaiting, UserFilter},
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
    let all = UserFilter {
        tags: vec![Tag::parse("law").unwrap()],
        ..UserFilter::default()
    };
    assert_eq!(scene.filtered(all.clone()).await, ["Ann"]);
    // Filters by what is theirs find nothing of theirs.
    let by_link = UserFilter {
        link: Some(scene.theirs.link),
        ..all.clone()
    };
    let by_plan = UserFilter {
        plan: Some(scene.theirs.plan),
        ..all
    };
    assert_eq!(scene.filtered(by_link).await, [""; 0]);
    assert_eq!(scene.filtered(by_plan).await, [""; 0]);
    let ids = ListUserIds {
        organisation: we,
        filter: UserFilter::default(),
        after: None,
    };
    assert_eq!(scene.ask_as(we, ids).await.unwrap().ids, [ours]);
    let waiting = |organisation| ListWaiting {
        organisation,
        plan_id: scene.theirs.plan,
        page: PageRequest::default(),
    };
    let refused = scene.ask_as(we, waiting(we)).await.unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
    assert!(scene.ask_as(they, waiting(they)).await.is_ok());
}
