//! Rows, tags and pages.

use contract::{
    PageRequest,
    seats::Status,
    users::{GetUser, ListUsers},
};
use rstest::rstest;
use testkit::Engine;

use crate::scene::{NOON, Scene};

#[rstest]
#[actix_rt::test]
async fn a_row_says_where_somebody_stands_and_how_they_came(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let deleted = scene.second_campus().await;
    let id = scene
        .member(
            deleted,
            "Ann Lee",
            Status::Assigned,
            &["law", "2026", "Émigré"],
        )
        .await;
    scene.person("Bob Poe", Status::Waiting, &["arts"]).await;
    let before = scene.count().await;

    let page = scene.list(scene.everybody()).await;
    assert_eq!(page.next_cursor, None);
    let [bob, ann] = page.items.as_slice() else {
        unreachable!("two people")
    };
    assert_eq!(
        (ann.first_name.as_str(), ann.last_name.as_str()),
        ("Ann", "Lee")
    );
    assert_eq!(
        (ann.id, ann.status, ann.redeemed_at),
        (id, Status::Assigned, Some(NOON))
    );
    let tags: Vec<_> = ann.tags.iter().map(contract::text::Tag::as_str).collect();
    assert_eq!(tags, ["2026", "law", "Émigré"]);
    assert_eq!(
        (ann.plan_name.as_str(), ann.door.as_str()),
        ("Second plan", "link")
    );
    let link = ann.link.as_ref().unwrap();
    assert_eq!(
        (link.id, link.name.as_str()),
        (deleted.link, "Deleted link")
    );
    assert_eq!((bob.status, bob.redeemed_at), (Status::Waiting, None));

    let get = GetUser {
        organisation: scene.ours.id,
        membership_id: id,
    };
    assert_eq!(&scene.ask_as(scene.ours.id, get).await.unwrap(), ann);
    assert_eq!(scene.count().await, before, "a question writes nothing");
}

#[rstest]
#[actix_rt::test]
async fn pages_neither_repeat_nor_hide_anybody_while_others_join(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let mut expected = Vec::new();
    for number in 0..11 {
        let tag = format!("tag {number}");
        expected.push(
            scene
                .person(&format!("P{number} Lee"), Status::Held, &[&tag])
                .await,
        );
    }
    expected.reverse();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest {
            cursor,
            limit: Some(4),
        };
        let page = scene
            .list(ListUsers {
                page,
                ..scene.everybody()
            })
            .await;
        assert!(page.items.len() <= 4);
        assert!(page.items.iter().all(|user| user.tags.len() == 1));
        seen.extend(page.items.iter().map(|user| user.id));
        scene.person("Late Comer", Status::Held, &[]).await;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
}

#[rstest]
#[actix_rt::test]
async fn a_cursor_of_another_list_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    for text in [
        scene.ours.link.to_string(),
        "x".repeat(600),
        "\0".to_owned(),
    ] {
        let page = PageRequest {
            cursor: Some(contract::Cursor(text)),
            limit: None,
        };
        let refused = scene
            .ask_as(
                scene.ours.id,
                ListUsers {
                    page,
                    ..scene.everybody()
                },
            )
            .await
            .unwrap_err();
        assert_eq!(refused.errors.first().unwrap().field, "cursor");
    }
}
