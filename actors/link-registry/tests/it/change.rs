//! Editing, rotating, disabling, deleting.

use contract::{
    DomainName, Kind,
    links::{Link, LinkClosed, LinkSwitch, ListLinks, RotateLink, SwitchLink, UpdateLink},
    text::Name,
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{Scene, tags};

/// A change of nothing.
pub(crate) fn nothing(scene: &Scene, link: &Link) -> UpdateLink {
    UpdateLink {
        organisation: scene.ours.id,
        link_id: link.id,
        name: None,
        tags: None,
        expires_at: None,
        max_uses: None,
        allowed_domains: None,
        to_all: None,
    }
}

#[rstest]
#[actix_rt::test]
async fn rotating_kills_the_old_url_and_keeps_the_row(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let old = scene.link("Law").await;
    scene.use_link(old.id, 3).await;
    let rotate = RotateLink {
        organisation: scene.ours.id,
        link_id: old.id,
    };
    let new = scene.ask(rotate).await.unwrap();
    assert_eq!((new.id, new.uses, &new.name), (old.id, 3, &old.name));
    let refused = scene.resolve(old.token.expose()).await.unwrap_err();
    assert_eq!(refused.kind, Kind::LinkUnknown);
    assert_eq!(
        scene.resolve(new.token.expose()).await.unwrap().link_id,
        old.id
    );
}

#[rstest]
#[actix_rt::test]
async fn a_change_leaves_what_it_does_not_name(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let link = scene.link("Law").await;
    let end = contract::Timestamp::parse("2027-01-01T00:00:00Z").unwrap();
    let bounded = UpdateLink {
        tags: Some(tags(&["b", "a", "b"])),
        expires_at: Some(Some(end)),
        max_uses: Some(Some(5)),
        allowed_domains: Some(vec![DomainName::parse("uni.edu").unwrap()]),
        ..nothing(&scene, &link)
    };
    let bounded = scene.ask(bounded).await.unwrap();
    assert_eq!(bounded.tags, tags(&["a", "b"]));
    assert_eq!((bounded.expires_at, bounded.max_uses), (Some(end), Some(5)));

    let renamed = UpdateLink {
        name: Some(Name::parse("Arts").unwrap()),
        ..nothing(&scene, &link)
    };
    let renamed = scene.ask(renamed).await.unwrap();
    assert_eq!(renamed.name.as_str(), "Arts");
    assert_eq!((renamed.expires_at, renamed.max_uses), (Some(end), Some(5)));
    assert_eq!(renamed.allowed_domains.len(), 1);
    assert_eq!(renamed.token.expose(), link.token.expose());

    let freed = UpdateLink {
        expires_at: Some(None),
        max_uses: Some(None),
        ..nothing(&scene, &link)
    };
    let freed = scene.ask(freed).await.unwrap();
    assert_eq!((freed.expires_at, freed.max_uses), (None, None));
}

#[rstest]
#[actix_rt::test]
async fn a_bound_below_the_uses_closes_the_link(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let link = scene.link("Law").await;
    scene.use_link(link.id, 3).await;
    let bound = UpdateLink {
        max_uses: Some(Some(2)),
        ..nothing(&scene, &link)
    };
    scene.ask(bound).await.unwrap();
    let face = scene.resolve(link.token.expose()).await.unwrap();
    assert_eq!(face.closed, Some(LinkClosed::UsedUp));
}

#[rstest]
#[actix_rt::test]
async fn an_end_that_has_passed_may_stay_but_not_be_set(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    use contract::Clock as _;

    let scene = Scene::open(engine).await;
    let link = scene.link("Law").await;
    let end = Some(scene.clock.now().plus_seconds(10));
    let set = |end| UpdateLink {
        expires_at: Some(end),
        ..nothing(&scene, &link)
    };
    scene.ask(set(end)).await.unwrap();
    scene.clock.advance_seconds(20);
    scene.ask(set(end)).await.unwrap();
    let refused = scene.ask(set(Some(scene.clock.now()))).await.unwrap_err();
    assert_eq!(
        (refused.kind, refused.errors[0].field.as_str()),
        (Kind::Invalid, "expires_at")
    );
}

#[rstest]
#[actix_rt::test]
async fn doing_it_twice_is_the_same_as_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let link = scene.link("Law").await;
    for switch in [LinkSwitch::Disable, LinkSwitch::Enable, LinkSwitch::Archive] {
        let once = scene.switch(link.id, switch).await;
        let rows = scene.rows().await;
        scene.clock.advance_seconds(1);
        let twice = scene.switch(link.id, switch).await;
        assert_eq!(
            (once.disabled_at, once.archived_at),
            (twice.disabled_at, twice.archived_at)
        );
        assert_eq!(scene.rows().await, rows, "{switch:?}");
    }
}

#[rstest]
#[actix_rt::test]
async fn a_change_that_changes_nothing_leaves_no_trace(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let link = scene.link("Law").await;
    let rows = scene.rows().await;
    let same = UpdateLink {
        name: Some(link.name.clone()),
        ..nothing(&scene, &link)
    };
    scene.ask(same).await.unwrap();
    assert_eq!(scene.rows().await, rows);
}

#[rstest]
#[actix_rt::test]
async fn an_enabled_link_works_again_with_the_same_url(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let link = scene.link("Law").await;
    scene.switch(link.id, LinkSwitch::Disable).await;
    scene.switch(link.id, LinkSwitch::Enable).await;
    assert_eq!(
        scene.resolve(link.token.expose()).await.unwrap().link_id,
        link.id
    );
}

#[rstest]
#[actix_rt::test]
async fn a_deleted_link_keeps_its_name_and_is_changed_no_more(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let organisation = scene.ours.id;
    let link = scene.link("Law").await;
    let (link_id, kept) = (link.id, scene.link("Kept").await);
    scene.switch(link_id, LinkSwitch::Archive).await;

    let listed = ListLinks {
        organisation,
        page: contract::PageRequest::default(),
    };
    let listed = scene.ask(listed).await.unwrap().items;
    assert_eq!(
        listed.iter().map(|link| link.id).collect::<Vec<_>>(),
        [kept.id]
    );
    let got = scene
        .ask(contract::links::GetLink {
            organisation,
            link_id,
        })
        .await
        .unwrap();
    assert_eq!(
        (got.name.as_str(), got.archived_at.is_some()),
        ("Law", true)
    );

    let enable = SwitchLink {
        organisation,
        link_id,
        switch: LinkSwitch::Enable,
    };
    let rename = UpdateLink {
        name: Some(kept.name),
        ..nothing(&scene, &link)
    };
    for refused in [
        scene.ask(enable).await.unwrap_err(),
        scene.ask(rename).await.unwrap_err(),
        scene
            .ask(RotateLink {
                organisation,
                link_id,
            })
            .await
            .unwrap_err(),
    ] {
        assert_eq!(refused.kind, Kind::Conflict);
    }
}
