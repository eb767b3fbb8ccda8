//! What happened to somebody's place.

use contract::{PageRequest, seats::Status, users::ListUserStory};
use rstest::rstest;
use testkit::Engine;

use crate::scene::Scene;

#[rstest]
#[actix_rt::test]
async fn a_story_is_what_happened_to_one_person_the_newest_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let ann = scene.person("Ann Lee", Status::Assigned, &[]).await;
    let bob = scene.person("Bob Lee", Status::Assigned, &[]).await;
    for (id, action) in [
        (ann, "seat.admit"),
        (bob, "seat.admit"),
        (ann, "seat.revoke"),
        (ann, "seat.reassign"),
    ] {
        scene.note(id, action).await;
    }
    let (mut actions, mut cursor) = (Vec::new(), None);
    loop {
        let story = ListUserStory {
            organisation: scene.ours.id,
            membership_id: ann,
            page: PageRequest {
                cursor,
                limit: Some(2),
            },
        };
        let page = scene.ask_as(scene.ours.id, story).await.unwrap();
        for entry in page.items {
            assert_eq!(entry.target, ann.to_string());
            actions.push(entry.action);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(actions, ["seat.reassign", "seat.revoke", "seat.admit"]);
    let theirs = ListUserStory {
        organisation: scene.theirs.id,
        membership_id: ann,
        page: PageRequest::default(),
    };
    let page = scene.ask_as(scene.theirs.id, theirs).await.unwrap();
    assert_eq!(page.items, []);
}
