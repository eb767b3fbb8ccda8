//! Who may do what, and what another organisation learns.

use contract::{
    Call, Kind, Role,
    links::{GetLink, LinkSwitch, ListLinks, RotateLink, SwitchLink, UpdateLink},
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

impl Scene {
    /// A manager of the other organisation asks about ours, then about theirs.
    async fn nobody_there<M: Call>(&self, ours: M, theirs: M) {
        for message in [ours, theirs] {
            let refused = self
                .ask_as(Role::Manager, self.theirs.id, message)
                .await
                .err();
            assert_eq!(
                refused.map(|problem| problem.kind),
                Some(Kind::NotFound),
                "{}",
                M::SUBJECT
            );
        }
    }
}

#[rstest]
#[actix_rt::test]
async fn a_viewer_sees_links_and_makes_none(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let organisation = scene.ours.id;
    let link = scene.link("Law").await;
    let rows = scene.rows().await;
    let refused = scene
        .ask_as(Role::Viewer, organisation, scene.draft("Mine"))
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::Forbidden);
    let rotate = RotateLink {
        organisation,
        link_id: link.id,
    };
    let refused = scene
        .ask_as(Role::Viewer, organisation, rotate)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::Forbidden);
    assert_eq!(scene.rows().await, rows);
    let list = ListLinks {
        organisation,
        page: contract::PageRequest::default(),
    };
    let listed = scene
        .ask_as(Role::Viewer, organisation, list)
        .await
        .unwrap();
    assert_eq!(listed.items.len(), 1);
}

#[rstest]
#[actix_rt::test]
async fn another_organisation_finds_nothing_whichever_way_it_asks(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let link_id = scene.link("Law").await.id;
    let rows = scene.rows().await;
    let get = |organisation| GetLink {
        organisation,
        link_id,
    };
    scene
        .nobody_there(get(scene.ours.id), get(scene.theirs.id))
        .await;
    let rotate = |organisation| RotateLink {
        organisation,
        link_id,
    };
    scene
        .nobody_there(rotate(scene.ours.id), rotate(scene.theirs.id))
        .await;
    let switch = |organisation| SwitchLink {
        organisation,
        link_id,
        switch: LinkSwitch::Archive,
    };
    scene
        .nobody_there(switch(scene.ours.id), switch(scene.theirs.id))
        .await;
    let update = |organisation| UpdateLink {
        organisation,
        link_id,
        name: None,
        tags: Some(vec![]),
        expires_at: None,
        max_uses: None,
        allowed_domains: None,
        to_all: None,
    };
    scene
        .nobody_there(update(scene.ours.id), update(scene.theirs.id))
        .await;
    assert_eq!(scene.rows().await, rows);
    let list = ListLinks {
        organisation: scene.theirs.id,
        page: contract::PageRequest::default(),
    };
    let listed = scene
        .ask_as(Role::Viewer, scene.theirs.id, list)
        .await
        .unwrap();
    assert!(listed.items.is_empty());
}
